"""Who handed a file in: what platforms say, what a roster knows, where it lies.

From outside to inside, the first step on the way to a file that says so decides: names inside a
student's own folder, zip or clone are the student's words, and say nothing about whose it is.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from grader.classroom.collecting.downloads import clue_at, find_downloads, first_clue
from grader.classroom.collecting.found import Findings, Found, Repository, Steps
from grader.classroom.collecting.groups import find_groups, is_generic
from grader.classroom.collecting.names import folded, forms
from grader.classroom.collecting.people import NOBODY, Match, People
from grader.classroom.collecting.platforms import Clue, canvas_numbers, clue_of
from grader.classroom.collecting.subjects import Evidence, Subjects, without_zip
from grader.classroom.model import Student


@dataclass(frozen=True)
class Owner:
    """Who it is, or who it could be; ``how`` is the layout that this speaks for.

    ``clue`` is what the platform says; ``file`` the name that the student gave the file.
    """

    key: str = ""
    how: str = ""
    clue: Clue | None = None
    doubt: Match | None = None
    repository: Repository | None = None
    file: str = ""


class Owners:
    """Tells owners, and collects the students that no roster has."""

    def __init__(self, people: People, subjects: Subjects, findings: Findings) -> None:
        self._people = people
        self._subjects = subjects
        self._known = {student.key for student in people.students}
        self.strangers: dict[str, Student] = {}
        self._stranger_by_key: dict[str, Student] = {}
        self._repositories = {r.steps: r for r in findings.repositories}
        self._logins = _logins([r for r in findings.repositories if not r.owner])
        self._wrapper = self._common(findings)
        self._suites = self._copies(findings.found)
        self._downloads = find_downloads(findings.found, self._repositories.keys())
        self._owned: dict[Steps, bool] = {}
        self._twins = self._named_twice(findings.found)
        self.groups = find_groups(
            [thing for thing in findings.found if self._is_by_place(thing)],
            len(self._wrapper),
            subjects,
            lambda step: bool(self._match(step).students),
        )
        self.namesakes: set[str] = set()
        self._claims = self._claimed(findings.found)

    def of(self, found: Found) -> Owner:
        """Return who handed in what was found."""
        believed = self._clue(found.steps)
        if believed is not None:
            at, clue = believed
            is_last = at == len(found.steps) - 1
            name = clue.file or found.name if is_last else found.name
            rival = self._rival(clue, found.steps[at])
            if rival.doubt:
                return Owner(how=clue.platform, clue=clue, doubt=rival, file=name)
            return self._by_clue(clue, found.steps[:at], name)
        home = self._home(found.steps)
        if home is not None:
            owner = self._by_repository(home)
            if owner is not None:
                return owner
        return self._by_roster(found) or self._by_place(found.steps)

    def of_folder(self, steps: Steps) -> Owner:
        """Return whose folder it is, which may be empty; only a student's own counts."""
        clue = clue_of(steps[-1], is_file=False)
        if clue is not None and not self._is_owned(steps[:-1]):
            return self._by_clue(clue, steps[:-1], "")
        return Owner()

    def student_folders(self, folders: Iterable[Steps]) -> list[Steps]:
        """Return the folders that lie where students' folders do and name one."""
        depth, groups = len(self._wrapper) + 1, self.groups.taken
        full = {steps[:-1] for steps in groups}  # of groups: what is called like one is one

        def is_students(steps: Steps) -> bool:
            outer, name = steps[:-1], steps[-1]
            if steps in groups or not self._subjects.rest_of(name):
                return False
            if outer in groups and outer not in full:
                return True
            can_be = outer in groups or len(steps) == depth
            return can_be and not (groups and is_generic(name))

        return [steps for steps in folders if is_students(steps)]

    def home_of(self, steps: Steps) -> Steps | None:
        """Return the clone, or the copy of the suite, that something lies in."""
        home = self._home(steps)
        if home is not None:
            return home.steps
        return next((s for n in range(1, len(steps)) if (s := steps[:n]) in self._suites), None)

    def by_stem(self, owner: Owner) -> Owner:
        """Return the owner of a flat file whose other words are a name, its exercise known."""
        if owner.key or owner.doubt or owner.how != "flat" or not owner.file:
            return owner
        return Owner(self.stranger(owner.file, owner.file), "flat")

    def stranger(self, key: str, name: str, id: str = "", login: str = "") -> str:
        """Note a student whom no roster has; return the key."""
        # macOS writes "ü" as two characters: a key is the same on every machine.
        key, name = unicodedata.normalize("NFC", key), unicodedata.normalize("NFC", name)
        folded_key = folded(key)
        known = self.strangers.get(folded_key)
        if known is None:
            free = key
            while free in self._known:
                free += " *"
            known = self.strangers[folded_key] = Student(free, name, id, login)
            self._stranger_by_key[free] = known
        return known.key

    def found_stranger(self, key: str) -> Student | None:
        """Return a student whom no roster has, by key."""
        return self._stranger_by_key.get(key)

    def named_inside(self, steps: Steps, owner: Owner) -> str:
        """Return another student's name that stands on the way to an owner's file, or ""."""
        for at in range(len(self._wrapper), len(steps)):
            is_last = at == len(steps) - 1
            clue = clue_at(steps, at)
            name = without_zip(steps[at].rpartition(".")[0] or steps[at]) if is_last else steps[at]
            match = self._people.by_clue(clue) if clue is not None else self._match(name)
            if match.student is not None and match.student.key != owner.key:
                return match.student.name or match.student.key
            if clue is None or clue.blind or clue == owner.clue or self._people.students:
                continue
            mine = self._stranger_by_key.get(owner.key)
            if mine is not None and not forms(mine.name) & forms(clue.name):
                return clue.name
        return ""

    def _clue(self, steps: Steps) -> tuple[int, Clue] | None:
        """Return a platform's name and its place, where it isn't in something of a student's."""
        found = first_clue(steps)
        return found if found is not None and not self._is_owned(steps[: found[0]]) else None

    def _is_owned(self, outer: Steps) -> bool:
        """Tell whether a folder, or one around it, is a student's whatever is in it."""
        if not outer:
            return False
        if outer not in self._owned:
            self._owned[outer] = self._is_owned(outer[:-1]) or self._is_owned_itself(outer)
        return self._owned[outer]

    def _is_owned_itself(self, folder: Steps) -> bool:
        home = self._repositories.get(folder)
        if len(folder) <= len(self._wrapper):
            return home is not None and home.cloned
        if home is not None or self._match(folder[-1]).students:
            return True
        is_named = bool(self._subjects.rest_of(folder[-1]))
        return not self._people.students and is_named and folder not in self._downloads

    def _home(self, steps: Steps) -> Repository | None:
        """Return the outermost clone on the way; one around the whole class only for want of it."""
        ways = (steps[:at] for at in range(1, len(steps)))
        homes = [self._repositories[way] for way in ways if way in self._repositories]
        own = [home for home in homes if home.cloned or len(home.steps) > len(self._wrapper)]
        return own[0] if own else homes[-1] if homes else None

    def _rival(self, clue: Clue, step: str) -> Match:
        """Return whom a name of Canvas's could mean, where it has the numbers of two students."""
        if clue.platform != "canvas" or clue.blind:
            return NOBODY
        first = self._people.by_clue(clue).student
        others = (replace(clue, number=number) for number in canvas_numbers(step))
        known = [self._people.by_clue(one) for one in others if self._people.knows_number(one)]
        students = {one.key: one for one in (first, *(match.student for match in known)) if one}
        return Match(tuple(students.values()), "names_differ") if len(students) > 1 else NOBODY

    def _by_clue(self, clue: Clue, parent: Steps, file: str) -> Owner:
        match = self._people.by_clue(clue)
        if match.student is not None:
            rivals = self._claims.get(match.student.key, set())
            if len(rivals) > 1 and not self._people.knows_number(clue):
                return Owner(
                    how=clue.platform, clue=clue, doubt=Match((match.student,), "same_name")
                )
            return Owner(match.student.key, clue.platform, clue, file=file)
        if match.doubt:
            return Owner(how=clue.platform, clue=clue, doubt=match, file=file)
        if clue.platform == "canvas":
            key = f"anon_{clue.number}" if clue.blind else clue.number
            number = "" if clue.blind else clue.number
            stranger = self.stranger(key, clue.name or key, id=number)
            return Owner(stranger, "canvas", clue, file=file)
        key = clue.name
        if not clue.blind and folded(clue.name) in self._twins:
            self.namesakes.add(clue.name)
        if clue.blind or folded(clue.name) in self._twins:
            key = f"{clue.name} {clue.number}".strip()
        return Owner(self.stranger(key, clue.name), "moodle", clue, file=file)

    def _by_repository(self, home: Repository) -> Owner | None:
        how = "git" if home.cloned else "repositories"
        if home.owner:
            return Owner(home.owner, how, repository=home)
        name = home.steps[-1]
        outer = [self._match(step) for step in home.steps[len(self._wrapper) : -1]]
        inner = (self._people.by_login(without_zip(step)) for step in reversed(home.steps))
        match = _first_of((*outer, *inner))
        if match.student is not None:
            return Owner(match.student.key, how, repository=home)
        if match.doubt:
            return Owner(how=how, doubt=match, repository=home)
        login = self._logins.get(home.steps)
        if login is None or self._is_owned(home.steps[:-1]):
            return None
        return Owner(self.stranger(login, login, login=login), how, repository=home, file=name)

    def _by_roster(self, found: Found) -> Owner | None:
        doubt: Match | None = None
        for at, step in enumerate(found.steps):
            is_last = at == len(found.steps) - 1
            if at < len(self._wrapper) and not is_last:
                continue
            match = self._match(without_zip(step.rpartition(".")[0] or step) if is_last else step)
            if match.student is not None and (doubt is None or match.student in doubt.students):
                in_name = is_last and not folded(step).endswith(".zip")
                return Owner(match.student.key, "flat" if in_name else "folders")
            doubt = doubt or (match if match.doubt else None)
        return Owner(doubt=doubt) if doubt else None

    def _match(self, step: str) -> Match:
        if not self._people.students:
            return NOBODY
        match = self._people.by_text(without_zip(step))
        rest = self._subjects.rest_of(step)
        return match if match.students or not rest else self._people.by_text(rest)

    def _by_place(self, steps: Steps) -> Owner:
        if len(steps) <= len(self._wrapper):
            return Owner()
        for at in range(len(self._wrapper), len(steps) - 1):
            rest = self._subjects.rest_of(steps[at])
            if rest and steps[: at + 1] not in self.groups.taken:
                return Owner(self.stranger(rest, rest), "folders")
        name = steps[-1]
        if folded(name).endswith(".zip"):
            rest = self._subjects.rest_of(name)
            return Owner(self.stranger(rest, rest), "folders") if rest else Owner()
        subject = self._subjects.by_name(name)
        if not folded(name).endswith(".py") or not subject.left:
            return Owner()
        who = " ".join(subject.left)
        if subject.evidence is Evidence.NONE:
            return Owner(how="flat", file=who)  # somebody's if its functions say what it is for
        return Owner(self.stranger(who, who), "flat")

    def _is_by_place(self, found: Found) -> bool:
        """Tell whether neither a platform nor a repository says whose something is."""
        clues = self._clue(found.steps) is not None
        is_work = found.role in ("", "unknown", "unreadable")
        return is_work and not clues and self.home_of(found.steps) is None

    def _common(self, findings: Findings) -> Steps:
        """Return the folders around all that are no student: at least two students below them."""
        ways = [f.steps[:-1] for f in findings.found if f.role in ("", "unknown", "unreadable")]
        common: Steps = ()
        best: Steps = ()
        while ways and all(len(way) > len(common) for way in ways):
            step = ways[0][len(common)]
            if any(way[len(common)] != step for way in ways):
                break
            if clue_of(step, False):
                break
            common = (*common, step)
            below = self._owners_below(findings.found, len(common))
            if len(below) > 1 and self._is_no_student(step, below):
                best = common
        return best

    def _is_no_student(self, step: str, below: Iterable[str]) -> bool:
        """Tell whether a folder around all ("CS 101") only looks like somebody of the roster."""
        if not self._people.by_text(without_zip(step)).students:
            return True
        return any(self._people.by_text(name).students for name in below)

    def _copies(self, found: Iterable[Found]) -> set[Steps]:
        """Return the folders that are copies of the suite: ``exercises/ex03_tcp_echo`` in them."""
        return {
            thing.steps[:at]
            for thing in found
            for at, step in enumerate(thing.steps[:-2])
            if at and step == "exercises" and self._subjects.of_folder(thing.steps[at + 1])
        }

    def _owners_below(self, found: Iterable[Found], depth: int) -> set[str]:
        """Return what seem to be students' names at a depth: of folders, zips and flat files."""
        names = set()
        for thing in found:
            if thing.role not in ("", "unknown", "unreadable", "archive"):
                continue
            steps = thing.steps[depth:]
            if len(steps) > 1 or (steps and folded(steps[0]).endswith(".zip")):
                names.add(self._subjects.rest_of(steps[0]))
            elif steps and thing.role == "":
                subject = self._subjects.by_name(steps[0])
                names.add(" ".join(subject.left) if subject.exercise else "")
        return names - {""}

    def _claimed(self, found: Sequence[Found]) -> dict[str, set[str]]:
        """Return the numbers of a platform under which a student of the roster is found.

        Two numbers of Canvas are two people; so are two of Moodle's in one download.
        """
        claims: dict[tuple[str, str], set[str]] = defaultdict(set)
        for parent, clue in self._clues(found):
            student = self._people.by_clue(clue).student
            if student is not None and clue.number:
                place = "" if clue.platform == "canvas" else "/".join(parent)
                claims[student.key, place].add(clue.number)
        result: dict[str, set[str]] = {}
        for (key, _), numbers in claims.items():
            if len(numbers) > len(result.get(key, ())):
                result[key] = numbers
        return result

    def _clues(self, found: Iterable[Found]) -> Iterable[tuple[Steps, Clue]]:
        for thing in found:
            believed = self._clue(thing.steps)
            if believed is not None:
                yield thing.steps[: believed[0]], believed[1]

    def _named_twice(self, found: Iterable[Found]) -> set[str]:
        """Return Moodle's names that stand for two people: two numbers in one download."""
        numbers: dict[tuple[Steps, str], set[str]] = defaultdict(set)
        for parent, clue in self._clues(found):
            if clue.platform == "moodle":
                numbers[parent, folded(clue.name)].add(clue.number)
        return {name for (_, name), several in numbers.items() if len(several) > 1}


def _first_of(matches: Iterable[Match]) -> Match:
    """Return the first; of one in doubt what comes later tells which of those are meant."""
    doubt = NOBODY
    for match in matches:
        if doubt.students:
            if match.student is not None and match.student in doubt.students:
                return match
        elif match.student is not None:
            return match
        elif match.doubt:
            doubt = match
    return doubt


def _logins(repositories: Sequence[Repository]) -> dict[Steps, str]:
    """Return the logins of clones named ``assignment-login``: what their names don't share."""
    names = {r.steps: without_zip(r.steps[-1]) for r in repositories}
    count = Counter(names.values())
    if any(number > 1 for number in count.values()):
        return {}  # each in a folder of its own: that one's name counts
    prefix = ""
    if len(names) > 1:
        every = list(names.values())
        shared = every[0]
        for name in every[1:]:
            while not name.startswith(shared):
                shared = shared[:-1]
        prefix = shared[: max(shared.rfind("-"), shared.rfind("_")) + 1]
    return {steps: name[len(prefix) :] or name for steps, name in names.items()}
