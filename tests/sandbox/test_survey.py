"""The survey of a machine: rungs are tried; advice follows what the system says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.model import LANGUAGES, Isolation
from grader.sandbox import UnavailableError, open_sandbox, survey
from grader.texts import has_text


def system(folder: Path, **settings: int) -> Path:
    """Make a small system whose sysctls are as given (``kernel__x``: kernel/x)."""
    for name, value in settings.items():
        file = folder / "proc/sys" / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    return folder


REFUSED = ("bubblewrap_refused: bwrap: setting up uid map: Permission denied",)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"user__max_user_namespaces": 0}, "do_sysctl_max"),
        ({"kernel__unprivileged_userns_clone": 0}, "do_sysctl_clone"),
        ({"kernel__apparmor_restrict_unprivileged_userns": 1}, "do_apparmor"),
        (
            {
                "user__max_user_namespaces": 1,
                "kernel__unprivileged_userns_clone": 1,
                "kernel__apparmor_restrict_unprivileged_userns": 0,
            },
            "do_look_closer",
        ),
        ({}, "do_look_closer"),
    ],
)
def test_names_the_setting_that_is_in_the_way(
    tmp_path: Path, settings: dict[str, int], advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert survey.advice_for(REFUSED, system(tmp_path, **settings)) == (advice,)


@pytest.mark.parametrize("sign", [".dockerenv", "run/.containerenv", ""])
def test_knows_a_container(tmp_path: Path, sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert not survey.in_container(tmp_path)
    if sign:
        (tmp_path / sign).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / sign).touch()
    else:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert survey.advice_for(REFUSED, tmp_path) == ("do_container",)
    proc = ("bubblewrap_refused: bwrap: Can't mount proc on /newroot/proc",)
    assert survey.advice_for(proc, tmp_path) == ("do_container_proc",)


@pytest.mark.parametrize(
    "entry",
    [
        "bubblewrap_missing",
        "not_linux",
        "no_landlock",
        "tcp_ports",
        "signals",
        "seccomp",
        "other_user",
    ],
)
def test_every_lack_that_can_be_mended_has_advice(
    entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for root in (True, False):
        monkeypatch.setattr(survey, "_is_root", lambda root=root: root)
        (step,) = survey.advice_for((entry,))
        for language in LANGUAGES:
            assert has_text(f"doctor.{step}", language)
            assert has_text(f"isolation.{entry}", language)


def test_every_step_has_its_words() -> None:
    source = Path(survey.__file__).read_text(encoding="utf-8")
    steps = {word for word in source.replace('"', " ").split() if word.startswith("do_")}
    assert len(steps) >= 10
    for language in LANGUAGES:
        assert all(has_text(f"doctor.{step.strip(',)')}", language) for step in steps)


def test_tries_each_rung_best_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def only_none(choice: str, *_: object) -> object:
        if choice != "none":
            raise UnavailableError("bubblewrap_missing" if choice == "full" else "no_landlock")
        return open_sandbox("none", *_)  # type: ignore[arg-type]

    monkeypatch.setattr("grader.sandbox.survey.open_sandbox", only_none)
    full, partial, none = survey.survey(tmp_path)
    assert (full.level, partial.level, none.level) == ("full", "partial", "none")
    assert (full.works, partial.works, none.works) == (False, False, True)
    assert full.missing == ("bubblewrap_missing",)
    assert full.advice == ("do_install_bubblewrap",)
    assert partial.advice == ("do_enable_landlock",)


@pytest.mark.needs_bwrap
def test_a_rung_that_works_says_so() -> None:
    rung = survey.survey()[0]
    assert (rung.level, rung.works) == ("full", True)
    assert rung.missing == Isolation("full", "bubblewrap").missing
