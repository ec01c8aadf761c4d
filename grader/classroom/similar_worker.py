"""The process in which submissions are taken to pieces and compared, by copydetect.

It is a script of its own (the standard library, numpy and copydetect): one JSON object a line
comes in, one goes out.  What it reads is hostile, and lexers made of regular expressions can be
stalled by it: whoever asked ends this process then, and nothing but it is lost.

copydetect (https://github.com/blingenf/copydetect) replaces names by a letter each, leaves out
blanks and comments, and takes every run of K characters of what remains as a fingerprint, after
Schleimer, Wilkerson and Aiken, "Winnowing" (SIGMOD 2003).  Here every fingerprint is kept (a
window of 1): which ones winnowing keeps hangs on Python's hashes of text, and these are others
in each process.  For the same reason what is known from elsewhere is taken off here, and not by
copydetect, which also drops what a file says twice.
"""

from __future__ import annotations

import contextlib
import io
import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

_MEMORY = 4 << 30


def main() -> None:
    """Answer one line after the other, until there are no more."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    _do_without_drawing()
    # What a library prints must not be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    filter_code = import_module("copydetect.utils").filter_code
    filter_code("", "submission.py", "python")  # a lexer is made at its first use
    say({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        if "source" in asked:
            with _ended_after(asked["seconds"]):
                code, offsets = filter_code(asked["source"], "submission.py", "python")
            say({"code": code, "offsets": offsets.tolist()})
        else:
            say(compare(asked))


@contextlib.contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End this process where a step takes more processor time: SIGPROF kills it, setitimer(2)."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
    yield
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, 0)


def _do_without_drawing() -> None:
    """Keep matplotlib out: it draws a report that nobody asks for here.

    Importing it takes four times as long as all the rest, and writes a list of fonts to the home.
    """
    drawing, plots = ModuleType("matplotlib"), ModuleType("matplotlib.pyplot")
    setattr(drawing, "pyplot", plots)  # noqa: B010 - a module that mypy knows nothing of
    sys.modules |= {"matplotlib": drawing, "matplotlib.pyplot": plots}


def compare(asked: dict[str, Any]) -> dict[str, Any]:
    """Compare ``files`` pairwise, but for those of one person, and return what they share.

    Each file is [code, offsets, people].  Fingerprints of the codes ``known``, and those that
    more than ``common`` people have, count for nothing.  A pair is given where both files share
    ``least`` characters, and one of them at least the part ``share`` of what counts in it: [first,
    second, characters, shares, slices], slices by positions in the source.  ``counting`` has how
    many characters count in each file.
    """
    numpy, copydetect = import_module("numpy"), import_module("copydetect")
    coverage = import_module("copydetect.utils").get_token_coverage
    k = asked["k"]

    def print_of(code: str) -> Any:
        found = copydetect.CodeFingerprint(
            "submission.py", k, 1, filter=False, fp=io.StringIO(code)
        )
        found.hash_idx = {int(h): at for h, at in found.hash_idx.items()}  # faster than numpy's
        found.hashes = set(found.hash_idx)
        return found

    prints = [print_of(code) for code, _, _ in asked["files"]]
    people = [set(people) for _, _, people in asked["files"]]
    dull = set().union(*(print_of(code).hashes for code in asked["known"]))
    dull |= _common(prints, people, asked["common"])
    for found, (code, offsets, _) in zip(prints, asked["files"], strict=True):
        found.hash_idx = {h: at for h, at in found.hash_idx.items() if h not in dull}
        found.hashes = set(found.hash_idx)
        found.token_coverage = max(1, int(coverage(found.hash_idx, k, len(code))))
        found.offsets = numpy.array(offsets)
    pairs = []
    for second, other in enumerate(prints):
        for first in range(second):
            one = prints[first]
            alone = len(people[first] | people[second]) == 1
            if alone or not _worth_a_look(one, other, asked):
                continue
            size, shares, slices = copydetect.compare_files(one, other)
            size = int(min(size, shares[1] * other.token_coverage))
            if size >= asked["least"] and max(shares) >= asked["share"]:
                parts = [min(1.0, float(share)) for share in shares]
                places = [part.astype(int).T.tolist() for part in slices]
                pairs.append([first, second, size, parts, places])
    return {"pairs": pairs, "counting": [found.token_coverage for found in prints]}


def _common(prints: list[Any], people: list[set[int]], most: int) -> set[int]:
    """Return the fingerprints that more than ``most`` people have."""
    of_people: dict[int, set[int]] = {}
    for found, owners in zip(prints, people, strict=True):
        for person in owners:
            of_people.setdefault(person, set()).update(found.hashes)
    count = Counter(h for hashes in of_people.values() for h in hashes)
    return {h for h, number in count.items() if number > most}


def _worth_a_look(one: Any, other: Any, asked: dict[str, Any]) -> bool:
    """Say whether two files can share enough: each fingerprint stands for K characters at most."""
    fewer = min(len(one.hashes), len(other.hashes))
    least = max(asked["least"] / asked["k"], fewer * asked["share"] / 4)
    return fewer >= least and bool(len(one.hashes & other.hashes) >= least)


if __name__ == "__main__":
    main()
