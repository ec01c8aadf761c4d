"""``progress``: where a learner stands, from the record alone; nothing is graded to show it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from grader.catalog import CatalogError, exercise_ids, load_exercise
from grader.cli import PASSED, Parser, is_ascii_only, suite_root, wants_colour
from grader.history import Attempt, History, Standing, is_changed
from grader.model import Exercise, Language
from grader.report._layout import columns, cut, escape, paint, wrap
from grader.texts import text

# The curriculum's parts, by the number of their first exercise.
PARTS = ((1, "part_bytes"), (3, "part_tcp"), (7, "part_many"), (12, "part_udp"), (14, "part_web"))
_MARKS = {"passed": "●", "tried": "◐", "given_up": "◌", "new": "○"}
_KINDS = {"passed": "good", "tried": "odd", "given_up": "ours", "new": "dim"}
_ASCII = str.maketrans("●◐◌○━┃▰▱·…", "*+~o=|#.-.")
_BAR = 10
_WIDEST = 110
_NARROWEST = 50


@dataclass(frozen=True)
class Look:
    """How to show things: the language, colour or not, columns, ASCII only."""

    language: Language
    colour: bool = False
    width: int = 80
    ascii: bool = False

    def say(self, key: str, **values: object) -> str:
        """Return one of the texts of this command."""
        return self.draw(text(f"learner.{key}", self.language, **values))

    def draw(self, marks: str) -> str:
        """Return a drawing's characters, or their stand-ins."""
        return marks.translate(_ASCII) if self.ascii else marks

    def paint(self, words: str, kind: str) -> str:
        """Return words in the colour of a kind."""
        return paint(words, kind, self.colour)


@dataclass(frozen=True)
class Stop:
    """One exercise on the path: what it is called, and where the learner stands with it."""

    id: str
    title: str
    standing: Standing
    changed: bool = False

    @property
    def state(self) -> str:
        """``passed``, ``given_up``, ``tried`` or ``new``."""
        if self.standing.passed_at:
            return "passed"
        if self.standing.given_up_at:
            return "given_up"
        return "tried" if self.standing.attempts else "new"


def run(argv: Sequence[str], language: Language) -> int:
    """Draw the path, or list the attempts at one exercise."""
    made = Parser(prog="progress", description=text("learner.progress_about", language))
    made.add_argument(
        "exercise", nargs="?", metavar="exNN", help=text("learner.progress_exercise", language)
    )
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    width = shutil.get_terminal_size((100, 24)).columns
    look = Look(arguments.lang, wants_colour(), max(_NARROWEST, min(_WIDEST, width)))
    look = replace(look, ascii=is_ascii_only())
    root = suite_root()
    history = History(root, look.language)
    if arguments.exercise is None:
        lines = path_of(stops(root, history, look.language), look)
    else:
        lines = attempts_at(load_exercise(root, arguments.exercise), history, look)
    print("\n".join(line.rstrip() for line in lines))
    return PASSED


def stops(root: Path, history: History, language: Language) -> list[Stop]:
    """Return every exercise, in order, with where the learner stands."""
    standing = history.standing()
    found = []
    for name in exercise_ids(root):
        try:
            title = load_exercise(root, name).title.in_language(language)
        except CatalogError:
            title = ""  # a broken manifest is told of when it is graded
        stands = standing.get(name, Standing())
        changed = bool(stands.last and is_changed(stands.last, root))
        found.append(Stop(name, title, stands, changed))
    return found


def next_stop(path: Sequence[Stop]) -> Stop | None:
    """Return what is next: what was tried last and is not passed, else the first one that is new.

    One that was given up is next only if no other is left.
    """
    left = [stop for stop in path if stop.state != "passed"]
    tried = [(s.standing.last.when, s) for s in left if s.state == "tried" and s.standing.last]
    if tried:
        return max(tried, key=lambda found: found[0])[1]
    return next((stop for stop in left if stop.state != "given_up"), next(iter(left), None))


# -- the path --------------------------------------------------------------------------


def path_of(path: Sequence[Stop], look: Look) -> list[str]:
    """Return the drawing of the path, part by part, and what is next."""
    passed = sum(stop.state == "passed" for stop in path)
    here = next_stop(path)
    lines = [look.paint(look.say("progress_title", passed=passed, total=len(path)), "bold"), ""]
    strip = look.draw("━━").join(_mark(stop, look) for stop in path)
    lines += [f"  {strip}", ""] if 3 * len(path) < look.width else []
    room = max((columns(stop.title) for stop in path), default=0)
    part = ""
    for stop in path:
        if _part(stop.id) != part:
            line = look.paint(look.draw("┃"), "dim") if part else " "
            part = _part(stop.id)
            lines += [f"  {line}"] if line != " " else []
            lines.append(f"  {line} {look.paint(look.say(part), 'bold')}")
        lines += _stop(stop, min(room, look.width // 2), stop is here, look)
    return [*lines, "", *_next(here, look)]


def _mark(stop: Stop, look: Look) -> str:
    return look.paint(look.draw(_MARKS[stop.state]), _KINDS[stop.state])


def _part(exercise: str) -> str:
    number = int(exercise[2:])
    return [name for first, name in PARTS if number >= first or first == 1][-1]


def _stop(stop: Stop, room: int, is_next: bool, look: Look) -> Iterator[str]:
    title = cut(stop.title, room, look.draw("…"))
    head = f"  {_mark(stop, look)} {stop.id} "
    head += look.paint(title, "bold") if is_next else title
    rail = f"  {look.paint(look.draw('┃'), 'dim')}"
    used = 5 + len(stop.id) + columns(title)
    items = list(_standing(stop, look))
    words = look.draw(" · ").join(items)
    indent = 5 + len(stop.id) + room + 2
    if indent + columns(words) > look.width:
        yield head
        indent, used, head = 7 + len(stop.id), 3, rail
    for line in _packed(items, look.width - indent, look.draw(" · ")):
        yield head + " " * (indent - used) + look.paint(line, _KINDS[stop.state])
        head, used = rail, 3


def _packed(items: Sequence[str], width: int, between: str) -> list[str]:
    """Put items into lines; one is broken only where it is wider than a line."""
    lines = [""]
    for item in items:
        longer = lines[-1] + between + item if lines[-1] else item
        if columns(longer) <= width:
            lines[-1] = longer
        else:
            lines += wrap(item, width)
    return [line for line in lines if line]


def _standing(stop: Stop, look: Look) -> Iterator[str]:
    """Give what there is to say about one exercise."""
    stands = stop.standing
    if stop.state == "new":
        yield look.say("progress_new")
        return
    if stands.passed_at:
        yield look.say("progress_passed", at=clock(stands.passed_at))
    elif stands.best and stands.best.complete:
        done, of = stands.best.passed, stands.best.counted
        bar = _BAR * done // of if of else 0
        bars = look.draw("▰" * bar + "▱" * (_BAR - bar))
        yield f"{bars} {look.say('progress_best', passed=done, counted=of)}"
    elif stands.attempts:
        yield look.say("progress_single")
    if stands.given_up_at:
        yield look.say("progress_given_up", at=clock(stands.given_up_at))
    if stands.attempts:
        yield counted("progress_attempts", stands.attempts, look)
    if stands.last and not (stands.passed_at and stands.last.status == "passed"):
        yield look.say("progress_last", at=clock(stands.last.when))
    if stop.changed:
        yield look.say("progress_changed")


def _next(here: Stop | None, look: Look) -> list[str]:
    if here is None:
        return wrap(look.say("progress_all"), look.width)
    lines = [look.say("progress_next", exercise=here.id, title=here.title)]
    for command in ("watch", "grade"):
        lines.append(look.say(f"progress_{command}", exercise=here.id))
    return lines


# -- one exercise ----------------------------------------------------------------------


def attempts_at(exercise: Exercise, history: History, look: Look) -> list[str]:
    """Return the attempts at one exercise, the newest first."""
    lines = [look.paint(f"{exercise.id} · {exercise.title.in_language(look.language)}", "bold"), ""]
    shown = history.attempts(exercise.id)
    stands = history.standing().get(exercise.id, Standing())
    if not shown:
        lines.append(look.say("progress_none", exercise=exercise.id))
    titles = {check.id: check.title.in_language(look.language) for check in exercise.checks}
    for n, attempt in enumerate(shown):
        lines += _attempt(attempt, titles, look)
        if n == 0 and is_changed(attempt, history.root):
            path = escape(attempt.path)
            lines.append(f"      {look.paint(look.say('progress_file_changed', path=path), 'odd')}")
    if stands.attempts > len(shown) > 0:
        lines.append(f"    {counted('progress_earlier', stands.attempts - len(shown), look)}")
    if stands.given_up_at:
        lines += ["", look.say("progress_given_up", at=clock(stands.given_up_at))]
    for at, kept in history.resets(exercise.id):
        lines.append(look.say("progress_reset", at=clock(at), kept=escape(kept)))
    return [line for long in lines for line in _fitting(long, look)]


def _attempt(attempt: Attempt, titles: dict[str, str], look: Look) -> Iterator[str]:
    state = "passed" if attempt.status == "passed" and attempt.complete else "tried"
    key = "progress_attempt" if attempt.complete else "progress_attempt_single"
    score = look.say(
        "progress_error" if attempt.status == "error" else key,
        passed=attempt.passed,
        counted=attempt.counted,
        score=f"{attempt.score:g}",
        max_score=f"{attempt.max_score:g}",
    )
    mark = look.paint(look.draw(_MARKS[state]), _KINDS[state])
    yield f"  {mark} {clock(attempt.when)}  {score}"
    first = attempt.first_open
    if first is not None:
        words = titles.get(first.id, first.id)
        words += f" ({first.diagnosis})" if first.diagnosis else ""
        yield look.say("progress_first_open", check=escape(words))


def _fitting(line: str, look: Look) -> list[str]:
    if "\x1b" in line or columns(line) <= look.width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return [indent + part for part in wrap(line.strip(), look.width - len(indent))]


def counted(key: str, n: int, look: Look) -> str:
    """Return a text that differs for one thing and for many."""
    return look.say(f"{key}_{'1' if n == 1 else 'n'}", n=n)


def clock(when: datetime) -> str:
    """Return a moment as the learner's clock shows it."""
    try:
        return when.astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):  # a year that no calendar has
        return when.strftime("%Y-%m-%d %H:%M")
