"""Every page and action of the dashboard: its path, its view, and what it asks of whoever calls it."""

from .gate import Route
from .pages import (
    audit,
    campaigns,
    connection,
    keywords,
    login,
    message,
    messages,
    missing,
    overview,
    problems,
    replay,
    reports,
    trying,
)
from .roles import May

ROUTES = (
    Route("log_in", "/login", login.ask, May.LOG_IN),
    Route("try_log_in", "/login", login.log_in, May.LOG_IN, ("POST",)),
    Route("log_out", "/logout", login.log_out, May.LOOK, ("POST",)),
    Route("overview", "/", overview.show, May.LOOK),
    Route("messages", "/messages", messages.show, May.LOOK),
    Route("news", "/messages/news", messages.tell_news, May.LOOK),
    Route("find_person", "/messages/person", messages.find_person, May.LOOK, ("POST",)),
    Route("message", "/messages/<int:message_id>", message.show, May.LOOK),
    Route("reveal", "/messages/<int:message_id>/reveal", message.reveal, May.SEE_PEOPLE, ("POST",)),
    Route("problems", "/problems", problems.show, May.LOOK),
    Route("unreadable", "/problems/unreadable", problems.show_unreadable, May.LOOK_AT_ALL),
    Route("problem_replies", "/problems/replies", problems.show_replies, May.LOOK_AT_ALL),
    Route("replay", "/replay", replay.plan, May.ACT),
    Route("run_again", "/replay", replay.run, May.ACT, ("POST",)),
    Route("readmission", "/replay/rejected", replay.plan_rejected, May.ACT),
    Route("readmit", "/replay/rejected", replay.run_rejected, May.ACT, ("POST",)),
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
