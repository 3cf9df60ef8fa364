"""Every page and action of the dashboard: its path, its view, and what it asks of whoever calls it."""

from .gate import Route
from .pages import audit, campaigns, keywords, login, missing, overview, reports, trying
from .roles import May

ROUTES = (
    Route("log_in", "/login", login.ask, May.LOG_IN),
    Route("try_log_in", "/login", login.log_in, May.LOG_IN, ("POST",)),
    Route("log_out", "/logout", login.log_out, May.LOOK, ("POST",)),
    Route("overview", "/", overview.show, May.LOOK),
    Route("keywords", "/keywords", keywords.show, May.LOOK),
    Route("keywords_file", "/keywords/file", keywords.save, May.LOOK),
    Route("try_text", "/keywords/try", trying.show, May.LOOK),
    Route("campaigns", "/campaigns", campaigns.show_all, May.LOOK),
    Route("campaign", "/campaigns/<shortcode>/<path:keyword>", campaigns.show, May.LOOK),
    Route("campaign_file", "/campaigns/file", campaigns.save, May.LOOK),
    Route("votes", "/votes", campaigns.show_votes, May.LOOK),
    Route("votes_file", "/votes/file", campaigns.save_poll, May.LOOK),
    Route("reports", "/reports", reports.show_all, May.LOOK_AT_ALL),
    Route("report", "/reports/<name>", reports.show, May.LOOK_AT_ALL),
    Route("report_file", "/reports/<name>/file", reports.save, May.LOOK_AT_ALL),
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
