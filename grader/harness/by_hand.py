"""Whether a submission leaves its work to a library: told from its source, never run.

Only what the graded function can reach counts: an import that nothing uses, a comparison
under ``if __name__ == "__main__"``, or a class of the learner's own that has the name of a
library's is no fault.  A name that is put together at run time is not found.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

HTTP_CLIENTS: Mapping[str, frozenset[str]] = {
    "http.client": frozenset({"HTTPConnection", "HTTPSConnection"}),
    "urllib.request": frozenset(
        {
            "urlopen",
            "urlretrieve",
            "build_opener",
            "OpenerDirector",
            "HTTPHandler",
            "HTTPSHandler",
            "AbstractHTTPHandler",
            "URLopener",
            "FancyURLopener",
        }
    ),
    "xmlrpc.client": frozenset({"ServerProxy", "Transport", "SafeTransport"}),
    "requests": frozenset(),
    "urllib3": frozenset(),
    "httpx": frozenset(),
    "aiohttp": frozenset(),
}
"""What speaks HTTP: the names of a module that do (none named: all of them)."""


@dataclass(frozen=True)
class Use:
    """One use of a library: its dotted name, and the line where it stands."""

    name: str
    line: int


def library_used(
    source: bytes, function: str, libraries: Mapping[str, frozenset[str]] = HTTP_CLIENTS
) -> Use | None:
    """Return the first use of ``libraries`` that ``function`` can reach in ``source``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        return _search(tree, function, libraries)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # Python has compiled it in the sandbox; what we can't read accuses nobody


def _search(tree: ast.Module, function: str, libraries: Mapping[str, frozenset[str]]) -> Use | None:
    statements: list[ast.stmt] = []
    for node in tree.body:
        # The block of a main guard does not run here; its else does.
        statements += node.orelse if _is_main_guard(node) else [node]
    imports = _Imports(libraries, statements)
    uses = [use for node in _reachable(statements, function) for use in imports.uses(node)]
    return min(uses, key=lambda use: use.line, default=None)


def _is_main_guard(node: ast.stmt) -> TypeGuard[ast.If]:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    names = {side.id for side in sides if isinstance(side, ast.Name)}
    values = {side.value for side in sides if isinstance(side, ast.Constant)}
    equal = isinstance(node.test.ops[0], ast.Eq)
    return equal and "__name__" in names and "__main__" in values


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _reachable(statements: list[ast.stmt], function: str) -> list[ast.stmt]:
    """Return the top-level statements that run at import, or that ``function`` can get to."""
    defined: dict[str, list[ast.stmt]] = {}
    found: list[ast.stmt] = []
    for node in statements:
        if isinstance(node, _DEFINITIONS):
            defined.setdefault(node.name, []).append(node)
        else:
            found.append(node)
    found += defined.pop(function, [])
    for node in found:  # grows while it is walked
        for name in _names(node):
            found += defined.pop(name, [])
    return found


def _given_name(node: ast.AST) -> str:
    """Return the name that a definition, an assignment or a parameter gives."""
    if isinstance(node, _DEFINITIONS):
        return node.name
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return node.arg if isinstance(node, ast.arg) else ""


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            yield inner.id


class _Imports:
    """What the names of a module stand for, as far as imports say."""

    def __init__(
        self, libraries: Mapping[str, frozenset[str]], statements: Iterable[ast.stmt]
    ) -> None:
        self._libraries = libraries
        self._bound: dict[str, str] = {}
        nodes = [node for statement in statements for node in ast.walk(statement)]
        for node in nodes:
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                self._import_from(node.module or "", node.names)
        # A name that the learner's code gives a meaning of its own is theirs.
        for name in filter(None, map(_given_name, nodes)):
            self._bound.pop(name, None)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self._bound[alias.asname] = alias.name
            else:
                first = alias.name.partition(".")[0]
                self._bound[first] = first

    def _import_from(self, module: str, names: Iterable[ast.alias]) -> None:
        for alias in names:
            if alias.name == "*":
                for name in self._libraries.get(module, ()):
                    self._bound[name] = f"{module}.{name}"
            else:
                self._bound[alias.asname or alias.name] = f"{module}.{alias.name}"

    def uses(self, statement: ast.stmt) -> Iterator[Use]:
        """Yield the uses of a library in one statement."""
        for node in ast.walk(statement):
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                name = self._dotted(node)
                if self._is_listed(name):
                    yield Use(name, node.lineno)

    def _dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self._bound.get(node.id, "")
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def _is_listed(self, name: str) -> bool:
        module, _, last = name.rpartition(".")
        if last in self._libraries.get(module, ()):
            return True
        return any(
            not names and (name == library or name.startswith(f"{library}."))
            for library, names in self._libraries.items()
        )
