"""The layout of design.md: imports inside grader/ point down the list only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GRADER = ROOT / "grader"

# From the bottom to the top; a module may import its own layer and those below.
LAYERS = (
    "model",
    "texts",
    "settings",
    "wire",
    "manifest",
    "faults",
    "catalog",
    "pages",
    "plain",
    "sandbox",
    "learner",
    "peers",
    "harness",
    "submission",
    "judge",
    "report",
    "classroom",
    "handout",
    "authoring",
    "proof",
    "store",
    "history",
    "watching",
    "cli",
    "commands",
)

# Three modules are on another layer than the folder they are in.
ELSEWHERE = {
    # The format of the pipe between the judge and a learner process.  Both ends speak it; it
    # imports nothing, and it is in learner/ because that is the folder the sandbox shows.
    "grader.learner.plain": "plain",
    "grader.learner.rights": "plain",
    # The entry of `python -m grader`.
    "grader.__main__": "cli",
}

# The learner process's own files: alone in the sandbox, with the standard library.
RUNNER_FILES = ("runner", "child", "kernel", "plain", "rights")


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(GRADER.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


MODULES = modules()


def layer_of(module: str) -> int | None:
    """Return the number of a module's layer; None for grader itself, which is below all."""
    while module not in ELSEWHERE and module.count(".") > 1:
        module = module.rpartition(".")[0]
    if module == "grader":
        return None
    return LAYERS.index(ELSEWHERE.get(module) or module.partition(".")[2])


def imports(path: Path, *, running: bool = False) -> set[str]:
    """Return the modules that a file imports; ``running``: not those for the type checker."""
    found: set[str] = set()

    class Visitor(ast.NodeVisitor):
        def visit_If(self, node: ast.If) -> None:
            if running and ast.unparse(node.test) == "TYPE_CHECKING":
                for other in node.orelse:
                    self.visit(other)
            else:
                self.generic_visit(node)

        def visit_Import(self, node: ast.Import) -> None:
            found.update(alias.name for alias in node.names)

        def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            module = node.module or ""
            for alias in node.names:
                full = f"{module}.{alias.name}"
                found.add(full if full in MODULES else module)

    Visitor().visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return found


def test_every_module_has_its_layer() -> None:
    for module in MODULES:
        if module != "grader":
            assert layer_of(module) is not None
    assert set(ELSEWHERE) <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    own = layer_of(module)
    for imported in imports(MODULES[module]):
        if imported.partition(".")[0] != "grader" or own is None:
            continue
        below = layer_of(imported)
        up = below is not None and below > own
        assert not up, f"{module} imports {imported}, which is on a higher layer"


def test_the_lowest_layers_do_no_input_or_output() -> None:
    forbidden = {"socket", "subprocess", "pathlib", "os", "select", "selectors", "threading"}
    for module, path in MODULES.items():
        if module == "grader.model" or module.startswith("grader.wire"):
            assert not forbidden & imports(path), module


@pytest.mark.parametrize("name", RUNNER_FILES)
def test_the_learners_side_needs_the_standard_library_only(name: str) -> None:
    found = imports(GRADER / "learner" / f"{name}.py", running=True)
    outside = {module.partition(".")[0] for module in found} - sys.stdlib_module_names
    assert outside <= set(RUNNER_FILES)


def test_the_learners_side_is_what_the_sandbox_shows() -> None:
    from grader.sandbox.base import RUNNER_FILES as SHOWN

    assert sorted(SHOWN) == sorted(f"{name}.py" for name in RUNNER_FILES)


def test_nothing_imports_a_submission() -> None:
    """Boundary 1: no unpickling, no evaluating, no importing by path in the judge."""
    forbidden = {"pickle", "marshal", "shelve", "runpy", "importlib.util", "importlib.machinery"}
    for module, path in MODULES.items():
        assert not forbidden & imports(path), module
        if module.removeprefix("grader.learner.") in RUNNER_FILES:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called = node.func.id
                assert called not in ("eval", "exec", "compile", "__import__"), module


def test_no_check_sleeps_and_no_port_is_fixed() -> None:
    for path in (GRADER / "harness").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("time.sleep", "sleep"), path.name
            if path.name.startswith("test_"):
                assert not isinstance(node, ast.Assert), f"{path.name}:{node.lineno}"


def test_tests_mirror_modules() -> None:
    """A test file is named after a module, or says here what else it is about."""
    about = {
        "test_layers", "test_exercises", "test_noxfile", "test_choice", "test_init",
        "test_process_sandbox", "test_limits", "test_authors", "test_real_clients", "test_pages",
        "test_real_http_servers", "test_same_mistakes", "test_golden", "test_hostile",
    }  # fmt: skip
    folders = {"harness", "attacks", "bad_input", "fuzz", "browser", "acceptance", "dashboard"}
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path.stem in about or path.parent.name in folders:
            continue
        folder = path.parent.relative_to(ROOT / "tests")
        module = GRADER / folder / f"{path.stem.removeprefix('test_')}.py"
        private = module.with_name(f"_{module.name}")
        package = GRADER / folder / "__init__.py"
        named = module.is_file() or private.is_file()
        assert named or (path.stem == f"test_{folder.name}" and package.is_file()), path
