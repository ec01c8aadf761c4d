"""Which modules and texts go along with some commands."""

from __future__ import annotations

import json

from grader.cli import COMMANDS
from grader.handout.package import LEARNERS_COMMANDS, package, sources


def test_every_learners_command_is_one() -> None:
    assert set(LEARNERS_COMMANDS) < set(COMMANDS)


def test_the_commands_are_those_that_were_asked_for() -> None:
    files, _ = package({}, ("grade", "doctor"))
    listed = [line for line in files["grader/cli.py"].splitlines() if '"grader.commands.' in line]
    assert [line.split('"')[1] for line in listed] == ["grade", "doctor"]
    commands = {name for name in files if name.startswith("grader/commands/")}
    assert commands >= {"grader/commands/grade.py", "grader/commands/doctor.py"}
    assert "grader/commands/watch.py" not in commands
    assert not [name for name in files if name.startswith("grader/watching/")]
    helped = json.loads(files["grader/texts/zh/cli.json"])["help"].splitlines()
    assert [line.split()[0] for line in helped if line.startswith("  ")] == ["grade", "doctor"]


def test_what_is_imported_is_there() -> None:
    """Each module of ours that a module imports is in the package (its functions' imports too)."""
    from grader.handout.pruning import imports_in

    files, _ = package({}, LEARNERS_COMMANDS)
    known = sources()
    for name, text in files.items():
        if not name.endswith(".py"):
            continue
        for module, imported in imports_in(text):
            for wanted in (module, f"{module}.{imported}"):
                if wanted in known:
                    path = wanted.replace(".", "/")
                    assert {f"{path}.py", f"{path}/__init__.py"} & files.keys(), (name, wanted)


def test_the_files_beside_the_modules_are_there() -> None:
    files, _ = package({}, LEARNERS_COMMANDS)
    assert "grader/harness/pytest.ini" in files
    assert "grader/report/verdict.html.jinja" in files
    assert "grader/texts/en/pages/stuck.md" in files
    assert "grader/texts/en/handout.json" not in files
    for language in ("en", "zh"):
        assert f"grader/texts/{language}/argparse.json" in files


def test_replaced_modules_take_the_place_of_ours() -> None:
    files, lacking = package({"test_ex03_tcp_echo": "A = 'no_timeout'\n"}, ("grade",))
    assert files["grader/harness/test_ex03_tcp_echo.py"] == "A = 'no_timeout'\n"
    assert "no_timeout" not in lacking
    assert "data_taken_for_end" in lacking
    assert "data_taken_for_end" not in json.loads(files["grader/texts/en/diagnoses.json"])
    assert "grader/texts/en/pages/data_taken_for_end.md" not in files
    assert "stuck" in json.loads(files["grader/texts/en/diagnoses.json"])
