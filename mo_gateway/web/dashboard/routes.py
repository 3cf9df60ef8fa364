"""Every page and action of the dashboard: its path, its view, and what it asks of whoever calls it."""

from .gate import Route
from .pages import audit, connection, login, missing, overview
from .roles import May

ROUTES = (
    Route("log_in", "/login", login.ask, May.LOG_IN),
    Route("try_log_in", "/login", login.log_in, May.LOG_IN, ("POST",)),
    Route("log_out", "/logout", login.log_out, May.LOOK, ("POST",)),
    Route("overview", "/", overview.show, May.LOOK),
    Route("connection", "/connection", connection.show, May.LOOK_AT_ALL),
    Route("reveal_callback", "/connection/secret", connection.reveal, May.ADMINISTER, ("POST",)),
    Route("test_callback", "/connection/test", connection.send_test, May.ACT, ("POST",)),
    Route("audit", "/audit", audit.show, May.SEE_PEOPLE),
    Route("missing", "/<path:rest>", missing.show, May.LOOK),
)

#: The left side of every page, in this order: the name of a route and its title.
NAVIGATION = (
    ("overview", "Overview"),
    ("messages", "Messages"),
    ("problems", "Problems"),
    ("keywords", "Keywords"),
    ("campaigns", "Campaigns"),
    ("replies", "Replies"),
    ("subscribers", "Subscribers & STOP"),
    ("person", "Person"),
    ("connection", "Connection"),
    ("reports", "Reports"),
    ("audit", "Audit"),
)
