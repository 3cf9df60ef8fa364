"""Every page and action of the dashboard: its path, its view, and what it asks of whoever calls it."""

from .gate import Route
from .pages import audit, login, missing, overview, person, proof, replies, request, retrying, subscribers
from .roles import May

ROUTES = (
    Route("log_in", "/login", login.ask, May.LOG_IN),
    Route("try_log_in", "/login", login.log_in, May.LOG_IN, ("POST",)),
    Route("log_out", "/logout", login.log_out, May.LOOK, ("POST",)),
    Route("overview", "/", overview.show, May.LOOK),
    Route("replies", "/replies", replies.show, May.LOOK_AT_ALL),
    Route("reply", "/replies/<int:reply_id>", replies.show_one, May.LOOK_AT_ALL),
    Route("plan_retry", "/replies/retry", retrying.plan, May.ACT),
    Route("retry", "/replies/retry", retrying.retry, May.ACT, ("POST",)),
    Route("pause", "/replies/pause", retrying.pause, May.ACT, ("POST",)),
    Route("credit", "/replies/credit", retrying.ask_credit, May.ACT, ("POST",)),
    Route("subscribers", "/subscribers", subscribers.show, May.SEE_PEOPLE),
    Route("proof", "/subscribers/proof", proof.show, May.SEE_PEOPLE, ("POST",)),
    Route("add_opt_out", "/subscribers/opt-outs", subscribers.add_opt_out, May.SEE_PEOPLE, ("POST",)),
    Route("opt_out", "/subscribers/opt-outs/<int:opt_out_id>", subscribers.show_opt_out, May.SEE_PEOPLE),
    Route(
        "end_opt_out",
        "/subscribers/opt-outs/<int:opt_out_id>/end",
        subscribers.end_opt_out,
        May.SEE_PEOPLE,
        ("POST",),
    ),
    Route("person", "/person", person.ask, May.SEE_PEOPLE),
    Route("look_up_person", "/person", person.find, May.SEE_PEOPLE, ("POST",)),
    Route("one_person", "/person/<person_key>", person.show, May.SEE_PEOPLE),
    Route("export_person", "/person/<person_key>/export", request.export, May.SEE_PEOPLE, ("POST",)),
    Route("erase_person", "/person/<person_key>/erase", request.erase, May.SEE_PEOPLE, ("POST",)),
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
