"""A provider that behaves like Spryng: it repeats what was not acknowledged, and keeps a book of it.

From top to bottom: `plan` says what is sent (a seed makes it the same again), `agenda` when; `target`,
`client` and `answer` are its HTTP; `book` notes every try, and `history` does so in a file; `provider` is the
loop around them; `simulation` is a whole run, over several operating-system processes (`children`) where one
is not enough. At the end `verdict` compares book and database, by set arithmetic, and `report` puts both into
figures. `trigger` sends a single message, with any field, right or wrong.
"""
