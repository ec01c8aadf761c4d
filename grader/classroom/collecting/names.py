"""Names as strangers write them, made comparable: words, orders of words, scripts.

"Lee, Ann", "Ann Lee", "ann_lee" and Canvas's "leeann" are one name; "20231234张三" is a number
and a name.  Unicode's forms (UAX #15) and cases do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# A script that has no blanks between words ends one where digits or Latin letters begin.
_EDGE = re.compile(rf"(?<=[{_HAN}])(?=[^\W{_HAN}_])|(?<=[^\W{_HAN}_])(?=[{_HAN}])")
_LONGEST = 400


@lru_cache(20_000)
def folded(text: str) -> str:
    """Return a text without the differences that nobody means: NFKC, no case, no outer blanks."""
    kept = "".join(c for c in text[:_LONGEST] if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", kept).casefold()).strip()


def mails(text: str) -> list[str]:
    """Return the mail addresses in a text, folded."""
    return _MAIL.findall(folded(text))


@lru_cache(20_000)
def words(text: str) -> tuple[str, ...]:
    """Return a text's words, folded, marks with their letters; an apostrophe parts none."""
    plain = _EDGE.sub(" ", folded(text).replace("'", "").replace("’", ""))
    joined = "".join(" " if not (c.isalnum() or unicodedata.combining(c)) else c for c in plain)
    return tuple(joined.split())


@lru_cache(20_000)
def bare(text: str) -> str:
    """Return a text without marks: "müller" as "muller"."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char))


def compact(parts: Iterable[str]) -> str:
    """Return words written together, as Canvas does."""
    return "".join(parts)


@lru_cache(20_000)
def sorted_words(name: str) -> str:
    """Return a name's words in a fixed order; of a name of signs alone, such as an emoji, these."""
    return " ".join(sorted(words(name)[:8])) or "".join(folded(name).split())


@lru_cache(20_000)
def forms(name: str) -> frozenset[str]:
    """Return what two ways to write one name have in common: any of these.

    "Ann Lee" and "Annlee" have a form in common, too: where `sorted_words` agree, these decide.
    """
    parts = words(name)[:8]
    whole = sorted_words(name)
    if not parts:
        return frozenset({whole} - {""})
    turned = (parts[at:] + parts[:at] for at in range(len(parts)))
    return frozenset({whole, *map(compact, turned)})
