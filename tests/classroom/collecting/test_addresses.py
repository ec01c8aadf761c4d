"""Lists of addresses as people write them."""

from __future__ import annotations

import pytest

from grader.classroom.collecting import CollectError
from grader.classroom.collecting.addresses import addresses
from grader.classroom.collecting.roster import read_roster

README = b"some words\n" * 20 + b"see https://x.org/about for more\n"
ROSTER = read_roster(b"name,id,login\nAnn Lee,1,ann\nBob,2,bob\n", "r.csv")


@pytest.mark.parametrize(
    ("line", "url", "key"),
    [
        ("https://x.org/a/lab-ann.git", "https://x.org/a/lab-ann.git", ""),
        ("Ann Lee, https://x.org/lab.git", "https://x.org/lab.git", "1"),
        ("https://x.org/lab.git\tbob", "https://x.org/lab.git", "2"),
        ("git@x.org:a/lab.git", "git@x.org:a/lab.git", ""),
        ("ssh://git@x.org/a/lab.git", "ssh://git@x.org/a/lab.git", ""),
        ("file:///srv/lab.git", "file:///srv/lab.git", ""),
    ],
)
def test_lines(line: str, url: str, key: str) -> None:
    wanted = addresses(f"# ours\n\n{line}\n".encode(), "l.txt", ROSTER)
    assert wanted.urls == ((url, key),)
    assert wanted.bad == ()


def test_one_repository_of_two_is_said() -> None:
    wanted = addresses(b"ann https://x.org/l\nbob https://x.org/l\n", "l.txt", ROSTER)
    assert wanted.urls == (("https://x.org/l", "1"),)
    assert wanted.bad == (("https://x.org/l", "url_of_two"),)


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"hello\n", b"\0\1", b"\xff\xfe", README])
def test_no_list(data: bytes) -> None:
    with pytest.raises(CollectError, match=r"l\.txt"):
        addresses(data, "l.txt", None)


def test_too_many() -> None:
    with pytest.raises(CollectError, match="more than"):
        addresses(b"https://x.org/l\n" * 20_002, "l.txt", None)
