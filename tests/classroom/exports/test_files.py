"""Whole files, harmless cells, names that no file system mixes up."""

from __future__ import annotations

import csv
import io
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.classroom.exports._files import cell, slug, table, write_or_remove, write_whole
from grader.classroom.model import Student


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""), (3, "3"), (Decimal("7.50"), "7.50"), (Decimal("1E+2"), "100"),
        ("plain", "plain"), ("-1.5", "-1.5"), ("+3", "+3"), ("-", "-"),
        ("=1+1", "'=1+1"), ("+1+1", "'+1+1"), ("-1-1", "'-1-1"), ("@x", "'@x"),
        ("  =1", "'  =1"), ("\n=1", "'\n=1"), ("\t=1", "\\t=1"), ("\r=1", "\\r=1"),
        ("＝1", "'＝1"), ("＠x", "'＠x"), ("-1\n=2", "'-1\n=2"), ("\u200b=1", "\\u200b=1"),
        ("--", "'--"), ("a=1", "a=1"), ("\x1b[2J", "\\x1b[2J"), ("\u202eab", "\\u202eab"),
        ("\x00", "\\x00"), ("\ud800", "\\ud800"), ("a\nb", "a\nb"), ("李明 é", "李明 é"),
        (float("nan"), "nan"), (True, "True"),
    ],
)  # fmt: skip
def test_a_cell_is_what_it_says(value: object, shown: str) -> None:
    assert cell(value) == shown


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=4), max_size=5))
@example([["=", "\r\n"], ['"', ","], ["\ud800", "\x00"]])
def test_a_table_reads_back_and_holds_no_formula(rows: list[list[str]]) -> None:
    words = table(rows, bom=True).decode("utf-8-sig")
    back = list(csv.reader(io.StringIO(words, newline=""), strict=True))
    assert back == [[cell(value) for value in row] for row in rows]
    for value in (value for row in back for value in row):
        begins = value.lstrip()[:1]
        assert begins not in tuple("=@＝＋－＠")
        assert begins not in ("+", "-") or re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?|-", value)
        assert all(char == "\n" or char.isprintable() or char in "\u200c\u200d\u3000" or
                   char.isspace() for char in value)  # fmt: skip


def test_only_what_excel_opens_has_a_mark() -> None:
    assert table([["é"]], bom=True) == b"\xef\xbb\xbf\xc3\xa9\r\n"
    assert table([["é"]], bom=False) == b"\xc3\xa9\r\n"


def test_a_table_without_lines_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "left.csv"
    assert write_or_remove(path, [["a"], ["b"]], bom=False) == [path]
    assert write_or_remove(path, [["a"]], bom=False) == []
    assert write_or_remove(path, [["a"]], bom=False) == []
    assert not path.exists()


def test_what_a_killed_run_left_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.csv"
    write_whole(path, b"old")
    (path.parent / ".a.csv.part").write_bytes(b"half of")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["a.csv"]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6, unique=True))
@example(["CON", "con", "Con.", "../..", "a/b", "a\\b", "", ".", "李明", "x" * 500, "A", "a"])
def test_slugs_are_safe_and_nobody_shares_one(keys: list[str]) -> None:
    made = [slug(Student(key)) for key in keys]
    assert len(set(made)) == len(keys)
    for name in made:
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
        assert len(name) <= 60
        assert name.casefold() == name
    assert made == [slug(Student(key)) for key in keys]
