"""Cuts a Python module down to what some of its names need: the rest must not be read by all.

Statements are kept as they are written, with the comment right above them.  Other comments at
the top level go, as they may speak of what is gone; within a kept statement nothing changes.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_WIDTH = 100
_MODULES = 512  # more than there are: each is looked at several times


@dataclass
class _Part:
    """One statement of the top level: its lines, what it defines, and what it uses."""

    node: ast.stmt
    lines: list[str]
    defines: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)


def prune(source: str, wanted: Iterable[str]) -> str:
    """Return the module with ``wanted`` names and what they need; KeyError where one is missing.

    The module's docstring stays, and statements that define nothing stay as well.
    """
    parts = _parts(source)
    owner = {name: part for part in parts for name in part.defines}
    kept: list[_Part] = [part for part in parts if not part.defines]
    open_names = [*wanted, *(name for part in kept for name in part.uses if name in owner)]
    seen: set[str] = set()
    while open_names:
        name = open_names.pop()
        if name in seen:
            continue
        seen.add(name)
        part = owner[name]
        if part not in kept:
            kept.append(part)
        if not _is_import(part.node):
            open_names += [used for used in part.uses if used in owner]
    return _joined([part for part in parts if part in kept], seen)


def names_in(source: str) -> set[str]:
    """Return the names that a module defines at its top level, imported ones too."""
    return {name for part in _parts(source) for name in part.defines}


@lru_cache(_MODULES)
def constants_in(source: str) -> frozenset[str]:
    """Return every string that stands in a module, docstrings and the parts of f-strings too.

    The names of keyword arguments count as strings: that is how some texts are named.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
    return frozenset(found)


@lru_cache(_MODULES)
def imports_in(source: str) -> tuple[tuple[str, str], ...]:
    """Return module and name of everything that is imported anywhere ("" for a whole module)."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.module or "", alias.name) for alias in node.names]
    return tuple(found)


def attributes_of(source: str, name: str) -> set[str]:
    """Return which attributes of something called ``name`` a module asks for."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
    }


def _parts(source: str) -> list[_Part]:
    lines = source.splitlines()
    parts: list[_Part] = []
    for number, node in enumerate(ast.parse(source).body):
        begin = _begin(node)
        while begin > 1 and lines[begin - 2].startswith("#"):
            begin -= 1
        text = lines[begin - 1 : node.end_lineno]
        if number and parts and _is_docstring(node) and parts[-1].defines:
            parts[-1].lines += text  # what is said below a constant is about it
            continue
        parts.append(_Part(node, text, set(_defined(node)), _used(node)))
    return parts


def _begin(node: ast.stmt) -> int:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return node.lineno


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom) and not _is_future(node):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for inner in ast.walk(target):
                if isinstance(inner, ast.Name):
                    yield inner.id


def _used(node: ast.stmt) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _joined(parts: list[_Part], used: Collection[str]) -> str:
    """Put statements together as the project's formatter would."""
    text = ""
    before: ast.stmt | None = None
    for part in parts:
        lines = _import_lines(part.node, used) if _is_import(part.node) else part.lines
        if not lines:
            continue
        text += _gap(before, part.node) + "\n".join(lines) + "\n"
        before = part.node
    return text


def _gap(before: ast.stmt | None, node: ast.stmt) -> str:
    if before is None:
        return ""
    tall = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if isinstance(node, tall) or isinstance(before, tall):
        return "\n\n"
    if _is_import(before) and _is_import(node):
        own = _module(before).partition(".")[0], _module(node).partition(".")[0]
        return "" if not _is_future(before) and own[0] == own[1] else _between(own)
    return "\n" if _is_import(before) or _is_docstring(before) else ""


def _between(modules: tuple[str, str]) -> str:
    return "\n" if "__future__" in modules or "grader" in modules else ""


def _module(node: ast.stmt) -> str:
    if isinstance(node, ast.ImportFrom):
        return node.module or ""
    return node.names[0].name if isinstance(node, ast.Import) else ""


def _import_lines(node: ast.stmt, used: Collection[str]) -> list[str]:
    """Return an import of what is used alone."""
    if _is_future(node) or not isinstance(node, ast.Import | ast.ImportFrom):
        return [ast.unparse(node)]
    names = [
        alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) in used
    ]
    if not names:
        return []
    if isinstance(node, ast.Import):
        return [ast.unparse(ast.Import(names=names))]
    line = ast.unparse(ast.ImportFrom(module=node.module, names=names, level=0))
    if len(line) <= _WIDTH:
        return [line]
    head = f"from {node.module} import ("
    inner = [f"    {ast.unparse(ast.Import(names=[alias]))[7:]}," for alias in names]
    return [head, *inner, ")"]
