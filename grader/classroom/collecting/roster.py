"""Lists of students: our own, Canvas's gradebook, Moodle's gradebook and grading worksheet.

Canvas (``lib/gradebook_exporter.rb``): Student ("Lee, Ann"; or LastName, FirstName), ID, SIS User
ID, SIS Login ID, Section; a row "    Points Possible" and one of hidden assignments above the
students, "Student, Test" among them.  Moodle's worksheet (``mod/assign/gradingtable.php``,
``feedback/offline``): Identifier ("Participant 123"), Full name, ID number, Email address, Status,
…, Last modified (submission); its gradebook export: First name, Last name (or Surname), ID number,
Institution, Department, Email address.  Of our own: key, name, id, sis_id, login, mail, section,
url, in any order.  Headings may be English or Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.classroom.collecting.names import folded, words
from grader.classroom.collecting.options import CollectError
from grader.classroom.collecting.tables import read_table
from grader.classroom.model import Remark, Student

IDENTIFIER, CHANGED, STATUS = "Identifier", "Last modified (submission)", "Status"
# What a column is called, folded: words of field, and of our own fields' names.
_HEADINGS: dict[str, tuple[str, ...]] = {
    "key": ("key",),
    "name": ("name", "full name", "fullname", "student", "student name", "姓名", "学生姓名", "名字",
             "学生", "全名", "vollständiger name"),
    "first": ("first name", "firstname", "given name", "名", "vorname"),
    "last": ("last name", "lastname", "surname", "family name", "姓", "nachname", "姓氏"),
    "id": ("id", "id number", "idnumber", "student id", "student number", "matriculation number",
           "学号", "编号", "学生编号", "身份号码", "id号", "id 号", "matrikelnummer"),
    "sis_id": ("sis user id", "sis id", "sis_id"),
    "login": ("login", "sis login id", "username", "user name", "login id", "github",
              "github username", "github login", "gitlab", "用户名", "账号", "帐号", "登录名",
              "anmeldename"),
    "mail": ("mail", "email", "e-mail", "email address", "e mail", "e-mail address", "邮箱",
             "电子邮箱", "电子邮件", "邮件", "邮箱地址", "电子邮件地址", "email地址",
             "e-mail-adresse"),
    "section": ("section", "class", "group", "班级", "班", "分组", "小组", "组"),
    "url": ("url", "repository", "repo", "git", "git url", "clone url", "repository url",
            "student_repository_url", "student repository url", "仓库", "仓库地址",
            "代码仓库", "网址"),
}  # fmt: skip
_OF = {heading: field for field, headings in _HEADINGS.items() for heading in headings}
_WORKSHEET = {
    "identifier": IDENTIFIER, "识别码": IDENTIFIER, "标识符": IDENTIFIER, "编号标识": IDENTIFIER,
    "last modified (submission)": CHANGED, "最后修改(提交)": CHANGED, "最后修改 (提交)": CHANGED,
    "status": STATUS, "状态": STATUS,
}  # fmt: skip
_POINTS = re.compile(r"\s*(points possible|可得分数|满分|总分)", re.IGNORECASE)
_TEST_STUDENTS = frozenset({"student, test", "test student", "学生, 测试", "测试学生"})
_LATE = re.compile(r"\blate\b|逾期|迟交|补交|超时|zu spät|en retard|retraso", re.IGNORECASE)


@dataclass(frozen=True)
class Roster:
    """The students of a class, in their order; ``kind`` is "canvas", "moodle" or "own"."""

    students: tuple[Student, ...] = ()
    remarks: tuple[Remark, ...] = ()
    kind: str = "own"
    name: str = ""


def looks_like_roster(data: bytes, name: str) -> bool:
    """Tell whether a table has the headings of a list of students."""
    try:
        rows = read_table(data, name)
    except CollectError:
        return False
    fields = set(_columns(rows[0]).values()) if rows else set()
    told = bool(fields & {"id", "login", "mail", "sis_id", "key"})
    return "url" in fields or (told and bool(fields & {"name", "last"}))


def read_roster(data: bytes, name: str) -> Roster:
    """Read a list of students; ``name`` is what it is called (CollectError)."""
    rows = read_table(data, name)
    if not rows:
        raise CollectError("roster_empty", path=name)
    columns = _columns(rows[0])
    if not {"name", "last", "id", "login", "mail", "key", "url"} & set(columns.values()):
        raise CollectError("roster_headings", path=name, found=", ".join(rows[0])[:200])
    students = [_student(rows[0], columns, row) for row in rows[1:] if not _is_no_student(row)]
    named = [s for s in students if _is_somebody(s)]
    if not named:
        raise CollectError("roster_empty", path=name)
    kept, remarks = _with_keys(named)
    return Roster(tuple(kept), tuple(remarks), _kind(rows[0]), name)


def is_late(student: Student) -> bool:
    """Tell whether Moodle's worksheet calls a student's submission late."""
    return bool(_LATE.search(student.more.get(STATUS, "")))


def participant(student: Student) -> str:
    """Return the number of Moodle's "Participant 123", or ""."""
    digits = re.search(r"(\d+)\s*$", student.more.get(IDENTIFIER, ""))
    return digits[1] if digits else ""


def _columns(headings: Sequence[str]) -> dict[int, str]:
    """Return which column is which field; the first of several that could be."""
    columns: dict[int, str] = {}
    for at, heading in enumerate(headings):
        field = _OF.get(folded(heading).replace("：", "").rstrip(":"))
        if field and field not in columns.values():
            columns[at] = field
    return columns


def _kind(headings: Sequence[str]) -> str:
    known = {folded(heading) for heading in headings}
    if "sis login id" in known or {"student", "id", "section"} <= known:
        return "canvas"
    if known & set(_WORKSHEET) or {"first name", "id number"} <= known:
        return "moodle"
    return "own"


def _is_no_student(row: Sequence[str]) -> bool:
    first = row[0] if row else ""
    others = [cell for cell in row[1:6] if cell]
    return bool(
        _POINTS.match(first)
        or folded(first) in _TEST_STUDENTS
        or (not first and not any(row[:4]))  # Canvas's row of hidden assignments
        or (first == "" and not others)
    )


def _student(headings: Sequence[str], columns: dict[int, str], row: Sequence[str]) -> Student:
    fields: dict[str, str] = {}
    more: dict[str, str] = {}
    for at, heading in enumerate(headings):
        value = row[at] if at < len(row) else ""
        field = columns.get(at)
        if field:
            fields[field] = value
        known = _WORKSHEET.get(folded(heading), heading)
        if not field or field in ("first", "last"):
            more[_free(known, more)] = value
    first, last = fields.pop("first", ""), fields.pop("last", "")
    if not fields.get("name"):
        fields["name"] = _joined(first, last)
    return Student(**{"key": "", **fields}, in_roster=True, more=more)


def _is_somebody(s: Student) -> bool:
    return bool(s.key or s.id or s.login or s.mail or s.sis_id or s.name or participant(s) or s.url)


def _free(heading: str, taken: dict[str, str]) -> str:
    name, at = heading, 2
    while name in taken:
        name, at = f"{heading} ({at})", at + 1
    return name


def _joined(first: str, last: str) -> str:
    """Write a name as its country does: no blank between Chinese ones, the family's first."""
    together = f"{last}{first}"
    if together and all("\u3400" <= char <= "\u9fff" for char in together):
        return together
    return f"{first} {last}".strip()


def _with_keys(students: Iterable[Student]) -> tuple[list[Student], list[Remark]]:
    """Give every student a key of its own; rows that are the same are one student."""
    kept: dict[str, Student] = {}
    remarks: list[Remark] = []
    for student in students:
        s = student
        wanted = s.key or s.id or s.login or s.mail or s.sis_id or s.name
        wanted = wanted or s.more.get(IDENTIFIER, "") or s.url
        key, at = wanted, 2
        same = False
        while key in kept and not same:
            same = _same(kept[key], student)
            key, at = (key, at) if same else (f"{wanted} ({at})", at + 1)
        if same or key != wanted:
            about = "roster_twice" if same else "roster_key_twice"
            values = {"who": student.name or wanted, "same": wanted}
            remarks.append(Remark(about, values, student=key))
        if not same:
            kept[key] = _keyed(student, key)
    return list(kept.values()), remarks


def _keyed(s: Student, key: str) -> Student:
    return Student(key, s.name, s.id, s.login, s.sis_id, s.mail, s.section, s.url, True, s.more)


def _same(one: Student, other: Student) -> bool:
    def of(s: Student) -> tuple[object, ...]:
        return (words(s.name), s.id, s.login, s.sis_id, s.mail, s.section, s.url, s.more)

    return of(one) == of(other)
