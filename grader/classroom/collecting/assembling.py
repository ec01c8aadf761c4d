"""From what was found to a `Collection`: each file is somebody's work, or an entry says why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from msgspec.structs import replace as replace_struct

from grader.catalog import pristine_path
from grader.classroom.collecting.found import Findings, Found, Steps
from grader.classroom.collecting.git_running import BOUNDS
from grader.classroom.collecting.options import CollectOptions
from grader.classroom.collecting.owners import Owner, Owners
from grader.classroom.collecting.people import Match, People
from grader.classroom.collecting.pieces import Piece, Sorted, sort_out
from grader.classroom.collecting.roster import CHANGED, Roster, is_late
from grader.classroom.collecting.sources import Sources
from grader.classroom.collecting.subjects import Evidence, Subject, Subjects
from grader.classroom.collecting.times import read_time
from grader.classroom.model import Collection, Entry, Handed, Remark, Student
from grader.manifest import read_regular
from grader.model import Exercise

_MOST_NAMES = 10


class Assembly:
    """Works one source out; `collection` gives the result."""

    def __init__(
        self, findings: Findings, roster: Roster, options: CollectOptions, sources: Sources
    ) -> None:
        self._findings = findings
        self._roster = roster
        self._options = options
        self._sources = sources
        self._subjects = Subjects(options.exercises)
        self._people = People(roster.students)
        self._owners = Owners(self._people, self._subjects, findings)
        self._asked = {exercise.id for exercise in options.asked()}
        self._stubs = _stubs(options)
        self._entries: list[Entry] = []
        self._remarks: list[Remark] = list(roster.remarks)
        self._handed: list[Handed] = []
        self._how: dict[str, int] = defaultdict(int)
        self._doubts: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._others: dict[tuple[str, str], list[str]] = defaultdict(list)

    def collection(self, source: str, layout: str = "") -> Collection:
        """Return what was understood; ``layout`` is what the source says of itself."""
        pieces: list[Piece] = []
        open_ones: list[tuple[Found, Owner]] = []
        for found in self._findings.found:
            if found.role:
                self._note(found)
                continue
            owner, subject = self._judge(found)
            if owner.doubt is not None:
                self._doubt(found, owner.doubt)
            elif subject.exercise is None or not owner.key:
                open_ones.append((found, owner))
            else:
                self._take(found, owner, subject, pieces)
        pieces += self._only_ones(open_ones, pieces)
        self._settle(pieces)
        self._empty_folders()
        self._archives()
        self._say_doubts()
        for (key, other), paths in self._others.items():
            self._remark("named_for_other", key, *sorted(paths), other=other, n=str(len(paths)))
        for name in sorted(self._owners.namesakes):
            self._remarks.append(Remark("namesakes", {"who": name}))
        self._say_groups()
        students = self._students()
        self._about_strangers(students)
        return Collection(
            source,
            layout or self._layout(),
            tuple(students),
            tuple(sorted(self._handed, key=_order(students))),
            tuple(sorted(self._entries, key=lambda entry: entry.path)),
            tuple(sorted(self._remarks, key=lambda r: (r.about, r.student, r.paths))),
        )

    def _note(self, found: Found) -> None:
        """Give an entry to what can't be graded, whatever it is."""
        role, reason, key = found.role, found.reason, ""
        if role in ("unknown", "unreadable", "refused"):
            owner = self._owners.of(found)
            key = owner.key
            self._how[owner.how] += bool(owner.key)
        if role == "unknown" and self._owners.home_of(found.steps) is not None:
            role, reason = "ignored", "in_repository"
        if role:
            self._entries.append(Entry(found.path, role, reason, found.detail, key))
        if role == "refused" and reason in BOUNDS and "://" in found.path:
            self._remark("repository_refused", key, found.path)

    def _judge(self, found: Found) -> tuple[Owner, Subject]:
        """Say whose a file is and what it is for; a flat file's own words may be its owner."""
        owner = self._owners.of(found)
        name = owner.file if owner.clue and owner.file else found.name
        subject = self._subject(found, name)
        if subject.exercise is not None:
            owner = self._owners.by_stem(owner)
        return owner, subject

    def _subject(self, found: Found, name: str) -> Subject:
        subject = self._subjects.by_name(name)
        if subject.exercise is not None:
            if self._subjects.is_suite_place(found.steps, subject.exercise):
                return replace(subject, evidence=Evidence.SUITE)
            return subject
        by_folder = self._subjects.by_folder(found.steps[:-1])
        if by_folder is not None:
            return replace(subject, exercise=by_folder, evidence=Evidence.FOLDER)
        by_functions = self._subjects.by_functions(self._bytes(found))
        if by_functions is not None:
            return replace(subject, exercise=by_functions, evidence=Evidence.FUNCTIONS)
        return subject

    def _take(self, found: Found, owner: Owner, subject: Subject, pieces: list[Piece]) -> None:
        exercise = subject.exercise
        assert exercise is not None
        self._how[owner.how] += 1
        home = self._owners.home_of(found.steps)
        if found.plain in self._stubs.get(exercise.id, ()):
            self._entry(found, "ignored", "stub", owner.key, exercise.id)
        elif home is not None and self._is_suites_own(found.steps[len(home) :]):
            self._entry(found, "ignored", "in_repository", owner.key)
        elif exercise.id not in self._asked:
            self._entry(found, "ignored", "not_asked", owner.key, exercise.id)
        else:
            pieces.append(self._piece(found, owner, subject, exercise))

    def _is_suites_own(self, inner: Steps) -> bool:
        """Tell what comes with a whole suite: its solutions are nobody's work."""
        return len(inner) > 1 and inner[0] in ("solutions", "grader", "tests")

    def _piece(self, found: Found, owner: Owner, subject: Subject, exercise: Exercise) -> Piece:
        other = self._owners.named_inside(found.steps, owner)
        if other:
            self._others[owner.key, other].append(found.path)
        source = self._bytes(found)
        complete = self._subjects.has_any(source, exercise)
        if subject.evidence is Evidence.FUNCTIONS:
            self._remark("guessed", owner.key, found.path, exercise=exercise.id)
        elif not complete:
            likely = self._subjects.by_functions(source)
            if likely is not None and likely is not exercise:
                values = {"exercise": exercise.id, "other": likely.id}
                self._remark("other_functions", owner.key, found.path, **values)
        clue, repository = owner.clue, owner.repository
        return Piece(
            found,
            owner.key,
            exercise.id,
            subject.evidence,
            owner.file if clue and owner.file else found.name,
            subject.turn,
            clue.upload if clue else 0,
            bool(clue and clue.late),
            repository.committed_at if repository else None,
            complete,
        )

    def _only_ones(
        self, open_ones: Iterable[tuple[Found, Owner]], pieces: Iterable[Piece]
    ) -> list[Piece]:
        """Take a student's only file where one exercise was asked for; the rest is unknown."""
        asked = self._options.asked()
        have = {piece.student for piece in pieces}
        of: dict[str, list[tuple[Found, Owner]]] = defaultdict(list)
        for found, owner in open_ones:
            if len(asked) == 1:
                owner = self._owners.by_stem(owner)
            of[owner.key].append((found, owner))
        taken = []
        for key, files in of.items():
            if key and key not in have and len(asked) == 1 and len(files) == 1:
                found, owner = files[0]
                self._remark("taken_as_only", key, found.path, exercise=asked[0].id)
                self._how[owner.how] += 1
                subject = Subject(asked[0], Evidence.ONLY)
                taken.append(self._piece(found, owner, subject, asked[0]))
                continue
            for found, _ in files:
                self._unknown(found, key)
        return taken

    def _unknown(self, found: Found, key: str) -> None:
        if self._owners.home_of(found.steps) is not None:
            self._entry(found, "ignored", "in_repository", key)
        else:
            self._entry(found, "unknown", "no_exercise" if key else "no_student", key)

    def _settle(self, pieces: Iterable[Piece]) -> None:
        """Order everybody's files for each exercise, and say where there was a choice."""
        of: dict[tuple[str, str], list[Piece]] = defaultdict(list)
        for piece in pieces:
            of[piece.student, piece.exercise].append(piece)
        for (key, exercise), mine in of.items():
            result = sort_out(mine)
            for piece in result.attempts:
                self._hand_in(piece)
            for piece, other in result.duplicates:
                self._entry(piece.found, "duplicate", "duplicate_of", key, exercise, other.path)
            for piece, other in result.superseded:
                self._entry(piece.found, "superseded", "chosen_instead", key, exercise, other.path)
            self._say_order(key, exercise, result)

    def _say_order(self, key: str, exercise: str, result: Sorted) -> None:
        if result.alike:
            paths = [piece.path for piece in result.alike]
            self._remark("two_candidates", key, *paths, exercise=exercise, n=str(len(paths)))
        if result.by_time:
            paths = [piece.path for piece in result.attempts]
            self._remark("ordered_by_time", key, *paths, exercise=exercise)
        rivals = [piece.path for piece, _ in result.superseded if piece.complete]
        if rivals:
            chosen = result.superseded[0][1].path
            self._remark("chosen_over", key, chosen, *rivals, exercise=exercise)

    def _hand_in(self, piece: Piece) -> None:
        student = self._student(piece.student)
        at, late = piece.committed_at, piece.late
        if at is None and student is not None:
            at = read_time(student.more.get(CHANGED, ""), self._options.timezone)
            late = late or is_late(student)
        if at is None and self._options.trust_file_times:
            at = piece.found.at
        found = piece.found
        self._handed.append(
            Handed(
                piece.student,
                piece.exercise,
                found.path,
                piece.name,
                found.sha256,
                found.size,
                piece.attempt,
                at,
                late,
            )
        )
        self._entry(found, "submission", "", piece.student, piece.exercise)

    def _student(self, key: str) -> Student | None:
        return self._people.by_key.get(key) or self._owners.found_stranger(key)

    def _entry(
        self,
        found: Found,
        role: str,
        reason: str,
        student: str = "",
        exercise: str = "",
        detail: str = "",
    ) -> None:
        entry = Entry(found.path, role, reason, detail, student, exercise)  # type: ignore[arg-type]
        self._entries.append(entry)

    def _remark(self, about: str, student: str, *paths: str, **values: str) -> None:
        known = self._student(student)
        who = (known.name or known.key) if known else student
        self._remarks.append(Remark(about, {"who": who, **values}, student, tuple(paths)))

    def _doubt(self, found: Found, doubt: Match) -> None:
        names = tuple(sorted({student.name or student.key for student in doubt.students}))
        keys = tuple(sorted({student.key for student in doubt.students}))
        self._doubts[doubt.doubt, "; ".join(names), ", ".join(keys)].append(found.path)
        self._entry(found, "unknown", "several_meant", detail="; ".join(names))

    def _archives(self) -> None:
        """Say whose an archive is: whose everything in it is; of an empty one its name tells."""
        inside: dict[str, set[str]] = defaultdict(set)
        for entry in self._entries:
            at = entry.path.find("!/")
            while at >= 0:
                inside[entry.path[:at]].add(entry.student)
                at = entry.path.find("!/", at + 1)
        steps = {found.path: found for found in self._findings.found if found.role == "archive"}
        for at, entry in enumerate(self._entries):
            if entry.role == "archive":
                keys = inside.get(entry.path, set()) - {""}
                key = next(iter(keys)) if len(keys) == 1 else ""
                if entry.path not in inside and not self._findings.is_one_zip:
                    key = self._owners.of(steps[entry.path]).key
                self._entries[at] = replace_struct(entry, student=key)

    def _say_doubts(self) -> None:
        for (about, names, keys), paths in self._doubts.items():
            values = {"names": names, "keys": keys, "n": str(len(paths))}
            self._remarks.append(Remark(about, values, "", tuple(sorted(paths))))

    def _say_groups(self) -> None:
        groups = self._owners.groups
        for about, several in (
            ("taken_for_groups", groups.guessed),
            ("looks_like_groups", groups.doubtful),
        ):
            if several:
                names = ", ".join(map(groups.called, several[:_MOST_NAMES]))
                more = " …" if len(several) > _MOST_NAMES else ""
                paths = tuple("/".join(steps) for steps in several)
                self._remarks.append(Remark(about, {"names": names + more}, paths=paths))

    def _empty_folders(self) -> None:
        """Note who has a folder with nothing in it that could be graded."""
        for steps in self._findings.folders:
            self._owners.of_folder(steps)
        if not self._roster.students and self._layout() == "folders":
            for steps in self._owners.student_folders(self._findings.folders):
                rest = self._subjects.rest_of(steps[-1])
                self._owners.stranger(rest, rest)

    def _students(self) -> list[Student]:
        strangers = sorted(self._owners.strangers.values(), key=lambda student: student.key)
        return [*self._roster.students, *strangers]

    def _about_strangers(self, students: Sequence[Student]) -> None:
        if not self._roster.students:
            return
        paths: dict[str, list[str]] = defaultdict(list)
        for entry in self._entries:
            paths[entry.student].append(entry.path)
        strangers = [student for student in students if not student.in_roster]
        if len(strangers) > 1 and not any(s.in_roster and paths[s.key] for s in students):
            self._remarks.append(Remark("none_in_roster", {"n": str(len(strangers))}))
        for student in strangers:
            mine = sorted(paths[student.key])[:3]
            self._remark("not_in_roster", student.key, *mine)

    def _layout(self) -> str:
        """Name the layout that nearly everything speaks for."""
        counts = {how: count for how, count in self._how.items() if how and count}
        if not counts:
            return "folders"
        best = max(sorted(counts), key=lambda how: counts[how])
        return best if counts[best] * 10 >= sum(counts.values()) * 9 else "mixed"

    def _bytes(self, found: Found) -> bytes:
        return self._sources.read(found.sha256) or b""


def _order(students: Iterable[Student]) -> Callable[[Handed], tuple[int, str, int, str]]:
    places = {student.key: place for place, student in enumerate(students)}

    def order(handed: Handed) -> tuple[int, str, int, str]:
        return places[handed.student], handed.exercise, handed.attempt, handed.origin

    return order


def _stubs(options: CollectOptions) -> dict[str, tuple[str, ...]]:
    """Return the hash of each exercise's stub, its line ends those of Unix."""
    stubs: dict[str, tuple[str, ...]] = {}
    for exercise in options.exercises if options.root else ():
        assert options.root is not None
        try:
            data = read_regular(pristine_path(options.root, exercise), 1 << 20)
        except OSError:
            data = None
        if data is not None:
            stubs[exercise.id] = (Sources.digest(data.replace(b"\r\n", b"\n")),)
    return stubs
