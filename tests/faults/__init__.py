"""Processes and databases are killed while the provider sends; what was acknowledged must be there, once.

Each run ends with a verdict by set arithmetic (`trial.py`), and is red when no fault fired or nothing was
acknowledged. `python -m pytest -m "faults or storage"` runs them all and prints a line of figures each.
"""
