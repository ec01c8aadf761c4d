"""What this machine can isolate, why it cannot do more, and what would change that.

Rungs are tried, not guessed at: a sandbox is opened on each and a learner process started
in it.  Only the advice is taken from what the system says of itself.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from grader.model import IsolationLevel, Limits
from grader.sandbox import IsolationChoice, SandboxError, Submission, UnavailableError, open_sandbox

_SYSTEM = Path("/")
_CONTAINER_SIGNS = (".dockerenv", "run/.containerenv")
_TRIAL = Submission("trial.py", b"", "trial")


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder on this machine.

    ``missing`` are entries as in ``Isolation.missing``, ``advice`` keys of
    ``texts/*/doctor.json`` that begin with ``do_``.
    """

    level: IsolationLevel
    backend: str
    works: bool
    missing: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def survey(system: Path = _SYSTEM) -> list[Rung]:
    """Try every rung, best first; ``system`` is where the system's own files are."""
    choices: tuple[tuple[IsolationLevel, str], ...] = (
        ("full", "bubblewrap"),
        ("partial", "landlock"),
        ("none", "process"),
    )
    return [_try(level, backend, system) for level, backend in choices]


def _try(level: IsolationLevel, backend: str, system: Path) -> Rung:
    choice: IsolationChoice = level
    try:
        sandbox = open_sandbox(choice, _TRIAL, Limits())
        try:
            sandbox.fork().close()
            held = sandbox.isolation
        finally:
            sandbox.close()
    except SandboxError as error:
        reasons = error.reasons if isinstance(error, UnavailableError) else (str(error),)
        return Rung(level, backend, False, reasons, advice_for(reasons, system))
    return Rung(level, held.backend, True, held.missing, advice_for(held.missing, system))


def advice_for(missing: tuple[str, ...], system: Path = _SYSTEM) -> tuple[str, ...]:
    """Return what could be done about each entry, most likely cause first."""
    found: list[str] = []
    for entry in missing:
        key, _, detail = entry.partition(": ")
        if key in ("bubblewrap_refused", "no_process_namespace"):
            found += _namespace_advice(system, detail)
        elif key == "other_user":
            found.append("do_open_interpreter" if _is_root() else "do_grade_as_root")
        elif key in _ADVICE:
            found.append(_ADVICE[key])
    return tuple(dict.fromkeys(found))


_ADVICE = {
    "bubblewrap_missing": "do_install_bubblewrap",
    "not_linux": "do_use_linux",
    "no_landlock": "do_enable_landlock",
    "landlock_refused": "do_enable_landlock",
    "tcp_ports": "do_newer_kernel",
    "signals": "do_newer_kernel",
    "seccomp": "do_enable_seccomp",
}


def _namespace_advice(system: Path, detail: str) -> list[str]:
    """Say what keeps bubblewrap from its namespaces (user_namespaces(7), Debian, Ubuntu)."""
    found = []
    if _setting(system, "user/max_user_namespaces") == 0:
        found.append("do_sysctl_max")
    if _setting(system, "kernel/unprivileged_userns_clone") == 0:
        found.append("do_sysctl_clone")
    if _setting(system, "kernel/apparmor_restrict_unprivileged_userns") == 1:
        found.append("do_apparmor")
    if in_container(system):
        found.append("do_container_proc" if "proc" in detail else "do_container")
    return found or ["do_look_closer"]


def in_container(system: Path = _SYSTEM) -> bool:
    """Say whether this looks like the inside of a container (Docker, Podman, Kubernetes)."""
    if any((system / sign).exists() for sign in _CONTAINER_SIGNS):
        return True
    return "KUBERNETES_SERVICE_HOST" in os.environ


def _setting(system: Path, name: str) -> int | None:
    try:
        return int((system / "proc/sys" / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0
