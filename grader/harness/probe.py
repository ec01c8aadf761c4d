"""The first look at a submission: can it be imported, and are its functions there?"""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.harness.lab import Lab
from grader.learner.ends import raised_failure
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess

LOAD_BOUND = 5.0
_LOAD_CPU = 2.0


@dataclass
class Probed:
    """Why nothing can be graded (``failure``), or what is wrong with single functions.

    ``loaded`` holds the process that was looked at, if it can be used: it is like any other that
    has loaded the submission, and a fork less.  Whoever has asked closes what is left there.
    """

    failure: CheckFailed | None = None
    problems: dict[str, CheckFailed] = field(default_factory=dict)
    loaded: list[LearnerProcess] = field(default_factory=list)


def probe(lab: Lab) -> Probed:
    """Load the submission once, in a process of its own, and look at its functions."""
    functions = lab.exercise.functions
    with lab:
        process = lab.fork()
        process.load({name: len(parameters) for name, parameters in functions.items()})
        try:
            lab.waiter.spin_cpu = _LOAD_CPU
            with lab.blame(any="endless_import"):
                lab.waiter.until(done=lambda: process.state != "fresh", bound=LOAD_BOUND)
        except CheckFailed as failure:
            if process.state == "fresh":
                return Probed(failure)
        found = _judge(process)
        if found.failure is None:
            lab.leave(process)
            found.loaded.append(process)
        return found


def _judge(process: LearnerProcess) -> Probed:
    if process.state == "broken":
        failure = raised_failure(process.load_error)
        if process.load_error is not None and process.load_error.is_a("builtins.SyntaxError"):
            failure.kind = "syntax_error"
            failure.values["error"] = process.load_error.text
        elif failure.kind == "died":
            failure.kind = "import_ended"
        else:
            failure.kind = "import_raised"
        return Probed(failure)
    if process.state == "gone":
        return Probed(CheckFailed("import_ended", values={"end": process.end}))
    problems = {}
    for problem in process.problems:
        name = str(problem.get("function", ""))[:100]
        found = problem.get("names")
        names = ", ".join(map(str, found)) if isinstance(found, list) else ""
        values = {"function": name, "names": names[:200] or "–"}
        problems[name] = CheckFailed(f"function_{problem['problem']}"[:40], values=values)
    return Probed(None, problems)
