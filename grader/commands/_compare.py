"""Two verdicts on one file, side by side: what ``flakes`` shows where they are not the same."""

from __future__ import annotations

from collections.abc import Iterator

from grader.model import CheckResult, Event, Language, Verdict
from grader.texts import text

_EVENTS = 60


def fingerprint(verdict: Verdict) -> str:
    """Return what must be the same each time: the rung, and each check's outcome and message.

    Not what was expected and received, nor the line: they hold random bytes, measured times,
    and wherever a loop happened to be when it was looked at.
    """
    checks = (f"{check.id}={_outcome(check)}" for check in verdict.checks)
    return ";".join([f"{verdict.isolation.level}={verdict.status}", *checks])


def _outcome(check: CheckResult) -> str:
    return f"{check.status}:{check.diagnosis}:{check.message}"


def differing(usual: Verdict, odd: Verdict) -> list[str]:
    """Return the checks that came to something else."""
    outcomes = {check.id: _outcome(check) for check in usual.checks}
    return [check.id for check in odd.checks if outcomes.get(check.id) != _outcome(check)]


def both(usual: Verdict, odd: Verdict, language: Language) -> Iterator[str]:
    """Yield lines on every check that differs: all that is known of it, one below the other."""
    for check in differing(usual, odd):
        yield f"{check}"
        for key, verdict in (("usual", usual), ("odd", odd)):
            yield f"  {text(f'cli.flakes_{key}', language)}"
            yield from (f"    {line}" for line in one(verdict, check))
    if usual.isolation != odd.isolation:
        yield "isolation"
        for verdict in (usual, odd):
            yield f"  {verdict.isolation}"


def one(verdict: Verdict, check_id: str) -> Iterator[str]:
    """Yield lines with all that a verdict says on one check; names are those of its JSON."""
    for check in verdict.checks:
        if check.id == check_id:
            break
    else:
        return
    isolation = verdict.isolation
    missing = f" ({'; '.join(isolation.missing)})" if isolation.missing else ""
    yield f"status     {check.status} {check.diagnosis}".rstrip()
    yield f"isolation  {isolation.level} {isolation.backend}{missing}"
    yield f"seed       {verdict.seed}, {check.duration_s:.3f} s of {verdict.duration_s:.3f} s"
    for name in ("message", "expected", "received"):
        if value := getattr(check, name):
            yield from _block(f"{name:10} ", value)
    if place := check.location:
        doing = f" {place.doing}" if place.doing else ""
        yield f"location   {place.line} {place.function} {place.state}{doing}: {place.source}"
    if check.output:
        yield from _block("output     ", check.output[:2000])
    events = list(check.transcript)
    left_out = len(events) - _EVENTS
    for number, event in enumerate(events):
        if left_out > 1 and _EVENTS // 2 <= number < len(events) - _EVENTS // 2:
            if number == _EVENTS // 2:
                yield f"           … {left_out} …"
            continue
        yield _event(event)


def _block(head: str, value: str) -> Iterator[str]:
    first, *rest = [_escaped(line) for line in value.split("\n")]
    yield head + first
    yield from (" " * len(head) + line for line in rest)


def _event(event: Event) -> str:
    size = f"{event.bytes:,}" if event.bytes else ""
    line = f"{event.t * 1000:11.1f} ms {event.who:8} {event.event:14} {size:>10}"
    return f"{line} {_escaped(event.preview)}".rstrip()


def _escaped(line: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
