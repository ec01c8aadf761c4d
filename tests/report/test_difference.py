"""Where two texts begin to differ, and what is left of long ones."""

from __future__ import annotations

import pytest

from grader.report._difference import compared, shortened


@pytest.mark.parametrize(
    ("expected", "received", "marked"),
    [
        ('"hello" (5 bytes)', '"help!" (5 bytes)', ("l", "p")),
        ('"a\\x00b" (3 bytes)', '"a\\x01b" (3 bytes)', ("\\x00", "\\x01")),
        ('"a" (1 byte)', '"ab" (2 bytes)', ('"', "b")),
        ('"ab▸\\r\\n" (9)', '"ab▸" (2)', ("\\r", '"')),
        ("127.0.0.1:22063", "127.0.0.2:22063", ("1", "2")),
        ("16,777,216 bytes", "3,919,467 bytes", ("", "")),
        ("no bytes", "nothing", ("", "")),
        ("you close it", "your code waits", ("", "")),
        ("16,777,216 bytes", "16,777,000 bytes", ("2", "0")),
        ("5 bytes", "54 bytes", ("", "")),
        ("b'abc'", "b'abd'", ("c", "d")),
        ("same", "same", ("", "")),
        ("127.0.0.1:80", "127.0.0.1:8080", ("", "8")),
        ("", '"x"', ("", "")),
        ("abc", "", ("", "")),
        ("[1, 2]", "[1, 3]", ("2", "3")),
    ],
)
def test_the_first_difference_is_marked(
    expected: str, received: str, marked: tuple[str, str]
) -> None:
    one, other = compared(expected, received)
    assert (one[1], other[1]) == marked
    assert ("".join(one), "".join(other)) == (expected, received)


def test_long_words_are_cut_visibly() -> None:
    one, other = compared('"' + "a" * 99_999, '"' + "a" * 9_000 + "b")
    assert len("".join(one)) < 3000
    assert "".join(one).endswith("…")
    assert "".join(other).endswith("…")


@pytest.mark.parametrize(("size", "left_out"), [(0, 0), (4000, 0), (4001, 1), (262_144, 258_144)])
def test_a_long_output_loses_its_middle(size: int, left_out: int) -> None:
    output = "".join(str(n % 10) for n in range(size))
    head, missing, tail = shortened(output)
    assert missing == left_out
    assert (output.startswith(head), output.endswith(tail)) == (True, True)
    assert len(head) + missing + len(tail) == size
