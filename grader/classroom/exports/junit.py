"""``junit.xml``: a suite for each file that was handed in, a case for each check.

A suite is what ``--format junit`` makes of a verdict (see `grader.report.junit`), called after
student, exercise and attempt.  A file without a verdict is a suite with one error.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from grader.classroom.course import Course
from grader.classroom.exports._files import write_whole
from grader.classroom.exports._words import say
from grader.classroom.model import ClassResult, Graded
from grader.model import Verdict
from grader.report import ReportOptions
from grader.report import render as render_report
from grader.report._layout import escape

NAME = "junit"
_COUNTS = ("tests", "failures", "errors", "skipped")


def write(result: ClassResult, course: Course, folder: Path) -> list[Path]:
    """Write the file; points and lateness are no part of it."""
    root = ET.Element("testsuites", name=escape(course.title or result.title or "socket-dojo"))
    suites = [_suite(graded, result) for graded in result.graded]
    for name in _COUNTS:
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    seconds = [graded.verdict.duration_s for graded in result.graded if graded.verdict]
    root.set("time", f"{sum(seconds):.3f}")
    root.extend(suites)
    ET.indent(root)
    words = ET.tostring(root, encoding="unicode")
    # GitHub's runner reads what is printed: see `guard` of grader.report._layout.
    words = words.replace("##[", "##&#91;").replace("::", "&#58;:")
    content = f'<?xml version="1.0" encoding="utf-8"?>\n{words}\n'
    return [write_whole(folder / "junit.xml", content.encode("utf-8"))]


def _suite(graded: Graded, result: ClassResult) -> ET.Element:
    handed = graded.handed
    verdict = graded.verdict
    suite = _error(graded, result) if verdict is None else _of(verdict, graded, result)
    name = escape(f"{handed.student} {handed.exercise} {handed.attempt}")
    suite.set("name", name)
    for case in suite.iter("testcase"):
        case.set("classname", name)
    properties = suite.find("properties")
    assert properties is not None
    values = {"student": handed.student, "attempt": str(handed.attempt), "origin": handed.origin}
    for key, value in values.items():
        ET.SubElement(properties, "property", name=key, value=escape(value))
    return suite


def _of(verdict: Verdict, graded: Graded, result: ClassResult) -> ET.Element:
    options = ReportOptions(language=result.language, path_of=lambda _: graded.handed.name)
    suite = ET.fromstring(render_report("junit", [verdict], options)).find("testsuite")
    assert suite is not None
    return suite


def _error(graded: Graded, result: ClassResult) -> ET.Element:
    suite = ET.Element("testsuite", tests="1", failures="0", errors="1", skipped="0", time="0.000")
    ET.SubElement(suite, "properties")
    case = ET.SubElement(suite, "testcase", name="grader", time="0.000")
    entry = "flag_grader_error" if graded.log else "flag_not_graded"
    error = ET.SubElement(case, "error", message=say(entry, result.language), type="error")
    error.text = escape(graded.log, keep="\n") or None
    return suite
