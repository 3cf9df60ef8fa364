"""The dashboard in a real browser; run by a gate of its own."""
