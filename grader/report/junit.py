"""Verdicts as JUnit XML: a suite an exercise, a case a check.

The dialect is the one that Jenkins, GitLab and pytest agree on.  Characters that XML 1.0
has no place for (section 2.2) are spelled out, as all other control characters are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from grader.model import CheckResult, Verdict
from grader.report import ReportOptions
from grader.report._detail import detail, say
from grader.report._layout import escape, first_sentence

NAME = "junit"
_COLUMNS = 100


def render(verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return one XML document; a stuck check is a failure, a grader error an error."""
    plain = replace(options, colour=False, width=_COLUMNS)
    suites = [_suite(verdict, plain) for verdict in verdicts]
    root = ET.Element("testsuites", name="socket-dojo")
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _seconds(sum(verdict.duration_s for verdict in verdicts)))
    root.extend(suites)
    ET.indent(root)
    words = ET.tostring(root, encoding="unicode")
    # GitHub's runner reads what is printed: see `guard` of _layout, here in XML's own words.
    words = words.replace("##[", "##&#91;").replace("::", "&#58;:")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{words}\n'


def _suite(verdict: Verdict, options: ReportOptions) -> ET.Element:
    suite = ET.Element("testsuite", name=escape(f"{verdict.exercise}_{verdict.slug}"))
    cases = [_case(check, verdict, options) for check in verdict.checks]
    if verdict.status == "error" and all(case.find("error") is None for case in cases):
        case = ET.Element("testcase", name="grader", classname=suite.get("name", ""), time="0.000")
        ET.SubElement(case, "error", message=say("next_error", options), type="error")
        cases.append(case)
    suite.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", _seconds(verdict.duration_s))
    properties = ET.SubElement(suite, "properties")
    values = {
        "title": verdict.title,
        "submission": options.path(verdict),
        "sha256": verdict.sha256,
        "score": f"{verdict.score:g}",
        "max_score": f"{verdict.max_score:g}",
        "seed": str(verdict.seed),
        "isolation": verdict.isolation.level,
    }
    for name, value in values.items():
        ET.SubElement(properties, "property", name=name, value=escape(value))
    suite.extend(cases)
    return suite


def _case(check: CheckResult, verdict: Verdict, options: ReportOptions) -> ET.Element:
    folder = f"{verdict.exercise}_{verdict.slug}"
    time = _seconds(check.duration_s)
    case = ET.Element("testcase", name=escape(check.id), classname=escape(folder), time=time)
    reason = escape(first_sentence(check.message))
    title = escape(check.title)
    if check.status == "skipped":
        ET.SubElement(case, "skipped", message=reason)
    elif check.status != "passed":
        tag = "error" if check.status == "error" else "failure"
        message = f"{title}: {reason}" if reason else title
        kind = escape(check.diagnosis or check.status)
        element = ET.SubElement(case, tag, message=message, type=kind)
        element.text = "\n".join([title, *detail(check, verdict, options)])
    return case


def _seconds(number: float) -> str:
    return f"{number:.3f}"
