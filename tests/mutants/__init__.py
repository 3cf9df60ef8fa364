"""Known reliability bugs, put in one at a time: the tests that are named for each must turn red.

A test that cannot fail proves nothing. `python -m pytest -m mutants` makes a copy of the project for each bug, and
the one change in it, and runs the few tests there that say they would notice.
"""
