"""Settings: read at the start of every command, whatever their file is like."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import cli, settings
from grader.settings import SettingsError

FILE = ".dojo/settings.json"
LOCALES = ("DOJO_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a suite without a setting, where the locale speaks English."""
    (tmp_path / "exercises" / "ex03_tcp_echo").mkdir(parents=True)
    for name in LOCALES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.chdir(tmp_path / "exercises" / "ex03_tcp_echo")
    return tmp_path


def put(root: Path, content: str | bytes) -> None:
    (root / ".dojo").mkdir(exist_ok=True)
    (root / FILE).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_without_a_file_there_are_no_settings(root: Path) -> None:
    assert settings.load(root) == {}
    assert settings.language(root) is None
    assert settings.load(root / "exercises" / "nowhere") == {}
    assert sorted(entry.name for entry in root.iterdir()) == ["exercises"]


def test_the_root_is_looked_for_upwards(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.nearest_root() == root
    outside = tmp_path_factory.mktemp("outside")
    monkeypatch.chdir(outside)
    assert settings.nearest_root() is None
    outside.rmdir()
    assert settings.nearest_root() is None


def test_what_is_kept_is_read(root: Path) -> None:
    assert settings.keep(root, "lang", "zh") is None
    assert settings.language(root) == "zh"
    assert settings.keep(root, "lang", "auto") is None
    assert settings.language(root) is None
    found = sorted(entry.name for entry in (root / ".dojo").iterdir())
    assert found == [".gitignore", "settings.json"]


def test_settings_of_newer_programs_are_kept(root: Path) -> None:
    put(root, '{"lang": "en", "theme": {"dark": [1, 2]}}')
    settings.keep(root, "lang", "zh")
    assert json.loads((root / FILE).read_text()) == {"lang": "zh", "theme": {"dark": [1, 2]}}


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "half of it": b'{"lang": "z',
    "a list": b"[]",
    "a number": b"7",
    "no UTF-8": b'{"lang": "\xff"}',
    "brackets": b"[" * 100_000,
    "too much": b" " * (1 << 17),
    "a language that is none": b'{"lang": "tlh"}',
    "a language that is a list": b'{"lang": ["zh"]}',
    "a language that hides": b'{"lang": "\\u001b[2J"}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_costs_one_line(
    root: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    put(root, content)
    with pytest.raises(SettingsError):
        settings.language(root)
    assert cli.locale_language() == "en"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("dojo: .dojo/settings.json is passed over: ")
    assert said.err.count("\n") == 1
    assert said.err[:-1].isprintable()
    assert (root / FILE).read_bytes() == content


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_set_aside_when_a_setting_is_kept(root: Path, content: bytes) -> None:
    for number in (1, 2):
        put(root, content)
        kept = settings.keep(root, "lang", "zh")
        assert settings.language(root) == "zh"
        if kept is not None:
            assert kept == root / ".dojo" / f"settings.broken-{number}.json"
            assert kept.read_bytes() == content


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device", "link to nothing"])
def test_what_is_no_file_holds_nobody_up(
    root: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    (root / ".dojo").mkdir()
    make: dict[str, Callable[[Path], object]] = {
        "pipe": os.mkfifo,
        "folder": Path.mkdir,
        "loop": lambda path: path.symlink_to(path),
        "device": lambda path: path.symlink_to("/dev/zero"),
        "link to nothing": lambda path: path.symlink_to("gone"),
    }
    make[kind](root / FILE)
    assert cli.locale_language() == "en"
    assert capsys.readouterr().err.count("\n") == (kind != "link to nothing")
    settings.keep(root, "lang", "zh")
    assert settings.language(root) == "zh"


def test_a_full_disk_leaves_the_old_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.keep(root, "lang", "zh")

    def full(*paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        settings.keep(root, "lang", "en")
    assert settings.language(root) == "zh"
    found = sorted(entry.name for entry in (root / ".dojo").iterdir())
    assert found == [".gitignore", "settings.json"]


def test_a_file_in_the_folders_place_stays(root: Path) -> None:
    (root / ".dojo").write_text("in the way")
    assert settings.load(root) == {}
    with pytest.raises(OSError, match="exists"):
        settings.keep(root, "lang", "zh")
    assert (root / ".dojo").read_text() == "in the way"


# -- which language is spoken --------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "dojo_lang", "setting", "locale", "spoken"),
    [
        (["--lang", "en"], "zh", "zh", "zh_CN", "en"),
        (["--lang=zh"], "en", "en", "en_GB", "zh"),
        ([], "zh", "en", "en_GB", "zh"),
        ([], "fr", "zh", "zh_CN", "en"),
        ([], "", "zh", "en_GB", "zh"),
        ([], "", "en", "zh_CN", "en"),
        ([], "", "auto", "zh_CN", "zh"),
        ([], "", "auto", "en_GB", "en"),
        ([], "", "", "zh_CN", "zh"),
        (["--lang", "fr"], "", "zh", "en_GB", "zh"),
    ],
)
def test_the_nearest_wish_decides(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    dojo_lang: str,
    setting: str,
    locale: str,
    spoken: str,
) -> None:
    monkeypatch.setenv("DOJO_LANG", dojo_lang)
    monkeypatch.setenv("LANG", f"{locale}.UTF-8")
    if setting:
        settings.keep(root, "lang", setting)
    assert cli._language_of(["grade", *words]) == spoken


def test_outside_a_suite_nothing_is_read(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.keep(root, "lang", "zh")
    assert cli.locale_language() == "zh"
    monkeypatch.chdir(tmp_path_factory.mktemp("outside"))
    assert cli.locale_language() == "en"


def test_with_standard_error_closed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "{")
    monkeypatch.setattr("sys.stderr", None)
    assert cli.locale_language() == "en"
