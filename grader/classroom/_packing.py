"""Verdicts made small for the store: compressed against the first one of their exercise.

Verdicts of one exercise are much alike, so that one is what zlib is given to look back at
(RFC 1950, "preset dictionary"); it is kept in the table ``dictionaries``.
"""

from __future__ import annotations

import json
import sqlite3
import zlib

import msgspec

from grader.model import Verdict

TABLE = "dictionaries (id INTEGER PRIMARY KEY, exercise TEXT NOT NULL UNIQUE, data BLOB NOT NULL)"
_MOST_BYTES = 32 << 10  # as far as zlib looks back
_LEVEL = 9


class Packing:
    """Packs verdicts for one database, and remembers the dictionaries that it has read."""

    def __init__(self) -> None:
        self._data: dict[int, bytes] = {}
        self._number_of: dict[str, int] = {}

    def forget(self) -> None:
        """Read the dictionaries again: what was written last has not been kept."""
        self._data.clear()
        self._number_of.clear()

    def pack(self, database: sqlite3.Connection, verdict: Verdict) -> tuple[int, bytes]:
        """Return a dictionary's number, and the verdict as bytes; within a transaction."""
        data = to_json(verdict)
        number = self._number_of.get(verdict.exercise)
        if number is None:
            number = self._find(database, verdict.exercise, data)
        packer = zlib.compressobj(_LEVEL, zdict=self._data[number])
        return number, packer.compress(data) + packer.flush()

    def unpack(self, database: sqlite3.Connection, number: int, packed: bytes) -> Verdict:
        """Return a verdict (zlib.error, msgspec.ValidationError, sqlite3.DatabaseError)."""
        if number not in self._data:
            query = "SELECT data FROM dictionaries WHERE id = ?"
            found = database.execute(query, [number]).fetchone()
            if found is None:
                raise sqlite3.DatabaseError("a dictionary is missing")
            self._data[number] = zlib.decompress(found[0])
        unpacker = zlib.decompressobj(zdict=self._data[number])
        return of_json(unpacker.decompress(packed) + unpacker.flush())

    def _find(self, database: sqlite3.Connection, exercise: str, data: bytes) -> int:
        query = "SELECT id, data FROM dictionaries WHERE exercise = ?"
        found = database.execute(query, [exercise]).fetchone()
        if found is not None:
            number, kept = int(found[0]), zlib.decompress(found[1])
        else:
            kept = data[:_MOST_BYTES]
            made = database.execute(
                "INSERT INTO dictionaries (exercise, data) VALUES (?, ?)",
                [exercise, zlib.compress(kept, _LEVEL)],
            )
            number = made.lastrowid or 0
        self._number_of[exercise] = number
        self._data[number] = kept
        return number


def to_json(verdict: Verdict) -> bytes:
    """Return a verdict as JSON, in UTF-8."""
    try:
        return msgspec.json.encode(verdict)
    except UnicodeEncodeError:  # a lone surrogate, which JSON can spell
        return json.dumps(msgspec.to_builtins(verdict)).encode()


def of_json(data: bytes) -> Verdict:
    """Return the verdict in a JSON text (msgspec.ValidationError)."""
    try:
        return msgspec.json.decode(data, type=Verdict)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeError):  # a lone surrogate, which msgspec refuses
        return msgspec.convert(json.loads(data), Verdict)
