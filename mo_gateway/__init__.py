"""Inbound SMS, from the provider's callback to a keyword handler and back, and nothing acknowledged is ever lost.

One message, from top to bottom:

1. A front takes the bytes: `web/asgi.py` on an event loop, `web/wsgi.py` on a thread. For both `web/callbacks.py`
   checks the secret and the address, and says what is read.
2. `providers/spryng/inbound.py` turns them into a `Message` (`form.py` decodes, `numbering.py` knows the
   operators).
3. `receive.py` gives it its keys, and `store/writer.py` commits it together with whatever else is waiting; for an
   event loop on PostgreSQL `store/loop_writer.py` does. Only then is `TRUE` answered.
4. `worker.py` has `consent.py` look whether it is a STOP (`stop.py`), then claims it (`store/queue.py`), and
   `dispatch.py` finds its handler (`routing.py`, `terms.py`), runs it, and commits "done" with its replies
   (`store/outbox.py`) and what else it returned (`store/values.py`, `store/questions.py`). Handlers come from
   modules (`handlers/finding.py`) and from the routes file (`handlers/file.py`); `presence.py` loads that anew.
5. `outbound.py` has `send.py` claim each reply, ask whether anything stands against it, and hand it to its
   provider (`providers/`, `wire.py`), once.
6. The provider's delivery report comes in by the fronts too, and `reports.py` commits it, joined to its
   reply.

Beside that way `tally/` counts for the reports, and the views that SQL asks are in `store/views/`.

`gateway/` puts the parts together, `settings.py` reads the environment, `cli/` is the command line.
What authors of handlers import stands here. `fakes/` are the providers to try it with.
"""

from .errors import TryLater
from .message import Message
from .plugin import answer, every_message, keyword
from .reply import Reply, VCard
from .values import Ask, Join, Leave, Timing, Vote

__all__ = [
    "Ask",
    "Join",
    "Leave",
    "Message",
    "Reply",
    "Timing",
    "TryLater",
    "VCard",
    "Vote",
    "answer",
    "every_message",
    "keyword",
]
