"""A handout works as the suite does, on the public checks, and has nothing of anything else."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.catalog import load_all, mistakes
from grader.handout import builder
from grader.handout.builder import build
from grader.handout.package import LEARNERS_COMMANDS
from grader.handout.writing import HandoutError
from grader.manifest import Manifest
from grader.model import LANGUAGES, Check, Exercise, Language

Run = Callable[..., "subprocess.CompletedProcess[str]"]
EXERCISES = ("ex01", "ex03", "ex07", "ex13", "ex14")
WORDS = re.compile(r"\w{3,}")


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def lines(text: str) -> set[str]:
    """Return the lines that say something: long enough, three words or more."""
    found = {line.strip() for line in text.splitlines()}
    return {line for line in found if len(line) >= 24 and len(WORDS.findall(line)) >= 3}


def words_of(check: Check) -> set[str]:
    """Return every text of a check that is its own."""
    hints = [text for hint in check.hints for text in (hint.en, hint.zh)]
    return {flat(text) for text in (check.title.en, check.title.zh, *hints)}


def body_of(root: Path, exercise: Exercise, check: Check) -> str:
    path = root / "grader" / "harness" / f"test_{exercise.folder}.py"
    source = path.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == f"check_{check.id}":
            return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])
    raise AssertionError(check.id)


def by_visibility(exercise: Exercise, visibility: str) -> list[Check]:
    return [check for check in exercise.checks if check.visibility == visibility]


@pytest.fixture(scope="module")
def shown(files: dict[str, bytes]) -> dict[str, str]:
    return {name: data.decode("utf-8") for name, data in files.items()}


# -- what must not be in it ------------------------------------------------------------


def test_every_exercise_is_looked_at(exercises: Sequence[Exercise]) -> None:
    assert tuple(exercise.id for exercise in exercises) == EXERCISES


@pytest.mark.parametrize("number", range(len(EXERCISES)), ids=EXERCISES)
def test_no_text_of_a_hidden_check_is_in_it(
    number: int, shown: dict[str, str], exercises: Sequence[Exercise]
) -> None:
    exercise = exercises[number]
    public = {text for other in exercises for check in by_visibility(other, "public")
              for text in (*words_of(check), check.id)}  # fmt: skip
    whole = "\0".join(flat(text) for text in shown.values())
    hidden = by_visibility(exercise, "hidden")
    assert hidden
    for check in hidden:
        for text in words_of(check):
            assert any(text in other for other in public) or text not in whole, text
        known = any(check.id in other for other in public)
        assert known or not re.search(rf"\b(check_)?{check.id}\b", whole), check.id


@pytest.mark.parametrize("number", range(len(EXERCISES)), ids=EXERCISES)
def test_no_code_of_a_hidden_check_is_in_it(
    number: int, root: Path, shown: dict[str, str], exercises: Sequence[Exercise]
) -> None:
    exercise = exercises[number]
    public = set().union(
        *(
            lines(body_of(root, other, check))
            for other in exercises
            for check in by_visibility(other, "public")
        )
    )
    handed = set().union(*(lines(text) for text in shown.values()))
    looked_at = 0
    for check in by_visibility(exercise, "hidden"):
        own = lines(body_of(root, exercise, check)) - public
        looked_at += len(own)
        # A line or two may stand in a helper that public checks use as well.
        assert len(own & handed) <= 2, (check.id, own & handed)
        assert len(own & handed) < max(2, len(own)), check.id
    assert looked_at > 30


def test_helpers_of_hidden_checks_are_not_in_it(shown: dict[str, str]) -> None:
    harness = "".join(text for name, text in shown.items() if name.startswith("grader/harness/"))
    for name in ("only_at_its_address", "idle_with_clients", "huge_heads", "with_extensions"):
        assert name not in harness
    for name in ("expect_closed", "make_time_wait", "check_server_echoes_one_message"):
        assert f"def {name}(" in harness
    for name in ("binds_wrong_address", "injection_accepted"):
        assert not [path for path in shown if name in path]
        assert name not in shown["grader/texts/en/diagnoses.json"]
    assert "empty_recv_ignored" in shown["grader/texts/zh/diagnoses.json"]
    said = json.loads(shown["grader/texts/en/judge.json"])
    assert "refuses_there" not in said
    assert "has_returned" in said


def test_no_line_of_a_solution_is_in_it(root: Path, shown: dict[str, str]) -> None:
    known: set[str] = set()
    for folder in ("exercises", "grader"):
        for path in (root / folder).rglob("*"):
            if path.suffix in (".md", ".py", ".yaml", ".json", ".jinja", ".in"):
                known |= lines(path.read_text(encoding="utf-8"))
    handed = set().union(*(lines(text) for text in shown.values()))
    looked_at = 0
    for path in (root / "solutions").rglob("*.py"):
        secret = lines(path.read_text(encoding="utf-8")) - known
        looked_at += len(secret)
        assert not secret & handed, path
    assert looked_at > 1000
    assert not [name for name in shown if "solutions" in name or "mistakes" in name]


def test_what_is_for_instructors_is_not_in_it(shown: dict[str, str]) -> None:
    for name in ("classroom", "handout", "authoring", "proof", "commands/verify", "commands/bench"):
        assert not [path for path in shown if path.startswith(f"grader/{name}")], name
    assert "grader/commands/grade.py" in shown
    helped = json.loads(shown["grader/texts/en/cli.json"])["help"]
    assert "verify" not in helped
    assert "grade-class" not in helped
    assert "  grade [exNN" in helped


# -- what it is ------------------------------------------------------------------------


def test_the_manifests_have_the_public_checks_as_they_were(
    made: Path, exercises: Sequence[Exercise]
) -> None:
    handed = load_all(made)
    assert [exercise.id for exercise in handed] == list(EXERCISES)
    for ours, theirs in zip(exercises, handed, strict=True):
        public = by_visibility(ours, "public")
        assert [check.id for check in theirs.checks] == [check.id for check in public]
        assert theirs.max_score == sum(check.points for check in public) < ours.max_score
        assert (theirs.title, theirs.functions, theirs.limits) == (
            ours.title,
            ours.functions,
            ours.limits,
        )
        for before, after in zip(public, theirs.checks, strict=True):
            assert (before.title, before.points) == (after.title, after.points)
            assert {hint.en for hint in after.hints} <= {hint.en for hint in before.hints}
            always = [hint for hint in before.hints if not hint.when]
            assert [hint for hint in after.hints if not hint.when] == always


def test_stubs_are_as_they_were_made(
    root: Path, files: dict[str, bytes], exercises: Sequence[Exercise]
) -> None:
    for exercise in exercises:
        folder = f"exercises/{exercise.folder}"
        pristine = (root / folder / ".stub.py").read_bytes()
        assert files[f"{folder}/{exercise.slug}.py"] == pristine
        assert files[f"{folder}/.stub.py"] == pristine


def test_a_stub_that_somebody_works_on_is_not_handed_out(suite: Path, root: Path) -> None:
    (suite / "exercises" / "ex03_tcp_echo" / "tcp_echo.py").write_text("SECRET = 1\n")
    files = build(suite, load_all(suite), LANGUAGES)
    assert not [name for name, data in files.items() if b"SECRET = 1" in data]


def test_the_same_suite_gives_the_same_bytes(
    root: Path, files: dict[str, bytes], exercises: Sequence[Exercise]
) -> None:
    again = build(root, exercises, LANGUAGES)
    assert again == files
    assert list(again) == sorted(again)


def test_every_module_compiles_and_every_data_file_can_be_read(shown: dict[str, str]) -> None:
    for name, text in shown.items():
        if name.endswith(".py"):
            compile(text, name, "exec", dont_inherit=True)
        elif name.endswith(".json"):
            json.loads(text)
        assert text.endswith("\n") or not text, name


def test_one_exercise_has_what_it_needs_and_no_more(
    root: Path, exercises: Sequence[Exercise]
) -> None:
    files = build(root, exercises[1:2], LANGUAGES)
    harness = {name for name in files if name.startswith("grader/harness/test_")}
    assert harness == {"grader/harness/test_ex03_tcp_echo.py"}
    assert "grader/harness/http_cases.py" not in files
    assert "grader/wire/http.py" not in files
    assert {name.split("/")[1] for name in files if name.startswith("exercises/")} == {
        "ex03_tcp_echo"
    }
    assert b"ex14" not in files["README.md"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_language_has_one_readme(
    language: Language, root: Path, exercises: Sequence[Exercise]
) -> None:
    files = {name: data.decode() for name, data in build(root, exercises, (language,)).items()}
    readmes = {name: words for name, words in files.items() if name.endswith(("README.md", "zh.md"))
               and "/diagnoses/" not in name and "/pages/" not in name}  # fmt: skip
    assert len(readmes) == 1 + len(exercises)
    for name, words in readmes.items():
        assert name.endswith("README.md")
        assert "(README.zh.md)" not in words
        chinese = len(re.findall(r"[\u4e00-\u9fff]", words))
        assert (chinese > len(words) / 4) == (language == "zh"), name
    assert f"--lang {language}" in files[".github/workflows/grade.yml"]


def test_links_of_the_readme_lead_somewhere(made: Path) -> None:
    for readme in made.glob("README*.md"):
        links = re.findall(r"\]\(([^):]+)\)", readme.read_text(encoding="utf-8"))
        assert len(links) >= len(EXERCISES)
        for link in links:
            assert (made / link).is_file(), link


def test_an_exercise_without_public_checks_is_refused(
    root: Path, exercises: Sequence[Exercise]
) -> None:
    import msgspec

    bare = msgspec.structs.replace(
        exercises[1], checks=tuple(by_visibility(exercises[1], "hidden"))
    )
    with pytest.raises(HandoutError) as caught:
        build(root, [bare], LANGUAGES)
    assert caught.value.key == "no_public_checks"


def test_a_grader_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "_DISTRIBUTION", "no-such-distribution-of-ours")
    with pytest.raises(HandoutError) as caught:
        builder.requirements()
    assert caught.value.key == "not_installed"


def test_the_project_says_what_it_needs(shown: dict[str, str]) -> None:
    needs = re.findall(r'^    "([A-Za-z0-9-]+)[<>=]', shown["pyproject.toml"], re.MULTILINE)
    assert {"msgspec", "pytest", "PyYAML", "rich", "Jinja2"} <= set(needs)
    assert not {"distributed", "mypy", "copydetect"} & set(needs)
    if sys.version_info >= (3, 11):
        import tomllib

        project = tomllib.loads(shown["pyproject.toml"])["project"]
        assert project["scripts"] == {"socket-dojo": "grader.cli:main"}
        assert len(project["dependencies"]) == len(needs)


def test_its_sessions_are_the_learners_own(made: Path) -> None:
    pytest.importorskip("nox")
    done = subprocess.run(
        [sys.executable, "-m", "nox", "-f", str(made / "noxfile.py"), "--list"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    names = set(re.findall(r"^[*-] (\S+) ->", done.stdout, re.MULTILINE))
    assert names == set(LEARNERS_COMMANDS)


# -- CI --------------------------------------------------------------------------------


def pinned(job: dict[str, Any]) -> None:
    """An action is named by its commit: a tag could be moved."""
    for step in job["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_githubs_workflow(shown: dict[str, str]) -> None:
    flow = yaml.safe_load(shown[".github/workflows/grade.yml"])
    assert flow["permissions"] == {"contents": "read"}
    assert "secrets." not in shown[".github/workflows/grade.yml"]
    (job,) = flow["jobs"].values()
    pinned(job)
    commands = [step["run"] for step in job["steps"] if "run" in step]
    (grade,) = [command for command in commands if command.startswith("socket-dojo")]
    assert "--format classroom50=result.json" in grade
    assert "\n" not in grade.strip()


def test_gitlabs_pipeline(shown: dict[str, str]) -> None:
    flow = yaml.safe_load(shown[".gitlab-ci.yml"])
    script = flow["grade"]["script"]
    assert script[-1].startswith("socket-dojo grade --format text")
    assert "--format classroom50=result.json" in script[-1]
    assert flow["grade"]["artifacts"]["when"] == "always"


# -- using it --------------------------------------------------------------------------


def verdict_of(run: Run, made: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = run("grade", *words, "--format", "json=v.json")
    assert (made / "v.json").is_file(), done.stderr
    return done.returncode, json.loads((made / "v.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(len(EXERCISES)), ids=EXERCISES)
def test_the_reference_passes_there(
    number: int, run: Run, made: Path, root: Path, exercises: Sequence[Exercise]
) -> None:
    exercise = exercises[number]
    path = root / "solutions" / exercise.folder / f"{exercise.slug}.py"
    code, verdict = verdict_of(run, made, exercise.id, "--file", str(path))
    points = sum(check.points for check in by_visibility(exercise, "public"))
    failed = [check for check in verdict["checks"] if check["status"] != "passed"]
    assert (code, failed) == (0, [])
    assert verdict["score"] == verdict["max_score"] == points


@pytest.mark.parametrize("name", ["ignores_empty_recv", "sets_no_timeout", "binds_every_address"])
def test_a_mistake_fails_there_as_it_does_here(
    name: str, run: Run, made: Path, root: Path, exercises: Sequence[Exercise]
) -> None:
    exercise = exercises[1]
    (mistake,) = [found for found in mistakes(root, exercise) if found.path.stem == name]
    public = {check.id for check in by_visibility(exercise, "public")}
    wanted = {check: why for check, why in mistake.caught_by.items() if check in public}
    code, verdict = verdict_of(run, made, "ex03", "--file", str(mistake.path))
    found = {check["id"]: check["diagnosis"] for check in verdict["checks"] if check["diagnosis"]}
    assert found == wanted
    assert code == (1 if wanted else 0)


def test_the_other_commands_work_there(run: Run, made: Path) -> None:
    told = run("grade", "ex03")
    assert told.returncode == 1, told.stderr
    assert "13" in told.stdout
    for words, has in (
        (("hint", "ex03"), "1 of"),
        (("explain", "empty_recv_ignored"), "recv"),
        (("explain",), "not_implemented"),
        (("progress",), "ex03"),
        (("settings",), "lang"),
        (("doctor",), "process"),
        (("reset", "ex03"), ""),
        (("--help",), "grade [exNN"),
    ):
        done = run(*words)
        assert done.returncode == 0, (words, done.stderr)
        assert has in done.stdout, words
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["verify", "handout", "grade-class", "bench", "solution"])
def test_what_is_no_part_of_it_says_so_in_a_line(command: str, run: Run) -> None:
    done = run(command, "ex03")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("dojo: there is no ")


# -- what the documents say ------------------------------------------------------------


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["handout.md", "handout.zh.md"])
def test_the_workflows_of_the_documents_are_valid(name: str, root: Path) -> None:
    text = (root / "docs" / name).read_text(encoding="utf-8")
    flows = [yaml.safe_load(block) for block in blocks(text, "yaml")]
    (github,) = [flow for flow in flows if "jobs" in flow]
    (gitlab,) = [flow for flow in flows if "stages" in flow]
    assert github["permissions"] == {}
    for job in github["jobs"].values():
        pinned(job)
    grading = github["jobs"]["grade"]
    assert grading["permissions"] == {"contents": "read"}
    assert "secrets." not in json.dumps(grading), "untrusted code runs where a secret is"
    assert "secrets." in json.dumps(github["jobs"]["fetch"])
    assert "grade-class" in json.dumps(grading)
    assert any("grade-class" in line for line in gitlab["grade"]["script"])
    assert "STUDENTS_TOKEN" not in json.dumps(gitlab["grade"])


def test_both_documents_show_the_same_workflows(root: Path) -> None:
    def bare(name: str) -> list[Any]:
        text = (root / "docs" / name).read_text(encoding="utf-8")
        return [yaml.safe_load(block) for block in blocks(text, "yaml")]

    assert bare("handout.md") == bare("handout.zh.md")


@pytest.mark.parametrize(
    ("readme", "document"), [("README", "handout"), ("README.zh", "handout.zh")]
)
def test_the_readme_shows_the_workflow_whole(readme: str, document: str, root: Path) -> None:
    shown = blocks((root / f"{readme}.md").read_text(encoding="utf-8"), "yaml")
    flow = blocks((root / "docs" / f"{document}.md").read_text(encoding="utf-8"), "yaml")[0]
    assert [yaml.safe_load(flow)] == [yaml.safe_load(one) for one in shown if "fetch:" in one]


def test_classroom50s_autograder_of_the_documents_runs(
    root: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script of the documents, in a bundle, beside a handout, on a student's checkout."""
    text = (root / "docs" / "handout.md").read_text(encoding="utf-8")
    (script,) = blocks(text, "python")
    bundle, checkout = tmp_path / "bundle", tmp_path / "checkout"
    for folder in (bundle, checkout / "exercises" / "ex03_tcp_echo"):
        folder.mkdir(parents=True)
    made.rename(bundle / "dojo")
    (bundle / "autograder.py").write_text(script, encoding="utf-8")
    solution = root / "solutions" / "ex03_tcp_echo" / "tcp_echo.py"
    (checkout / "exercises" / "ex03_tcp_echo" / "tcp_echo.py").write_bytes(solution.read_bytes())
    monkeypatch.setenv("DOJO_SKIP_INSTALL", "1")
    monkeypatch.setenv("PYTHONPATH", str(bundle / "dojo"))
    monkeypatch.setenv("ASSIGNMENT", "ex03")
    monkeypatch.setenv("SUBMISSION_TAG", "submit/2026-06-01T14-32-05Z-a1b2c3d")
    done = subprocess.run(
        [sys.executable, str(bundle / "autograder.py")],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((checkout / "result.json").read_text(encoding="utf-8"))
    assert (result["score"], result["max-score"]) == (13, 13)
    assert result["assignment"] == "ex03"


def test_manifests_are_read_by_the_catalogs_own_reader(shown: dict[str, str]) -> None:
    for name, text in shown.items():
        if name.endswith("exercise.yaml"):
            data, _ = Manifest(name, text).parse()
            assert isinstance(data, dict)
