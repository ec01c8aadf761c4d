"""The grader as a package to hand out: the modules that some commands need, and no others.

What is needed is found by following imports from the commands, so that a module that is added
to the suite later is never handed out by accident.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

from grader.handout.pruning import constants_in, imports_in
from grader.handout.public import needless, without
from grader.manifest import read_text
from grader.model import LANGUAGES
from grader.texts import page_path, table, tables

GRADER = Path(__file__).resolve().parents[1]
LEARNERS_COMMANDS = (
    "grade",
    "watch",
    "hint",
    "explain",
    "progress",
    "solution",
    "reset",
    "settings",
    "doctor",
)
"""What works in a handout (``solution`` says that it was handed out without solutions)."""

# Whole packages whose modules are found by name or run by path, not imported.
_WHOLE = ("grader.learner.", "grader.sandbox.", "grader.report.")
_ROOTS = ("grader.__main__", "grader.cli", "grader.harness.conftest", "grader.harness.session")
_COMMAND = re.compile(r'^    "([a-z-]+)": "grader\.commands\.\w+",\n', re.MULTILINE)
_HELP = re.compile(r"^  ([a-z-]+) .*\n", re.MULTILINE)
# Texts that are named where a check says something; of the others whole files are kept.
_OF_CHECKS = ("diagnoses", "judge", "http")
_NAMED_WHOLE = "argparse"  # its entries are asked for as a table, not by a key


@cache
def sources() -> Mapping[str, str]:
    """Return the text of every module of the grader, by its dotted name."""
    found = {}
    for path in sorted(GRADER.rglob("*.py")):
        parts = path.relative_to(GRADER.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = read_text(path, path.relative_to(GRADER.parent).as_posix())
    return found


def package(
    harness: Mapping[str, str],
    commands: Collection[str] = LEARNERS_COMMANDS,
    more: Iterable[str] = (),
) -> tuple[dict[str, str], set[str]]:
    """Return the files of a package with some commands, by path; and the texts' keys it lacks.

    ``harness`` are the modules of ``grader/harness`` that take the place of ours, ``more`` the
    names of other modules that are needed.
    """
    replaced = {f"grader.harness.{name}": text for name, text in harness.items()}
    modules = {**sources(), **replaced}
    modules["grader.cli"] = _COMMAND.sub(
        lambda found: found[0] if found[1] in commands else "", modules["grader.cli"]
    )
    roots = [*_ROOTS, *replaced, *more]
    roots += [f"grader.commands.{name.replace('-', '_')}" for name in commands]
    roots += [name for name in modules if name.startswith(_WHOLE)]
    kept = {name: modules[name] for name in _closure(modules, roots)}
    lacking = needless(
        [text for name, text in sources().items() if name.startswith("grader.harness.")],
        kept.values(),
    )
    files = {_path(name): text for name, text in kept.items()}
    files |= {f"grader/report/{path.name}": _text(path) for path in _templates()}
    files["grader/harness/pytest.ini"] = _text(GRADER / "harness" / "pytest.ini")
    return {**files, **_texts(kept.values(), lacking, commands)}, lacking


def _closure(modules: Mapping[str, str], roots: Iterable[str]) -> list[str]:
    """Return the modules that roots import, directly or not, with their packages."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in seen or name not in modules:
            continue
        seen.add(name)
        waiting.append(name.rpartition(".")[0])
        for module, imported in imports_in(modules[name]):
            waiting += [module, f"{module}.{imported}"]
    return sorted(seen)


def _path(name: str) -> str:
    path = name.replace(".", "/")
    return f"{path}/__init__.py" if (GRADER.parent / path).is_dir() else f"{path}.py"


def _templates() -> list[Path]:
    return sorted((GRADER / "report").glob("*.jinja"))


def _text(path: Path) -> str:
    return read_text(path, path.relative_to(GRADER.parent).as_posix())


def _texts(kept: Iterable[str], lacking: set[str], commands: Collection[str]) -> dict[str, str]:
    asked = set().union(*(constants_in(source) for source in kept))
    files = {}
    for language in LANGUAGES:
        folder = f"grader/texts/{language}"
        for name in tables(language):
            if name != _NAMED_WHOLE and not any(word.startswith(f"{name}.") for word in asked):
                continue
            entries = dict(table(name, language))
            if name == "cli":
                entries["help"] = _HELP.sub(
                    lambda found: found[0] if found[1] in commands else "", entries["help"]
                )
            dropped = lacking if name in _OF_CHECKS else set()
            files[f"{folder}/{name}.json"] = without(entries, dropped)
        for diagnosis in table("diagnoses", language):
            page = page_path(diagnosis, language)
            if diagnosis not in lacking and page.is_file():
                files[f"{folder}/pages/{page.name}"] = _text(page)
    return files
