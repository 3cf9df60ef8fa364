"""Keyword handlers: finding those that users wrote, and the built-in ones, each a small file."""
