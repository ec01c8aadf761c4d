"""What keys do: hints and notices below the result, pages over it, and where to turn next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from grader.model import Exercise, Verdict
from grader.pages import Page
from grader.report import ReportOptions
from grader.report._layout import wrap
from grader.watching import views
from grader.watching.around import Refusal, Surroundings
from grader.watching.views import tell

Mode = Literal["", "explain", "list", "help", "reset"]
# Rows that a page leaves to the status, the keys, and the cursor's own line.
_FURNITURE = 5
_WIDEST_HELP = 76
_KEY_OF = {"explain": "e", "list": "l", "help": "?"}
_TURNS = {" ": 1, "down": 1, "page_down": 1, "b": -1, "up": -1, "page_up": -1}


class Panel:
    """The part of a session that keys change.

    After a key, ``turn_to`` is the exercise that was asked for, and ``has_quit`` says whether the
    session is to end.
    """

    def __init__(self, around: Surroundings, options: ReportOptions) -> None:
        self._around = around
        self._options = options
        self.has_quit = False
        self._outlives_one = False
        self._actions: dict[str, Callable[[], None]] = {
            "h": self._hint,
            "e": self._explain,
            "n": self._next,
            "l": lambda: self._open("list"),
            "r": lambda: self._open("reset"),
            "q": self._quit,
            "?": lambda: self._open("help"),
        }

    def turned_to(self, exercise: Exercise) -> None:
        """Begin anew with another exercise."""
        self._exercise = exercise
        self._verdict: Verdict | None = None
        self.turn_to: Exercise | None = None
        self.mode: Mode = ""
        self._page: Page | None = None
        self._typed, self._at = "", 0
        self._say([])

    def result_is(self, verdict: Verdict | None) -> None:
        """Take note of a new result: what was said about another failure has had its time."""
        self._verdict = verdict
        if self._outlives_one:
            self._outlives_one, self._said_about = False, self._first()
        elif self._said_about != self._first():
            self._say([])

    def press(self, name: str, rows: int) -> None:
        """Do what a key asks for; ``rows`` is how many the terminal has."""
        if self.mode == "reset":
            self.mode = ""
            if name in ("y", "Y"):
                self._say(self._ask(self._around.reset))
                self._outlives_one = True  # the stub's own result, which comes by itself
            else:
                self._say([tell("reset_not", self._options)])
        elif self.mode == "list" and (name.isdecimal() or name in ("enter", "rub_out")):
            self._choose(name)
        elif self.mode and name in _TURNS:
            self._at += _TURNS[name] * max(rows - _FURNITURE - 1, 1)
        elif self.mode and name in ("escape", "enter", "q", _KEY_OF[self.mode]):
            self.mode = ""
        elif name in self._actions:
            self.mode = ""
            self._actions[name]()

    def overlay(self, options: ReportOptions, rows: int) -> list[str] | None:
        """Return the page that covers the result, or the part of it that there is room for."""
        if self.mode == "explain" and self._page is not None:
            page = self._around.explain(self._page, options.width)
        elif self.mode == "help":
            width = min(options.width, _WIDEST_HELP)
            words = tell("help", options)
            page = [line for part in words.split("\n") for line in wrap(part, width) or [""]]
        elif self.mode == "list":
            standing = self._around.history.standing()
            entries = [
                views.Entry(_number(e), e, standing.get(e.id), e is self._exercise)
                for e in self._around.exercises
            ]
            page = views.exercises(entries, self._typed, options)
        else:
            return None
        room = max(rows - _FURNITURE, 2) if rows else 0
        shown, self._at = views.paged(page, self._at, room, options)
        return shown

    # -- one key each ----------------------------------------------------------------------

    def _hint(self) -> None:
        first = views.first_open(self._verdict) if self._verdict else None
        if first is None:
            entry = "nothing_failed" if self._verdict else "not_graded"
            self._say([tell(entry, self._options)])
        else:  # at what is shown, whatever has been graded elsewhere meanwhile
            self._say(self._ask(lambda exercise: self._around.hint(exercise, first)))

    def _explain(self) -> None:
        first = views.first_open(self._verdict) if self._verdict else None
        self._page = self._around.page(self._exercise, first) if first else None
        if self._page is not None:
            self._open("explain")
        elif first is not None:
            self._say([tell("no_page", self._options)])
        else:
            entry = "nothing_failed" if self._verdict else "not_graded"
            self._say([tell(entry, self._options)])

    def _next(self) -> None:
        standing = self._around.history.standing()
        exercises = list(self._around.exercises)
        at = [exercise.id for exercise in exercises].index(self._exercise.id)
        for exercise in (*exercises[at + 1 :], *exercises[:at]):
            known = standing.get(exercise.id)
            if known is None or known.passed_at is None:
                self.turn_to = exercise
                return
        self._say([tell("none_left", self._options)])

    def _choose(self, name: str) -> None:
        """Take one more digit of an exercise's number; turn to it when it can be no other's."""
        if name == "rub_out":
            self._typed = self._typed[:-1]
            return
        typed = self._typed if name == "enter" else self._typed + name
        if not typed:
            self.mode = ""
            return
        names = {e.id: (_number(e), e.id.removeprefix("ex")) for e in self._around.exercises}
        like = [e for e in self._around.exercises if any(n.startswith(typed) for n in names[e.id])]
        exact = [e for e in like if typed in names[e.id]]
        is_whole = name == "enter" or any(typed == names[e.id][1] for e in like)
        found = like if len(like) == 1 else exact if is_whole else []
        self._typed = typed if like and name != "enter" else ""
        if found:
            self.turn_to = found[0]

    def _quit(self) -> None:
        self.has_quit = True

    def _open(self, mode: Mode) -> None:
        self.mode, self._typed, self._at = mode, "", 0

    def _say(self, lines: list[str]) -> None:
        """Show lines below the result until there is one with another failure."""
        self.notice, self._said_about = lines, self._first()
        self._outlives_one = False

    def _first(self) -> tuple[str, str]:
        first = views.first_open(self._verdict) if self._verdict is not None else None
        return (first.id, first.diagnosis) if first is not None else ("", "")

    def _ask(self, action: Callable[[Exercise], list[str]]) -> list[str]:
        try:
            return action(self._exercise)
        except Refusal as error:
            return [str(error)]


def _number(exercise: Exercise) -> str:
    return exercise.id.removeprefix("ex").lstrip("0")
