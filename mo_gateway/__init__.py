"""Inbound SMS, from the provider's callback to a keyword handler, and nothing acknowledged is ever lost.

One message, from top to bottom:

1. `web/callbacks.py` takes the bytes, checks the secret and the address.
2. `providers/spryng.py` turns them into a `Message` (`form.py` decodes, `numbering.py` knows the operators).
3. `receive.py` gives it its keys and hands it to `store/writer.py`, which commits it together with whatever
   else is waiting. Only then is `TRUE` answered.
4. `worker.py` claims it (`store/queue.py`) and `dispatch.py` finds its handler (`routing.py`), runs it, and
   commits "done" together with the replies (`store/outbox.py`).

`gateway.py` puts the parts together, `settings.py` reads the environment, `cli/` is the command line.
What authors of handlers import stands here.
"""

from .message import Message, Reply
from .plugin import keyword

__all__ = ["Message", "Reply", "keyword"]
