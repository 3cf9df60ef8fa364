"""1601SMS: texts by `gateway.php`, delivery reports pushed or asked for, its own outbox for later ones.

From 1601SMS's page "SMS Gateway API": the parameters, the errors, the states, the other actions. The numbers that
stand for states are those of Smstools, which is of the same house. How texts beyond the GSM alphabet would be
written, what the list of reports looks like, and which ids come back for a group are in no document.

`sending.py` hands it messages and asks it things, `answers.py` reads what `gateway.php` says to that, and
`reports.py` reads delivery reports.
"""

from .answers import CODES, Told, read_result
from .reports import STATES, Sms1601Reports
from .sending import OUTBOX, Sms1601Sender

__all__ = ["CODES", "OUTBOX", "STATES", "Sms1601Reports", "Sms1601Sender", "Told", "read_result"]
