"""Why a submission failed, shortly: its failed checks by their diagnoses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from grader.classroom.exports._dashboard_words import Words
from grader.model import CheckResult, Exercise, Location
from grader.report._layout import cut

_ORDER = {"failed": 0, "error": 1, "skipped": 2}
_FOLLOWS = "follows"  # stands for the diagnosis of what another failure explains
_LISTED = 4  # checks of one cause that are named; of more, the numbers are enough
_Numbered = tuple[int, CheckResult]


@dataclass(frozen=True)
class Cause:
    """Why checks failed: a diagnosis (its number here, or -1), the checks, the first place."""

    title: str
    diagnosis: int
    numbers: str
    checks: Sequence[tuple[int, str]]
    place: str


class Causes:
    """Finds causes; ``diagnoses`` are their numbers by exercise and id.

    With ``in_full`` a few checks are named, else all are numbers.
    """

    def __init__(
        self, diagnoses: Mapping[tuple[str, str], int], words: Words, *, in_full: bool = True
    ) -> None:
        self._diagnoses = diagnoses
        self._words = words
        self._listed = _LISTED if in_full else 0

    def of(self, exercise: Exercise, results: Sequence[CheckResult | None]) -> list[Cause]:
        """Return why checks did not pass, what to mend first at the front."""
        groups: dict[tuple[str, str], list[_Numbered]] = {}
        for n, check in enumerate(results, 1):
            if check and check.status != "passed":
                kind = "failed" if check.status == "stuck" else check.status
                about = check.diagnosis if kind == "failed" else ""
                groups.setdefault((kind, _FOLLOWS if check.because else about), []).append(
                    (n, check)
                )
        ranked = sorted(groups, key=lambda key: (_ORDER[key[0]], key[1] == _FOLLOWS))
        return [self._cause(exercise, *key, groups[key]) for key in ranked]

    def _cause(
        self, exercise: Exercise, kind: str, about: str, found: Sequence[_Numbered]
    ) -> Cause:
        title, diagnosis = self._words(f"check_{kind}"), -1
        if about == _FOLLOWS:
            title = self._words("follows")
        elif about:
            title = self._words.diagnosis(exercise, about)
            diagnosis = self._diagnoses.get((exercise.id, about), -1)
        places = (check.location for _, check in found if check.location and about != _FOLLOWS)
        named = [n for n, _ in found] if len(found) <= self._listed else []
        language = self._words.language
        return Cause(
            title=title,
            diagnosis=diagnosis,
            numbers=ranges([n for n, _ in found]),
            checks=[(n, exercise.checks[n - 1].title.in_language(language)) for n in named],
            place=self._place(next(places, None)),
        )

    def _place(self, place: Location | None) -> str:
        if place is None or place.line < 1:
            return ""
        if place.function in ("", "<module>"):
            return self._words("place", line=place.line)
        return self._words("place_in", line=place.line, function=cut(place.function, 40))


def ranges(numbers: Sequence[int]) -> str:
    """Write numbers as people do: 1–4, 7."""
    runs = [list(run) for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    ends = [(run[0][1], run[-1][1]) for run in runs]
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in ends)
