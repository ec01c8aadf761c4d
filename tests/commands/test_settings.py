"""``settings``: shown, changed, and in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import cli, settings


@pytest.fixture(autouse=True)
def inside(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a suite of its own, where the locale speaks English."""
    monkeypatch.chdir(suite)
    for name in ("DOJO_LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")


def ask(capsys: pytest.CaptureFixture[str], *words: str, code: int = cli.PASSED) -> str:
    """Give the command and return what it said, on standard error where it refused."""
    assert cli.main(["settings", *words]) == code
    said = capsys.readouterr()
    return said.err if code else said.out


def test_shows_what_is_so(capsys: pytest.CaptureFixture[str], suite: Path) -> None:
    assert ask(capsys).startswith("lang = auto ")
    settings.keep(suite, "lang", "zh")
    assert ask(capsys).startswith("lang = zh    所有文字")
    assert ask(capsys, "lang", "--lang", "en").startswith("lang = zh    the language")


def test_what_is_changed_holds_at_once(capsys: pytest.CaptureFixture[str], suite: Path) -> None:
    assert "所有文字" in ask(capsys, "lang", "zh")
    assert settings.language(suite) == "zh"
    assert "the language" in ask(capsys, "lang", "auto")
    assert settings.language(suite) is None
    assert "the language" in ask(capsys, "lang", "zh", "--lang", "en")


def test_says_what_goes_before_the_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOJO_LANG", "en")
    shown = ask(capsys, "lang", "zh")
    assert shown.startswith("lang = zh    the language")
    assert "DOJO_LANG=en" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["color"], "there is no setting color; there are: lang"),
        (["lang", "fr"], "lang cannot be fr; it can be: en, zh, auto"),
        (["lang", "ZH"], "lang cannot be ZH"),
        (["lang", ""], "lang cannot be"),
    ],
)
def test_refuses_what_is_no_setting(
    capsys: pytest.CaptureFixture[str], suite: Path, words: list[str], said: str
) -> None:
    line = ask(capsys, *words, code=cli.BAD_REQUEST)
    assert line.startswith(f"dojo: {said}")
    assert line.count("\n") == 1
    assert not (suite / ".dojo").exists()


def test_names_what_was_broken(capsys: pytest.CaptureFixture[str], suite: Path) -> None:
    (suite / ".dojo").mkdir()
    (suite / ".dojo" / "settings.json").write_text("{")
    assert ask(capsys).startswith("lang = auto ")
    shown = ask(capsys, "lang", "en")
    assert "kept as .dojo/settings.broken-1.json" in shown
    assert "lang = en" in shown


def test_says_where_nothing_can_be_kept(capsys: pytest.CaptureFixture[str], suite: Path) -> None:
    (suite / ".dojo").write_text("in the way")
    line = ask(capsys, "lang", "zh", code=cli.BAD_REQUEST)
    assert line == "dojo: cannot write .dojo/settings.json: File exists\n"
