"""Intelecom, now Puzzel: its REST interface, as the manual in the repository PuzzelSolutions/SMS has it.

`sending.py` hands it messages, `reports.py` reads its delivery reports, `inbound.py` its inbound messages, and
`document.py` has what they share: JSON, XML and queries.
"""

from .inbound import IntelecomInbound
from .reports import STATES, IntelecomReports
from .sending import CODES, IntelecomSender

__all__ = ["CODES", "STATES", "IntelecomInbound", "IntelecomReports", "IntelecomSender"]
