"""Words from phones, made comparable."""

import unicodedata


def fold(word: str) -> str:
    """Make words comparable: NFKC, casefolded (ß is ss), without white space and punctuation around them.

    Accents count: é is not e.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    start, end = 0, len(folded)
    while start < end and _is_outer(folded[start]):
        start += 1
    while end > start and _is_outer(folded[end - 1]):
        end -= 1
    return folded[start:end]


def is_first_word(word: str) -> bool:
    """Tell whether an SMS can begin with it: one word, of which something is left when it is folded."""
    return len(word.split()) == 1 and bool(fold(word))


def _is_outer(character: str) -> bool:
    """Tell whether a character may stand around a word without being of it: space, punctuation, invisible."""
    return unicodedata.category(character)[0] in "ZPC"
