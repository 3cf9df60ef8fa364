"""Hostile clients before the real program, on either front: slow, malformed, huge, made up, spoofed.

`python -m pytest -m attacks` runs them all; a proxy that is not installed is left out, and the run says so.
"""
