"""Reads files of authors: bytes, then text, then YAML as plain data with the line of every key.

Manifests are read event by event with libyaml's safe parser, never composed by it: its composer
recurses in C, and some 100,000 brackets end the interpreter; aliases are refused before
anything grows.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import yaml

MAX_BYTES = 1 << 20
_MAX_DEPTH = 12
_MAX_VALUES = 20_000
# PyYAML takes time that grows with the square of a number's digits in base 60 (1:59:59...).
_MAX_SIXTIES = 8
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
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


def read_text(path: Path, shown: str) -> str:
    """Return a file's text; ``shown`` is what it is called (CatalogError)."""
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


def fault(shown: str, lines: dict[Key, int], key: Key, problem: str) -> CatalogError:
    """Return the error that names file, line and key; ``lines`` has the line of every key."""
    line = next(lines[key[:n]] for n in range(len(key), -1, -1) if key[:n] in lines)
    return CatalogError(f"{shown}:{line}: {_dotted(key)}{': ' if key else ''}{problem}")


def _dotted(key: Key) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in key)
    text = "".join(steps).removeprefix(".")
    return text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class Manifest:
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
        return fault(self._shown, self._lines, key, problem)

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
