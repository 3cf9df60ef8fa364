"""The pages of the dashboard, a module for each screen; `routes.py` says which path leads to which."""
