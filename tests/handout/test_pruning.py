"""What is cut out of a module, and what stays as it was written."""

from __future__ import annotations

import ast

import pytest

from grader.handout.pruning import attributes_of, constants_in, imports_in, names_in, prune

MODULE = '''\
"""About the module."""

from __future__ import annotations

import os
import os.path as places
from collections.abc import (
    Iterator,
    Sequence,
)

from grader.model import Check as Known
from grader.model import Exercise

LIMIT = 3
"""What the limit is about."""
SECRET_LIMIT = LIMIT + 1
# about the pair
ONE, (TWO, THREE) = 1, (2, 3)


# -- a banner about secrets ------------------------------------------------------------


# why it is so
@places.cache
def shown(items: Sequence[Known]) -> int:
    # inside it stays
    return helper(items) + ONE


def helper(items: Sequence[Known]) -> int:
    """Call shown() again, perhaps."""
    return LIMIT if items else shown(items)


# a comment about secrets
def secret(exercise: Exercise) -> Iterator[str]:
    yield os.fspath(only_secret(exercise))


class only_secret:
    limit = SECRET_LIMIT
'''
SHOWN = '''\
"""About the module."""

from __future__ import annotations

import os.path as places
from collections.abc import Sequence

from grader.model import Check as Known

LIMIT = 3
"""What the limit is about."""
# about the pair
ONE, (TWO, THREE) = 1, (2, 3)


# why it is so
@places.cache
def shown(items: Sequence[Known]) -> int:
    # inside it stays
    return helper(items) + ONE


def helper(items: Sequence[Known]) -> int:
    """Call shown() again, perhaps."""
    return LIMIT if items else shown(items)
'''


def test_what_is_wanted_stays_with_all_that_it_needs() -> None:
    assert prune(MODULE, ["shown"]) == SHOWN
    assert prune(MODULE, ["helper"]) == SHOWN


def test_the_other_part_is_the_other_part() -> None:
    other = prune(MODULE, ["secret"])
    assert "SECRET_LIMIT" in other
    assert "import os\n" in other
    assert "helper" not in other
    assert "Known" not in other
    compile(other, "other", "exec")


def test_pruning_again_changes_nothing() -> None:
    assert prune(SHOWN, ["shown"]) == SHOWN


def test_statements_that_define_nothing_stay_with_what_they_need() -> None:
    source = "A = 1\nB = 2\nprint(A)\n"
    assert prune(source, []) == "A = 1\nprint(A)\n"


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        prune(MODULE, ["no_such"])


def test_long_imports_stay_readable() -> None:
    names = [f"name_number_{n}" for n in range(12)]
    source = f"from grader.model import {', '.join(names)}\n\nX = [{', '.join(names[1:])}]\n"
    pruned = prune(source, ["X"])
    assert "name_number_0" not in pruned
    assert max(map(len, pruned.splitlines()[:12])) <= 100
    assert ast.parse(pruned)


def test_what_stands_in_a_module() -> None:
    assert {"LIMIT", "ONE", "TWO", "THREE", "shown", "Known", "places"} <= names_in(MODULE)
    assert "annotations" not in names_in(MODULE)
    source = 'say(f"cli.{name}", stuck="no_timeout")\n'
    assert constants_in(source) == {"cli.", "stuck", "no_timeout"}
    assert ("grader.model", "Check") in set(imports_in(MODULE))
    assert ("os", "") in set(imports_in(MODULE))
    assert attributes_of("a.b\na.c.d\nb.e\n", "a") == {"b", "c"}
