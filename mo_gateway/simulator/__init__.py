"""A provider that behaves like Spryng: it repeats what was not acknowledged, and keeps a book of it.

From top to bottom: `plan` says what is sent (a seed makes it the same again), `agenda` when, `target` and
`client` carry it over HTTP, `book` notes every try, `provider` is the loop around them, `share` spreads it
over several operating-system processes. At the end `verdict` compares the book with the database, by set
arithmetic, and `report` puts both into figures. `trigger` sends one message with any field, right or wrong.
"""
