"""What is not there."""

from flask.typing import ResponseReturnValue

from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.texts import gettext as _


def show(_visit: Visit, rest: str) -> ResponseReturnValue:
    """Say that there is no such page."""
    return sentence(404, _("There is no page %(path)s here.") % {"path": f"/dashboard/{rest}"})
