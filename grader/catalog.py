"""Finds exercises and validates them: the only reader of ``exercise.yaml``.

Whatever is wrong is a `CatalogError` of one line that names file, line and key.  Manifests
are read event by event with libyaml's safe parser, never composed by it: its composer recurses
in C, and some 100,000 brackets end the interpreter; aliases are refused before anything grows.
"""

from __future__ import annotations

import errno
import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec
import yaml

from grader.model import LANGUAGES, Exercise, Model, Text

MAX_BYTES = 1 << 20
_MAX_DEPTH = 12
_MAX_VALUES = 20_000
# PyYAML takes time that grows with the square of a number's digits in base 60 (1:59:59...).
_MAX_SIXTIES = 8
_MIN_HINTS = 3
# Beyond these no grading can be carried out: sums overflow, and what the system takes ends.
_MOST = {"points": 1e6, "cpu_s": 86_400, "check_s": 86_400}
_MOST_OF_ANY = 1 << 20
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = re.compile(r"(ex[0-9]{2,})_([a-z][a-z0-9_]*)")
_NUMBER = re.compile(r"(?:ex)?0*([0-9]+)", re.IGNORECASE)
_AT = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+|\.\.\.)\]")
_STR = "tag:yaml.org,2002:str"
_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

Key = tuple[str | int, ...]


class _Events(Protocol):
    """What this module uses of a PyYAML loader, libyaml's or the one in Python."""

    def get_event(self) -> yaml.Event: ...
    def peek_event(self) -> yaml.Event: ...
    def check_event(self, *kinds: type[yaml.Event]) -> bool: ...
    def resolve(self, kind: type[yaml.Node], value: str, implicit: object) -> str: ...
    def construct_object(self, node: yaml.Node) -> object: ...


_LOADER: Callable[[str], _Events] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CatalogError(Exception):
    """A request or a file of an author that cannot be used; ``str`` is one line.

    ``code`` and ``values`` say the same for programs that word it in another language:
    ``no_root`` (start), ``no_exercise`` (wanted, known), ``bad_file`` (the default).
    """

    def __init__(self, message: str, code: str = "bad_file", **values: object) -> None:
        super().__init__(" ".join(message.split()))
        self.code = code
        self.values = values


class Mistake(Model, frozen=True):
    """A deliberately wrong solution: its one fault, and which checks say so and how."""

    path: Path
    fault: str
    caught_by: dict[str, str]


def find_root(start: Path) -> Path:
    """Return the nearest folder from ``start`` upwards that has a folder ``exercises``."""
    here = start.absolute()
    for folder in (here, *here.parents):
        if (folder / "exercises").is_dir():
            return folder
    raise CatalogError(f"no folder 'exercises' in {here} or above", "no_root", start=str(here))


def exercise_ids(root: Path) -> list[str]:
    """Return the ids of all exercises, in order of number, without reading a manifest."""
    return sorted({name.partition("_")[0] for name in _folders(root)}, key=_number)


def load_exercise(root: Path, wanted: str) -> Exercise:
    """Read one exercise: ``ex03``, ``3``, ``03``, ``ex03_tcp_echo`` or ``tcp_echo``."""
    folder = _resolve(root, wanted)
    path = root / "exercises" / folder / "exercise.yaml"
    shown = _shown(root, path)
    data, lines = _Manifest(shown, _read(path, shown)).parse()
    try:
        exercise = msgspec.convert(data, Exercise)
    except msgspec.ValidationError as error:
        key, problem = _explain(data, str(error))
        raise _fault(shown, lines, key, problem) from None
    for key, problem in _faults(exercise, folder):
        raise _fault(shown, lines, key, problem)
    return exercise


def load_all(root: Path) -> list[Exercise]:
    """Read every exercise, in order of number; the first bad one raises."""
    return [load_exercise(root, identifier) for identifier in exercise_ids(root)]


def stub_path(root: Path, exercise: Exercise) -> Path:
    """Return where the learner's file of an exercise is."""
    return root / "exercises" / exercise.folder / f"{exercise.slug}.py"


def solution_path(root: Path, exercise: Exercise) -> Path:
    """Return where the reference solution is (a handout has none)."""
    return root / "solutions" / exercise.folder / f"{exercise.slug}.py"


def variants(root: Path, exercise: Exercise) -> list[Path]:
    """Return the unusual but correct solutions, sorted by name."""
    return _modules(root / "solutions" / exercise.folder / "variants")


def mistakes(root: Path, exercise: Exercise) -> list[Mistake]:
    """Return the deliberately wrong solutions, sorted by name, their headers checked."""
    known = {check.id for check in exercise.checks}
    folder = root / "solutions" / exercise.folder / "mistakes"
    return [_mistake(path, _shown(root, path), known) for path in _modules(folder)]


def _folders(root: Path) -> list[str]:
    try:
        entries = list((root / "exercises").iterdir())
    except OSError as error:
        raise CatalogError(f"exercises: {error.strerror}") from None
    return sorted(e.name for e in entries if _FOLDER.fullmatch(e.name) and e.is_dir())


def _number(identifier: str) -> tuple[int, str]:
    digits = identifier[2:].lstrip("0")
    return len(digits), digits


def _resolve(root: Path, wanted: str) -> str:
    folders = _folders(root)
    word = wanted.strip()
    if word in folders:
        return word
    number = _NUMBER.fullmatch(word)
    if number:
        key = _number(f"ex{number[1]}")
        found = [name for name in folders if _number(name.partition("_")[0]) == key]
    else:
        found = [name for name in folders if name.partition("_")[2] == word]
    if len(found) == 1:
        return found[0]
    shown = ascii(wanted[:60])
    if found:
        raise CatalogError(f"exercises: {shown} could be any of {', '.join(found)}: rename one")
    known = ", ".join(folders) or "none"
    message = f"no exercise {shown}; there are: {known}"
    raise CatalogError(message, "no_exercise", wanted=wanted[:60], known=folders)


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith(("_", ".")))


def read_regular(path: Path, most: int) -> bytes | None:
    """Return a file's first bytes, None where it is no regular file; never wait (OSError)."""
    # Looked at before it is opened, which alone can set a device going, and after: it may
    # be another one by then.  /proc/kmsg calls itself regular, and waits for news.
    if stat.S_ISREG(path.stat().st_mode):
        fd = os.open(path, os.O_RDONLY | _NEVER_WAIT)
        with open(fd, "rb") as file:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                data: bytes | None = file.read(most)
                if data is None:
                    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
                return data
    return None


def _read(path: Path, shown: str) -> str:
    try:
        data = read_regular(path, MAX_BYTES + 1)
    except OSError as error:
        raise CatalogError(f"{shown}:1: {error.strerror or error}") from None
    if data is None:
        raise CatalogError(f"{shown}:1: not a regular file")
    if len(data) > MAX_BYTES:
        raise CatalogError(f"{shown}:1: larger than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CatalogError(f"{shown}:{line}: not UTF-8: byte {data[error.start]:#04x}") from None


def _fault(shown: str, lines: dict[Key, int], key: Key, problem: str) -> CatalogError:
    line = next(lines[key[:n]] for n in range(len(key), -1, -1) if key[:n] in lines)
    return CatalogError(f"{shown}:{line}: {_dotted(key)}{': ' if key else ''}{problem}")


def _dotted(key: Key) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in key)
    text = "".join(steps).removeprefix(".")
    return text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Manifest:
    """Builds plain data from YAML events, and notes the line of every key on the way."""

    def __init__(self, shown: str, text: str) -> None:
        self._shown = shown
        self._text = text
        self._lines: dict[Key, int] = {(): 1}
        self._left = _MAX_VALUES

    def parse(self) -> tuple[object, dict[Key, int]]:
        """Return the data and the line of every key in it."""
        try:
            self._loader = _LOADER(self._text)
            self._loader.get_event()  # the stream's start
            if self._loader.check_event(yaml.StreamEndEvent):
                raise self._error((), "empty")
            self._loader.get_event()  # the document's start
            data = self._value(())
            self._loader.get_event()  # the document's end
            if not self._loader.check_event(yaml.StreamEndEvent):
                self._lines[()] = _line(self._loader.peek_event())
                raise self._error((), "more than one document")
        except yaml.reader.ReaderError as error:
            bad = yaml.reader.Reader.NON_PRINTABLE.search(self._text)
            self._lines[()] = self._text.count("\n", 0, bad.start() if bad else 0) + 1
            raise self._error((), f"YAML: {error.reason}") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._lines[()] = mark.line + 1 if mark else 1
            raise self._error((), f"YAML: {error.problem or error.context}") from None
        return data, self._lines

    def _error(self, key: Key, problem: str) -> CatalogError:
        return _fault(self._shown, self._lines, key, problem)

    def _value(self, key: Key) -> object:
        event = self._loader.get_event()
        self._lines.setdefault(key, _line(event))
        if len(key) > _MAX_DEPTH:
            raise self._error(key[:2], f"nested more than {_MAX_DEPTH} deep")
        self._left -= 1
        if self._left < 0:
            raise self._error(key[:1], f"more than {_MAX_VALUES} values in one file")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(key, event)
        if isinstance(event, yaml.AliasEvent):
            raise self._error(key, f"aliases (*{event.anchor}) are not allowed")
        if isinstance(event, yaml.CollectionStartEvent) and event.tag not in _TAGS:
            raise self._error(key, f"tag {event.tag} is not allowed")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(key)
        items: list[object] = []
        while not self._loader.check_event(yaml.SequenceEndEvent):
            items.append(self._value((*key, len(items))))
        self._loader.get_event()
        return items

    def _mapping(self, key: Key) -> dict[str, object]:
        items: dict[str, object] = {}
        while not self._loader.check_event(yaml.MappingEndEvent):
            event = self._loader.get_event()
            line = _line(event)
            name = self._scalar(key, event) if isinstance(event, yaml.ScalarEvent) else None
            if not isinstance(name, str):
                self._lines[key] = line
                raise self._error(key, "a key must be text (put it in quotes)")
            path = (*key, name)
            first = self._lines.get(path)
            self._lines[path] = line
            if first:
                raise self._error(path, f"duplicate key, first on line {first}")
            items[name] = self._value(path)
        self._loader.get_event()
        return items

    def _scalar(self, key: Key, event: yaml.ScalarEvent) -> object:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag == _STR:
            return event.value
        try:
            if event.value.count(":") > _MAX_SIXTIES:
                raise ValueError(event.value)
            return self._loader.construct_object(yaml.ScalarNode(tag, event.value))
        except (yaml.YAMLError, ValueError, LookupError, ArithmeticError, AttributeError):
            value = ascii(event.value[:40])
            raise self._error(key, f"no {tag.rpartition(':')[2]}: {value}") from None


def _explain(data: object, message: str) -> tuple[Key, str]:
    """Turn msgspec's message into a key and a problem.

    msgspec does not say which key of a dict is at fault (``[...]``): each is tried alone.
    """
    match = _AT.fullmatch(message)
    problem, steps = (match[1], _STEP.findall(match[2])) if match else (message, [])
    key: Key = ()
    here = data
    for name, index in steps:
        if index == "..." and isinstance(here, dict):
            everything = dict(here)
            for step, value in everything.items():
                here.clear()
                here[step] = value
                try:
                    msgspec.convert(data, Exercise)
                except msgspec.ValidationError as error:
                    # Alone, another may fall to a second fault, which is not this one.
                    if str(error) == message:
                        key, here = (*key, step), value
                        break
            else:
                return key, problem.replace("`", "")
        elif isinstance(here, list):
            key, here = (*key, int(index)), here[int(index)]
        elif isinstance(here, dict):
            key, here = (*key, name), here[name]
    field = re.search(r"(unknown|missing required) field `(.*)`", problem, re.DOTALL)
    if field:
        return (*key, field[2]), "missing" if field[1] != "unknown" else "unknown key"
    if re.search(r"Expected `str`, got `(int|float|bool|date|datetime)`", problem):
        problem += " (put it in quotes)"
    return key, problem.replace("`", "").replace("Expected", "expected").replace("Inv", "inv")


def _faults(exercise: Exercise, folder: str) -> Iterator[tuple[Key, str]]:
    identifier, _, slug = folder.partition("_")
    if exercise.id != identifier:
        yield ("id",), f"expected {identifier} as in the folder's name, got {exercise.id!a}"
    if exercise.slug != slug:
        yield ("slug",), f"expected {slug} as in the folder's name, got {exercise.slug!a}"
    yield from _text_faults(("title",), exercise.title, one_line=True)
    yield from _text_faults(("summary",), exercise.summary)
    for n, concept in enumerate(exercise.concepts):
        yield from _text_faults(("concepts", n), concept)
    for name, parameters in exercise.functions.items():
        for n, word in enumerate((name, *parameters)):
            if not word.isidentifier():
                yield ("functions", name, *((n - 1,) if n else ())), f"{word!a} is no identifier"
    for name in exercise.limits.__struct_fields__:
        yield from _number_faults(("limits", name), getattr(exercise.limits, name))
    if not exercise.checks:
        yield ("checks",), "no checks"
    seen: dict[str, int] = {}
    for n, check in enumerate(exercise.checks):
        if not check.id.isidentifier():
            yield ("checks", n, "id"), f"{check.id!a} is no identifier"
        if seen.setdefault(check.id, n) != n:
            yield ("checks", n, "id"), f"{check.id} is the id of checks[{seen[check.id]}] too"
        yield from _text_faults(("checks", n, "title"), check.title, one_line=True)
        yield from _number_faults(("checks", n, "points"), check.points)
        if 0 < len(check.hints) < _MIN_HINTS:
            yield ("checks", n, "hints"), f"{_MIN_HINTS} at least or none, got {len(check.hints)}"
        for stage, hint in enumerate(check.hints):
            yield from _text_faults(("checks", n, "hints", stage), hint)
    for name, sentence in exercise.diagnoses.items():
        if not name.isidentifier():
            yield ("diagnoses", name), "a diagnosis id is an identifier"
        yield from _text_faults(("diagnoses", name), sentence)


def _number_faults(key: Key, number: float) -> Iterator[tuple[Key, str]]:
    most = _MOST.get(str(key[-1]), _MOST_OF_ANY)
    if not (math.isfinite(number) and number > 0):
        yield key, "must be more than 0 and finite"
    elif number > most:
        yield key, f"must be {most:,.0f} at most"


def _text_faults(key: Key, text: Text, one_line: bool = False) -> Iterator[tuple[Key, str]]:
    for language in LANGUAGES:
        words = text.in_language(language)
        if not words.strip():
            yield (*key, language), "empty"
        if one_line and not words.isprintable():
            yield (*key, language), "must be one line of printable characters"


def _mistake(path: Path, shown: str, known: set[str]) -> Mistake:
    def error(line: int, problem: str) -> CatalogError:
        return CatalogError(f"{shown}:{line}: {problem}")

    fault = ""
    caught_by: dict[str, str] | None = None
    number = 1
    for number, line in enumerate(_read(path, shown).splitlines(), 1):
        if not line.startswith("#"):
            break
        words = line[1:].strip()
        if number == 1:
            fault = words.removeprefix("mistake:").strip() if words.startswith("mistake:") else ""
            if not fault:
                raise error(1, "expected '# mistake: <one sentence>'")
        elif caught_by is None and words == "caught_by:":
            caught_by = {}
        elif caught_by is None:
            fault += f" {words}"
        else:
            entry = re.fullmatch(r"(\w+):\s*(\w+)", words)
            if not entry or not entry[2].isidentifier():
                raise error(number, "caught_by: expected '# check_id: diagnosis_id'")
            if entry[1] not in known:
                raise error(number, f"caught_by.{entry[1]}: no such check")
            if entry[1] in caught_by:
                raise error(number, f"caught_by.{entry[1]}: named twice")
            caught_by[entry[1]] = entry[2]
    if not fault:
        raise error(1, "expected '# mistake: <one sentence>'")
    if not caught_by:
        raise error(number, "caught_by: missing or empty")
    return Mistake(path=path, fault=fault, caught_by=caught_by)
