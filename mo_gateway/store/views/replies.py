"""Views of what went out: replies, and how they were delivered."""

from sqlalchemy import func, select

from mo_gateway.store.tables import mt_message, mt_report

from .view import View, column, person

_REPLY = mt_message.c

#: The report that says how a reply ended, or the newest: a provider may report `pending` before.
_LAST = (
    select(mt_report.c.id)
    .where(mt_report.c.mt_message_id == mt_message.c.id)
    .order_by((mt_report.c.status == "pending"), mt_report.c.id.desc())
    .limit(1)
    .correlate(mt_message)
    .scalar_subquery()
)

REPLIES = View(
    name="report_replies",
    grain="one reply",
    rows=select(_REPLY.id).select_from(mt_message.outerjoin(mt_report, mt_report.c.id == _LAST)),
    columns=(
        column("reply_id", _REPLY.id, "Number of the reply."),
        column("message_id", _REPLY.message_id, "The message that it answers; NULL of what was sent by hand."),
        column("handler", _REPLY.handler, "Who wrote it; NULL of a confirmation and of what was sent by hand."),
        column("provider", _REPLY.provider, "Who is to send it."),
        column("shortcode", _REPLY.shortcode, "The shortcode of the message that it answers."),
        person(_REPLY.person_key),
        column("parts", _REPLY.parts, "How many SMS it is billed as; NULL until it is counted."),
        column("status", _REPLY.state, "queued, sent, failed, unknown (may have gone out) or suppressed."),
        column("provider_code", _REPLY.error_code, "The provider's code, where it refused it."),
        column("provider_code_text", _REPLY.error, "What went wrong; it may quote the reply.", is_personal=True),
        column("queued_at", _REPLY.created_at, "When its handler's work was committed."),
        column("sent_at", _REPLY.sent_at, "When the provider took it."),
        column(
            "reported_at", func.coalesce(mt_report.c.reported_at, mt_report.c.received_at), "When it was told of."
        ),
        column(
            "delivery", mt_report.c.status, "delivered, failed, pending or unknown; NULL while nothing is known."
        ),
        column("suppressed_reason", _REPLY.suppressed_reason, "Why it was not sent, such as opt-out."),
        column("attempts", _REPLY.attempts, "How often sending it was tried."),
        column("is_test", _REPLY.is_test, "Whether it answers a test message."),
    ),
    question="SELECT provider, status, delivery, count(*) AS replies, sum(parts) AS parts FROM report_replies"
    " WHERE queued_at >= '2026-11-01' GROUP BY provider, status, delivery ORDER BY replies DESC",
    order=("reply_id",),
)
