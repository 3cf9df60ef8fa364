"""A keyword handler that does nothing, like ours."""

from rapidsms.contrib.handlers import KeywordHandler


class DoNothing(KeywordHandler):  # type: ignore[misc] # RapidSMS is not in this environment
    """Be done at once."""

    keyword = "blue"

    def help(self) -> None:
        """Take the keyword alone."""

    def handle(self, text: str) -> None:
        """Take what stands after it."""
