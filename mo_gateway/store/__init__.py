"""All SQL: tables, and functions that take a connection and never commit (the writer is the one exception)."""
