"""The views of the reports, `report_…`: what SQL may rely on when it asks for figures.

Each module holds the views of one subject. `making.py` brings them into the database; `report_columns`, the one
view that is not written here, lists all others.
"""

from .columns import columns_view
from .consent import OPT_OUTS, SUBSCRIPTIONS
from .counts import DAILY, HOURLY, INTAKE, KEYWORDS, UNMATCHED
from .messages import ATTEMPTS, MESSAGES, PROBLEMS
from .people import PEOPLE, PEOPLE_PRIVATE
from .replies import REPLIES
from .view import View
from .votes import TOTALS, VOTES

_VIEWS = (
    MESSAGES,
    ATTEMPTS,
    REPLIES,
    DAILY,
    HOURLY,
    INTAKE,
    KEYWORDS,
    UNMATCHED,
    VOTES,
    TOTALS,
    SUBSCRIPTIONS,
    OPT_OUTS,
    PROBLEMS,
    PEOPLE,
    PEOPLE_PRIVATE,
)

VIEWS: tuple[View, ...] = (*_VIEWS, columns_view(_VIEWS))
