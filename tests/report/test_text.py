"""What a person reads at a terminal.

``UPDATE_GOLDEN=1 pytest tests/report`` writes the stored reports anew; read the diff.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.model import CheckResult, Event, Isolation, Language, Location, Verdict
from grader.pages import Page
from grader.report import ReportOptions, render
from grader.report._layout import columns

GOLDEN = Path(__file__).parent / "golden"
Make = Callable[..., Verdict]
MakeCheck = Callable[..., CheckResult]


def show(*verdicts: Verdict, **options: object) -> str:
    return render("text", verdicts, ReportOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "language", "options"),
    [
        ("failed.en", "en", {}),
        ("failed.zh", "zh", {}),
        ("failed_narrow.zh", "zh", {"width": 60}),
        ("failed_ascii.en", "en", {"ascii": True, "width": 80}),
        ("failed_colour.en", "en", {"colour": True}),
    ],
)
def test_a_failed_verdict_as_stored(
    story: Callable[[Language], Verdict],
    source: list[str],
    name: str,
    language: Language,
    options: dict[str, object],
) -> None:
    options = {"language": language, "source_lines": lambda _: source, **options}
    shown = show(story(language), **options)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1, 50, 61, 80, 100, 200])
def test_lines_keep_the_width_and_points_are_flush_right(
    story: Callable[[Language], Verdict], source: list[str], language: Language, width: int
) -> None:
    one = story(language)
    shown = show(one, one, language=language, width=width, source_lines=lambda _: source)
    width = max(width, 50)
    for line in shown.splitlines():
        if "nox -s" not in line:
            assert columns(line) <= width, line
    assert [columns(line) for line in shown.splitlines() if line.endswith("/1")] == [width] * 4


def test_a_passed_verdict_is_short(verdict: Make, check: MakeCheck) -> None:
    shown = show(verdict(check("a"), check("b")), width=50)
    assert shown.splitlines() == [
        "ex03 · TCP echo",
        "",
        "✓ a" + " " * 44 + "1/1",
        "✓ b" + " " * 44 + "1/1",
        "",
        "Score 2 of 2 · 2 of 2 checks passed · 0.61 s",
        "",
        "Isolation: full (bubblewrap).",
        "All passed. Look at the reference beside your own",
        "file: nox -s solution -- ex03",
    ]


def test_the_fourth_failure_is_one_line(verdict: Make, check: MakeCheck) -> None:
    checks = [
        check(f"c{n}", "failed", message=f"Reason {n}. More of {n}.", expected=f"want {n}")
        for n in range(5)
    ]
    shown = show(verdict(*checks))
    assert [f"want {n}" in shown for n in range(5)] == [True, True, True, False, False]
    assert [f"More of {n}." in shown for n in range(5)] == [True, True, True, False, False]
    assert "  Reason 4.\n" in shown
    assert "The first 3 failures are shown in full" in shown
    full = show(verdict(*checks), verbose=True)
    assert all(f"want {n}" in full and f"More of {n}." in full for n in range(5))
    assert "The first 3" not in full


def test_three_failures_are_all_in_full(verdict: Make, check: MakeCheck) -> None:
    shown = show(verdict(*(check(f"c{n}", "failed", message=f"R{n}. M{n}.") for n in range(3))))
    assert all(f"M{n}." in shown for n in range(3))
    assert "in full" not in shown


def test_one_reason_for_all_is_said_once(verdict: Make, check: MakeCheck) -> None:
    place = Location(3, "<module>", "import sokcet", "raised")
    failed = [
        check(
            f"c{n}", "failed", diagnosis="crashed", message="It cannot be loaded.", location=place
        )
        for n in range(6)
    ]
    shown = show(verdict(*failed, check("ok")))
    assert shown.count("It cannot be loaded.") == 1
    assert shown.count("✗ c") == 6
    assert "6 checks fail for one and the same reason:" in shown
    assert "tcp_echo.py:3, at the top level · raised here\n    ▸ 3  import sokcet\n" in shown
    assert show(verdict(*failed), verbose=True).count("It cannot be loaded.") == 6


def test_the_graders_own_error_costs_nothing_and_says_so(verdict: Make, check: MakeCheck) -> None:
    one = verdict(check("a"), check("b", "error", message="KeyError: 'x'\nline 2\nline 3\nline 4"))
    shown = show(one)
    assert re.search(r"^! b +not counted$", shown, re.MULTILINE)
    assert "  KeyError: 'x'\n  line 2\n\n" in shown
    assert "line 4" in show(one, verbose=True)
    assert "1 of 1 checks passed · 0.61 s · 1 without a result" in shown
    assert "The grader failed, not your file" in shown


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Event(0, "peer", "accept"), "you → peer  connect (accepted)"),
        (Event(0, "peer", "end"), "you → peer  end of data"),
        (Event(0, "peer", "reset_received"), "you → peer  reset"),
        (Event(0, "peer", "refused"), "you → peer  connection refused"),
        (Event(0, "peer", "close"), "peer → you  close"),
        (Event(0, "peer", "send", 0, ""), 'peer → you  "" (0 bytes)'),
        (Event(0, "peer", "send", 1, "x"), 'peer → you  "x" (1 byte)'),
        (Event(0, "peer", "send", 16 << 20), "peer → you  send (16,777,216 bytes)"),
        (Event(0, "peer 2", "receive", 3, "abc"), 'you → peer 2  "abc" (3 bytes)'),
        (Event(0, "peer", "note", 0, "drops the reply"), "peer      drops the reply"),
        (Event(0, "peer", "expect", 0, "a reply"), "expected  a reply"),
        (Event(0, "you", "call", 0, "echo('h', 1)"), "you       calls echo('h', 1)"),
        (Event(0, "you", "return", 3, "b'abc'"), "you       returns b'abc' (3 bytes)"),
        (Event(0, "you", "invented", 0, "new"), "you       invented new"),
        (Event(0, "router", "invented"), "router    invented"),
        (Event(0, "127.0.0.2", "send", 2, "hi"), '127.0.0.2 → you  "hi" (2 bytes)'),
    ],
)
def test_events_in_words(verdict: Make, check: MakeCheck, event: Event, line: str) -> None:
    shown = show(verdict(check("a", "failed", transcript=(event,))))
    assert re.search(rf"^    1 {re.escape(line)} +t = 0\.0 ms$", shown, re.MULTILINE), shown


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Location(1, "", "", "blocked", "recv()"), "your code waits in recv(), with no time limit"),
        (Location(1, "", "", "blocked"), "your code waits, with no time limit"),
        (Location(1, "", "", "sleeping", "recv()"), "your code waits in recv()"),
        (Location(1, "", "", "spinning"), "your code runs in circles"),
        (
            Location(1, "", "", "spinning", "recv()", 1200, 7, 0.02),
            "your code runs in circles: in 20 ms it called recv() 1,200 times",
        ),
        (
            Location(1, "", "", "spinning", "recv()", 1200, 1200, 0.02),
            "your code runs in circles: in 20 ms it called recv() 1,200 times, and every time "
            "nothing came back",
        ),
    ],
)
def test_what_the_code_was_doing_is_what_came_instead(
    verdict: Make, check: MakeCheck, place: Location, words: str
) -> None:
    events = (Event(0, "peer", "connect"), Event(1, "you", "wait", 0, place.doing))
    one = check("a", "stuck", location=place, transcript=events, expected="an answer")
    shown = " ".join(show(verdict(one)).split())
    assert f" 2 expected an answer instead {words} " in shown
    assert "waits in recv() t =" not in shown


def test_silence_is_what_came_instead(verdict: Make, check: MakeCheck) -> None:
    events = (Event(0, "peer", "connect"), Event(5, "peer", "timeout"))
    shown = show(verdict(check("a", "stuck", transcript=events, expected="an answer")))
    assert re.search(r"^      instead +nothing came$", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("expected", "received", "at"),
    [
        ('"hello" (5 bytes)', '"help" (4 bytes)', 3),
        ('"héllo" (6 bytes)', '"hallo" (5 bytes)', 1),
        ('"数据1" (7 bytes)', '"数据2" (7 bytes)', 4),
        ('"abc" (3 bytes)', '"abcd" (4 bytes)', 3),
        ('"abc" (3 bytes)', '"abc" (3 bytes)', None),
        ('"…a▸b" (100 bytes)', '"…a▸c" (100 bytes)', None),
        ("ConnectionError", '"abc" (3 bytes)', None),
    ],
)
def test_the_first_difference_has_a_caret(
    verdict: Make, check: MakeCheck, expected: str, received: str, at: int | None
) -> None:
    shown = show(verdict(check("a", "failed", expected=expected, received=received)))
    lines = shown.splitlines()
    here = next(n for n, line in enumerate(lines) if "instead" in line)
    below = lines[here + 1]
    if at is None:
        assert "^" not in below
    else:
        assert below == " " * (columns(lines[here][: lines[here].index('"')]) + 1 + at) + "^"


def test_a_failure_that_another_explains_is_one_line(verdict: Make, check: MakeCheck) -> None:
    place = Location(3, "f", "x()", "raised")
    checks = [
        check("a", "failed", message="Reason A.", diagnosis="d", location=place, expected="want A"),
        check("b", "failed", message="Reason B.", diagnosis="e", because="a", expected="want B"),
        check("c", "failed", message="Reason C.", diagnosis="d", location=place, because="a"),
        check("d", "failed", message="Reason D.", diagnosis="g", expected="want D"),
    ]
    shown = show(verdict(*checks))
    assert "want A" in shown
    assert "want D" in shown
    assert "Builds on “a”, which failed: mend that first." in shown
    assert "The same place and the same reason as “a”." in shown
    assert "Reason B" not in shown
    assert "Reason C" not in shown
    assert "Reason B" in show(verdict(*checks), verbose=True)


def test_a_failure_names_its_page(verdict: Make, check: MakeCheck) -> None:
    one = verdict(check("a", "failed", diagnosis="no_timeout", message="M."))
    line = "nox -s explain -- no_timeout"
    page = Page("no_timeout", "No time limit", "")
    assert line in show(one, page_of=lambda verdict, check: page)
    assert line not in show(one, page_of=lambda verdict, check: None)


def test_a_long_conversation_shows_its_ends(verdict: Make, check: MakeCheck) -> None:
    events = tuple(Event(n - 1, "peer", "send", 1, f"<{n}>") for n in range(1, 2001))
    one = verdict(check("a", "failed", transcript=events, expected="rest"))
    shown = show(one)
    assert [f'"<{n}>"' in shown for n in (1, 4, 5, 1990, 1991, 2000)] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]
    assert "(1,986 lines left out)" in shown
    assert " 2001 expected" in shown
    assert "t = 1999.00 s\n" in shown
    assert len(show(one, verbose=True).splitlines()) < 200


def test_long_output_shows_its_ends(verdict: Make, check: MakeCheck) -> None:
    output = "".join(f"line {n}\n" for n in range(1, 5001)) + "z" * 100_000
    shown = show(verdict(check("a", "failed", output=output)))
    assert "  │ line 4\n  │ (4,989 lines left out)\n  │ line 4994\n" in shown
    assert "z" * 95 + "…\n" in shown
    assert len(shown) < 3000


def test_source_that_has_changed_since_is_not_shown(verdict: Make, check: MakeCheck) -> None:
    place = Location(2, "f", "  old line", "blocked")
    one = verdict(check("a", "failed", location=place))
    for lines in (["x", "new line", "y"], ["x"], [], None):
        shown = show(one, source_lines=lambda _, lines=lines: lines)
        assert "tcp_echo.py:2, in f\n    ▸ 2    old line\n" in shown
        assert "new line" not in shown
    assert "▸ 2  old line\n      3  y" in show(
        one, source_lines=lambda _: ["", "old line", "y", ""]
    )


def test_two_lines_around_at_the_edges_of_a_file(verdict: Make, check: MakeCheck) -> None:
    lines = [f"line{n}" for n in range(1, 12)]
    shown = [
        re.findall(
            r"line\d+",
            show(verdict(check("a", "failed", location=Location(n))), source_lines=lambda _: lines),
        )
        for n in (1, 5, 11, 0, 12, -3)
    ]
    assert shown[:3] == [lines[:3], lines[2:7], lines[8:]]
    assert shown[3:] == [[], [], []]


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("tcp_echo.py", "nox -s grade -- ex03"),
        ("exercises/ex03_tcp_echo/tcp_echo.py", "nox -s grade -- ex03"),
        ("/suite/exercises/ex03_tcp_echo/tcp_echo.py", "nox -s grade -- ex03"),
        ("mine/tcp_echo.py", "nox -s grade -- ex03 --file mine/tcp_echo.py"),
        ("a b;c.py", "nox -s grade -- ex03 --file 'a b;c.py'"),
    ],
)
def test_the_next_command_grades_the_same_file(
    verdict: Make, check: MakeCheck, path: str, command: str
) -> None:
    shown = show(verdict(check("a", "failed")), path_of=lambda _: path, width=200)
    assert shown.endswith(f"Change {path}, then grade again: {command}\n")


def test_isolation_says_what_is_missing_and_once_for_all(verdict: Make) -> None:
    half = Isolation("partial", "landlock", ("no_landlock", "files"))
    shown = show(verdict(isolation=half), verdict(isolation=half), verdict())
    assert (
        " ".join(shown.split()).count(
            "Isolation: partial (landlock). Note: this kernel has no Landlock"
        )
        == 1
    )
    assert shown.count("Isolation: full") == 1
    assert "your own work" in show(verdict(isolation=Isolation("none", "plain")))


def test_several_exercises_end_in_a_table(verdict: Make, check: MakeCheck) -> None:
    good = verdict(check("a"), exercise="ex01", slug="bytes_codec", title="文本与字节")
    bad = verdict(check("a", "failed"), check("b", points=2.5, earned=2.5), title="TCP echo")
    shown = show(good, bad, width=50)
    assert shown[shown.index("  Exercise") :].splitlines() == [
        "  Exercise           Checks    Score",
        "────────────────────────────────────",
        "✓ ex01 · 文本与字节     1/1      1/1",
        "✗ ex03 · TCP echo       1/2  2.5/3.5",
        "────────────────────────────────────",
        "  Total                 2/3  3.5/4.5",
        "",
        "Isolation: full (bubblewrap).",
        "Change tcp_echo.py, then grade again:",
        "nox -s grade -- ex03",
    ]


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [50, 73, 100])
def test_a_submission_cannot_steer_the_terminal_or_the_runner(
    hostile: Verdict, hostile_lines: list[str], verbose: bool, language: Language, width: int
) -> None:
    shown = show(
        hostile,
        hostile,
        language=language,
        verbose=verbose,
        width=width,
        source_lines=lambda _: hostile_lines,
    )
    shown.encode()
    odd = {char for char in shown if unicodedata.category(char)[0] == "C"}
    assert odd == {"\n"}
    assert "\u2028" not in shown
    assert not re.search(r"^\s*::[a-z]", shown, re.MULTILINE)
    assert "##[" not in shown
    assert r"\x1b[2J" in shown
    assert r"\u202eevil" in shown


def test_colour_changes_nothing_but_colour(story: Callable[[Language], Verdict]) -> None:
    painted = show(story("en"), story("zh"), colour=True)
    assert "\x1b[31m✗\x1b[0m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == show(story("en"), story("zh"))
    assert "\x1b" not in show(story("en"))


def test_nothing_graded() -> None:
    assert show() == "Nothing was graded.\n"
    assert show(language="zh") == "没有评测任何练习。\n"
