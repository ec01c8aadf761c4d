"""Tables in every encoding and with every separator that Excel and the platforms write."""

from __future__ import annotations

import pytest

from grader.classroom.collecting import CollectError
from grader.classroom.collecting.tables import read_table

ROWS = [["姓名", "学号"], ["张三, 丰", "1"], ["a\nb", '"2"']]
TEXT = '姓名,学号\r\n"张三, 丰",1\r\n\r\n"a\nb","""2"""\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(encoding: str) -> None:
    assert read_table(TEXT.encode(encoding), "x") == ROWS


def test_utf_16_without_its_mark() -> None:
    assert read_table("name,id\nAnn,1\n".encode("utf-16-le"), "x")[1] == ["Ann", "1"]


def test_western_bytes_that_are_no_chinese() -> None:
    assert read_table(b"name;id\nJos\xe9\xff;1\n", "x")[1][1] == "1"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(separator: str) -> None:
    data = separator.join(["name", "id"]) + "\n" + separator.join(["Ann", "1,5;x"[:1]]) + "\n"
    assert read_table(data.encode(), "x") == [["name", "id"], ["Ann", "1"]]


def test_excels_own_line_of_the_separator() -> None:
    assert read_table(b"sep=;\r\nname;id\r\nAnn;1\r\n", "x")[0] == ["name", "id"]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"name,id\n\0\0", "no text"),
        (b"PK\x03\x04\0\0\0", "no text"),
        (b'name\n"' + b"a" * 200_000, "no table"),
        (b"a\n" * 100_010, "too big"),
        (b"\xff\xfe\x00", "no text"),
    ],
    ids=["nul", "xlsx", "cell", "rows", "half"],
)
def test_no_table(data: bytes, word: str) -> None:
    with pytest.raises(CollectError, match=word) as caught:
        read_table(data, "x.csv")
    assert "x.csv" in caught.value.line("zh")
    assert "\n" not in str(caught.value)
