"""The handlers of a gateway that has a bit of everything: one that answers, one that fails."""

from pathlib import Path

from mo_gateway import Message, keyword

#: What stands beside them in the routes file.
ROUTES = """
[[route]]
keyword = ["VOTE", "STEM"]
shortcode = "4414"
[route.vote]
poll = "song"
options = { Blue = ["blue", "b"], Red = ["red", "r"] }
text = "Thank you for your vote for {{ option }}."
unreadable_text = "Send VOTE BLUE or VOTE RED."

[[route]]
keyword = "NEWS"
form = "alone"
[route.subscribe]
list = "news"
text = "You get the news now. NEWS OFF ends it."

[[route]]
keyword = "NEWS"
form = "with text"
[route.unsubscribe]
list = "news"
"""


@keyword("WIN", "GAGNE", shortcode="4414")
def enter(message: Message) -> str:
    """Answer with what was sent."""
    return f"You are in with {message.parm}."


@keyword("FAIL")
def fail(message: Message) -> None:
    """Fail, and say with what."""
    raise RuntimeError(f"cannot take {message.parm}")


def write_routes(folder: Path) -> Path:
    """Write the routes file into a folder."""
    path = folder / "routes.toml"
    path.write_text(ROUTES)
    return path
