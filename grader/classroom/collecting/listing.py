"""What ``grade-class --list`` prints: what was understood, and what was not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from grader.classroom.model import Collection, Entry, EntryRole, Remark, Student
from grader.model import Exercise, Language
from grader.report._layout import columns, cut, escape, pad, paint, wrap
from grader.texts import has_text, text

_NARROWEST = 50
_ROLES: tuple[EntryRole, ...] = (
    "submission",
    "duplicate",
    "superseded",
    "unknown",
    "refused",
    "unreadable",
    "ignored",
    "archive",
    "roster",
)
_TO_LOOK_AT: tuple[EntryRole, ...] = ("unknown", "refused", "unreadable")
# What may cost somebody a grade comes first.
_FIRST = (
    "none_in_roster",
    "looks_like_groups",
    "taken_for_groups",
    "same_name",
    "names_differ",
    "named_for_other",
    "several_rosters",
    "two_candidates",
    "chosen_over",
)
_MOST = 10
_MOST_PATHS = 4
_MOST_ALIKE = 3
_MOST_NAMES = 60


def entry_words(entry: Entry, language: Language) -> str:
    """Return why an entry is what it is, in words; "" where its role says it all."""
    key = f"collecting.{entry.reason}"
    if not entry.reason or not has_text(key, language):
        return ""
    return escape(text(key, language, detail=entry.detail))


def remark_words(remark: Remark, language: Language) -> str:
    """Return a remark in words, its paths left out."""
    key = f"collecting.{remark.about}"
    if not has_text(key, language):
        return escape(f"{remark.about} {remark.values}")
    return escape(text(key, language, **remark.values))


def render_list(
    collection: Collection,
    exercises: tuple[Exercise, ...],
    language: Language = "en",
    *,
    width: int = 100,
    colour: bool = False,
    verbose: bool = False,
) -> str:
    """Return the list, its last line ended; ``exercises`` are those asked for, in their order."""
    return _List(collection, exercises, language, max(width, _NARROWEST), colour, verbose).render()


class _List:
    def __init__(
        self,
        collection: Collection,
        exercises: tuple[Exercise, ...],
        language: Language,
        width: int,
        colour: bool,
        verbose: bool,
    ) -> None:
        self._collection = collection
        self._exercises = exercises
        self._language: Language = language
        self._width = width
        self._colour = colour
        self._verbose = verbose

    def render(self) -> str:
        parts = [self._head(), self._table(), self._look(), self._stubs() + self._missing()]
        if self._verbose:
            parts.append(self._every())
        return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"

    def _say(self, key: str, **values: object) -> str:
        return text(f"collecting.{key}", self._language, **values)

    def _head(self) -> list[str]:
        collection = self._collection
        layout = self._say(f"layout_{collection.layout}")
        head = self._say("list_head", source=escape(collection.source), layout=layout)
        there = {handed.student for handed in collection.handed}
        who = self._say("list_students", n=len(collection.students), there=len(there))
        strangers = sum(not student.in_roster for student in collection.students)
        if strangers and strangers < len(collection.students):
            who += self._say("list_separator") + self._say("list_strangers", n=strangers)
        roles = Counter(entry.role for entry in collection.entries)
        parts = [f"{roles[role]} {self._say(f'role_{role}')}" for role in _ROLES if roles[role]]
        joined = self._say("list_separator").join(parts) or "0"
        files = self._say("list_files", n=len(collection.entries), parts=joined)
        lines = self._wrapped(head, who, files)
        return [paint(lines[0], "bold", self._colour), *lines[1:]]

    def _table(self) -> list[str]:
        names = ("exercise", "students", "files", "late", "missing")
        rows = [[self._say(f"column_{name}") for name in names]]
        for exercise in self._exercises:
            mine = [h for h in self._collection.handed if h.exercise == exercise.id]
            there = {handed.student for handed in mine}
            title = f"{exercise.id} {exercise.title.in_language(self._language)}"
            late = sum(handed.late for handed in mine)
            away = len(self._collection.students) - len(there)
            rows.append([escape(title), *map(str, (len(there), len(mine), late, away))])
        sizes = [max(columns(row[n]) for row in rows) for n in range(len(names))]
        sizes[0] = max(min(sizes[0], self._width - sum(sizes[1:]) - 2 * len(sizes)), 8)
        return [self._row(row, sizes) for row in rows]

    def _row(self, row: Sequence[str], sizes: Sequence[int]) -> str:
        figures = "".join(
            " " * (size - columns(cell) + 2) + cell
            for cell, size in zip(row[1:], sizes[1:], strict=True)
        )
        return f"  {pad(cut(row[0], sizes[0]), sizes[0])}{figures}"

    def _look(self) -> list[str]:
        lines = []
        remarks: dict[str, list[Remark]] = defaultdict(list)
        for remark in self._collection.remarks:
            remarks[remark.about].append(remark)
        first = [about for about in _FIRST if about in remarks]
        for about in [*first, *(about for about in sorted(remarks) if about not in first)]:
            if about == "not_in_roster" and len(remarks[about]) > _MOST_ALIKE:
                lines += self._strangers(remarks[about])
            else:
                lines += self._some([self._remark(remark) for remark in remarks[about]])
        for role in _TO_LOOK_AT:
            alike: dict[str, list[str]] = defaultdict(list)
            for entry in self._collection.entries:
                if entry.role == role:
                    words = entry_words(entry, self._language) or self._say(f"role_{role}")
                    alike[words].append(escape(entry.path))
            lines += self._some([self._group(role, *group) for group in alike.items()])
        if not lines:
            return [paint(self._say("list_all_well"), "good", self._colour)]
        return [paint(self._say("list_look"), "bold", self._colour), *lines]

    def _some(self, items: Sequence[list[str]]) -> list[str]:
        """Return the first items' lines, and how many more there are."""
        most = len(items) if self._verbose or len(items) <= _MOST + 1 else _MOST
        lines = [line for item in items[:most] for line in item]
        if len(items) > most:
            more = f"    {self._say('list_more', n=len(items) - most)}"
            lines.append(paint(more, "dim", self._colour))
        return lines

    def _remark(self, remark: Remark) -> list[str]:
        lines = self._item("!", remark_words(remark, self._language), "odd")
        return lines + self._paths([escape(path) for path in remark.paths])

    def _group(self, role: EntryRole, words: str, paths: Sequence[str]) -> list[str]:
        count = self._say("list_times", n=len(paths)) if len(paths) > 1 else ""
        lines = self._item("?" if role == "unknown" else "✗", f"{words}{count}", "bad")
        return lines + self._paths(paths)

    def _paths(self, paths: Sequence[str]) -> list[str]:
        most = len(paths) if self._verbose or len(paths) <= _MOST_PATHS + 1 else _MOST_PATHS
        lines = [line for path in paths[:most] for line in self._indented(path, 6)]
        if len(paths) > most:
            more = f"      {self._say('list_more', n=len(paths) - most)}"
            lines.append(paint(more, "dim", self._colour))
        return lines

    def _missing(self) -> list[str]:
        stubs = self._collection.stubs()
        missing = [s for s in self._collection.missing() if s.key not in stubs]
        return self._names("list_missing", [escape(_called(student)) for student in missing])

    def _stubs(self) -> list[str]:
        """Say who has handed in the stub as it was handed out, and nothing else for it."""
        stubs = self._collection.stubs()
        return self._names(
            "list_stubs",
            [
                f"{escape(_called(student))} ({', '.join(sorted(stubs[student.key]))})"
                for student in self._collection.students
                if student.key in stubs
            ],
        )

    def _strangers(self, remarks: Sequence[Remark]) -> list[str]:
        """Return one remark for all who are not in the list."""
        who = [remark.values.get("who", remark.student) for remark in remarks]
        most = len(who) if self._verbose else _MOST_NAMES
        names = self._say("list_separator").join(who[:most])
        lines = self._remark(Remark("not_in_roster", {"who": names}))
        if len(who) > most:
            more = f"    {self._say('list_more', n=len(who) - most)}"
            lines.append(paint(more, "dim", self._colour))
        return lines

    def _names(self, key: str, all_names: Sequence[str]) -> list[str]:
        if not all_names:
            return []
        most = len(all_names) if self._verbose else _MOST_NAMES
        names = self._say("list_separator").join(all_names[:most])
        if len(all_names) > most:
            names += f" {self._say('list_more', n=len(all_names) - most)}"
        return self._wrapped(self._say(key, n=len(all_names), names=names))

    def _every(self) -> list[str]:
        lines = [paint(self._say("list_every"), "bold", self._colour)]
        called = {student.key: _called(student) for student in self._collection.students}
        for entry in self._collection.entries:
            who = escape(called.get(entry.student, entry.student))
            about = " · ".join(
                part
                for part in (
                    self._say(f"role_{entry.role}"),
                    who,
                    entry.exercise,
                    entry_words(entry, self._language),
                )
                if part
            )
            lines += self._indented(escape(entry.path), 2)
            lines += [paint(line, "dim", self._colour) for line in self._indented(about, 6)]
        return lines

    def _item(self, mark: str, said: str, kind: str) -> list[str]:
        first, *rest = self._indented(said, 4)
        return [f"  {paint(mark, kind, self._colour)} {first[4:]}", *rest]

    def _indented(self, said: str, by: int) -> list[str]:
        return [" " * by + line for line in wrap(said, self._width - by)] or [" " * by]

    def _wrapped(self, *said: str) -> list[str]:
        return [line for one in said for line in wrap(one, self._width)]


def _called(student: Student) -> str:
    """Return what a student is called, told from namesakes by the key."""
    if student.name and student.key not in (student.name, student.mail):
        return f"{student.name} ({student.key})"
    return student.name or student.key
