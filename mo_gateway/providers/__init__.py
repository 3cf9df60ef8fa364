"""Providers: the companies between us and the operators, one file each, that only translate.

A provider's module turns the bytes of a `WebhookRequest` into a `Message`, or raises `InvalidRequest` with
every fault it found. It never stores, routes, answers, reads the environment or knows another provider.

To add one: capture real requests first and write them as case files under `tests/cases/`; then write the
class, with a `name` (the first part of its callback path), `parse` and `media_types`; then name it where
`gateway.py` puts the parts together.
"""
