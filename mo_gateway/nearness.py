"""What is near to a word: for people who mistype a keyword."""

from functools import lru_cache

from rapidfuzz.distance import OSA

from .words import fold

NEAR = 2  # letters more, less, other or exchanged, for a word that may have been meant


def distance(word: str, folded: str) -> int:
    """Count the letters between a keyword and what somebody sent, folded; no further than a letter over NEAR."""
    return OSA.distance(fold(word), folded, score_cutoff=NEAR)


@lru_cache(maxsize=65_536)  # reports ask for the words of a whole day again and again
def nearest(words: frozenset[str], folded: str) -> tuple[str | None, int | None]:
    """Give the keyword that is nearest to what somebody sent, and how far it is; nothing where none is near."""
    most = min(NEAR, max(1, len(folded) // 2))  # of a short word everything is near
    near = [(letters, word) for word in words if (letters := distance(word, folded)) <= most]
    if not folded or not near:
        return None, None
    letters, word = min(near)
    return word, letters
