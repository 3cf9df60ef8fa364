"""The demo: thirty days of made-up messages, put through the real gateway, so that no screen is empty.

`people.py` and `script.py` say who sends what, `places.py` stands where the world would be, `play.py` lets it
happen. Nothing here opens a connection to anybody but the database.
"""
