"""Spryng: the provider whose callback this gateway was made for.

`inbound.py` reads the callback, by the rules of Spryng's own document; `sending.py` hands replies to one of its
APIs, and `reports.py` reads its delivery reports.
"""

from .inbound import Spryng, callback_schema
from .reports import REPORT_WORDS, SpryngReports
from .sending import CODES, SpryngSender

__all__ = ["CODES", "REPORT_WORDS", "Spryng", "SpryngReports", "SpryngSender", "callback_schema"]
