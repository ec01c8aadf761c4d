"""What is wrong with a manifest whose YAML is right: wrong types, empty texts, odd numbers, …

Each fault is a key and a problem, from which `manifest.fault` makes one line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import msgspec

from grader.manifest import Key
from grader.model import LANGUAGES, Check, Exercise, Text
from grader.texts import has_text

_MIN_HINTS = 3
# Beyond these no grading can be carried out: sums overflow, and what the system takes ends.
_MOST = {"points": 1e6, "cpu_s": 86_400, "check_s": 86_400}
_MOST_OF_ANY = 1 << 20
_AT = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+|\.\.\.)\]")


def explain(data: object, message: str) -> tuple[Key, str]:
    """Turn msgspec's message into a key and a problem.

    msgspec does not say which key of a dict is at fault (``[...]``): each is tried alone.
    """
    match = _AT.fullmatch(message)
    problem, steps = (match[1], _STEP.findall(match[2])) if match else (message, [])
    key: Key = ()
    here = data
    for name, index in steps:
        if index == "..." and isinstance(here, dict):
            everything = dict(here)
            for step, value in everything.items():
                here.clear()
                here[step] = value
                try:
                    msgspec.convert(data, Exercise)
                except msgspec.ValidationError as error:
                    # Alone, another may fall to a second fault, which is not this one.
                    if str(error) == message:
                        key, here = (*key, step), value
                        break
            else:
                return key, problem.replace("`", "")
        elif isinstance(here, list):
            key, here = (*key, int(index)), here[int(index)]
        elif isinstance(here, dict):
            key, here = (*key, name), here[name]
    field = re.search(r"(unknown|missing required) field `(.*)`", problem, re.DOTALL)
    if field:
        return (*key, field[2]), "missing" if field[1] != "unknown" else "unknown key"
    if re.search(r"Expected `str`, got `(int|float|bool|date|datetime)`", problem):
        problem += " (put it in quotes)"
    return key, problem.replace("`", "").replace("Expected", "expected").replace("Inv", "inv")


def faults(exercise: Exercise, folder: str) -> Iterator[tuple[Key, str]]:
    """Give what is wrong with an exercise that has the right types; ``folder`` is its name."""
    identifier, _, slug = folder.partition("_")
    if exercise.id != identifier:
        yield ("id",), f"expected {identifier} as in the folder's name, got {exercise.id!a}"
    if exercise.slug != slug:
        yield ("slug",), f"expected {slug} as in the folder's name, got {exercise.slug!a}"
    yield from _text_faults(("title",), exercise.title, one_line=True)
    yield from _text_faults(("summary",), exercise.summary)
    for n, concept in enumerate(exercise.concepts):
        yield from _text_faults(("concepts", n), concept)
    for name, parameters in exercise.functions.items():
        for n, word in enumerate((name, *parameters)):
            if not word.isidentifier():
                yield ("functions", name, *((n - 1,) if n else ())), f"{word!a} is no identifier"
    for name in exercise.limits.__struct_fields__:
        yield from _number_faults(("limits", name), getattr(exercise.limits, name))
    if not exercise.checks:
        yield ("checks",), "no checks"
    seen: dict[str, int] = {}
    for n, check in enumerate(exercise.checks):
        if not check.id.isidentifier():
            yield ("checks", n, "id"), f"{check.id!a} is no identifier"
        if seen.setdefault(check.id, n) != n:
            yield ("checks", n, "id"), f"{check.id} is the id of checks[{seen[check.id]}] too"
        yield from _text_faults(("checks", n, "title"), check.title, one_line=True)
        yield from _number_faults(("checks", n, "points"), check.points)
        for at, name in enumerate(check.after):
            if seen.get(name, n) >= n:
                yield ("checks", n, "after", at), f"{name!a} is no check before this one"
        yield from _hint_faults(("checks", n, "hints"), check, exercise)
    for name, sentence in exercise.diagnoses.items():
        if not name.isidentifier():
            yield ("diagnoses", name), "a diagnosis id is an identifier"
        yield from _text_faults(("diagnoses", name), sentence)


def _hint_faults(key: Key, check: Check, exercise: Exercise) -> Iterator[tuple[Key, str]]:
    for stage, hint in enumerate(check.hints):
        yield from _text_faults((*key, stage), hint)
        for at, name in enumerate(hint.when):
            if name not in exercise.diagnoses and not has_text(f"diagnoses.{name}", "en"):
                yield (*key, stage, "when", at), f"{name!a} is no diagnosis"
    for name in {name: None for hint in check.hints for name in ("", *hint.when)}:
        count, at_all = len(check.hints_for(name)), f" with {name}" if name else ""
        if 0 < count < _MIN_HINTS:
            yield key, f"{_MIN_HINTS} at least or none{at_all}, got {count}"


def _number_faults(key: Key, number: float) -> Iterator[tuple[Key, str]]:
    most = _MOST.get(str(key[-1]), _MOST_OF_ANY)
    if not (math.isfinite(number) and number > 0):
        yield key, "must be more than 0 and finite"
    elif number > most:
        yield key, f"must be {most:,.0f} at most"


def _text_faults(key: Key, text: Text, one_line: bool = False) -> Iterator[tuple[Key, str]]:
    for language in LANGUAGES:
        words = text.in_language(language)
        if not words.strip():
            yield (*key, language), "empty"
        if one_line and not words.isprintable():
            yield (*key, language), "must be one line of printable characters"
