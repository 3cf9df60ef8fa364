"""PSWinCom, now LINK Mobility: its XML interface, as the pages of wiki.pswin.com have it.

`sending.py` hands it messages, `reports.py` reads its delivery reports, `inbound.py` its inbound messages, and
`document.py` has what they share: XML and forms.
"""

from .inbound import PsWinComInbound
from .reports import STATES, PsWinComReports
from .sending import LOGON, STATUS, PsWinComSender

__all__ = ["LOGON", "STATES", "STATUS", "PsWinComInbound", "PsWinComReports", "PsWinComSender"]
