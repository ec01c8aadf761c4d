"""Whose name is this?  By number, login, mail, then name; never by a guess.

Where two students could be meant the answer names both, and the file is nobody's until
somebody looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.classroom.collecting.names import bare, folded, forms, mails, sorted_words, words
from grader.classroom.collecting.platforms import Clue
from grader.classroom.collecting.roster import participant
from grader.classroom.collecting.subjects import NEUTRAL
from grader.classroom.model import Student

_Index = dict[str, list[Student]]


@dataclass(frozen=True)
class Match:
    """Who could be meant: one student, several ("same_name", "names_differ"), or nobody."""

    students: tuple[Student, ...] = ()
    doubt: str = ""

    @property
    def student(self) -> Student | None:
        """The one who is meant."""
        return self.students[0] if len(self.students) == 1 and not self.doubt else None


NOBODY = Match()


class People:
    """Finds the students of a roster by what strangers call them."""

    def __init__(self, students: Sequence[Student]) -> None:
        self.students = tuple(students)
        self.by_key = {student.key: student for student in students}
        self._whole: _Index = defaultdict(list)  # anything that may stand alone
        self._numbers: _Index = defaultdict(list)  # that may stand among other words
        self._logins: _Index = defaultdict(list)
        self._names: _Index = defaultdict(list)
        self._bare: _Index = defaultdict(list)
        self._participants: _Index = defaultdict(list)
        self._ids: _Index = defaultdict(list)
        # Names of which each word is somewhere, by one of their words.
        self._by_word: dict[str, list[tuple[frozenset[str], Student]]] = defaultdict(list)
        for student in self.students:
            self._add(student)

    def _add(self, student: Student) -> None:
        mail = folded(student.mail)
        for text in (student.key, student.id, student.sis_id, student.login, student.mail):
            _put(self._whole, folded(text), student)
        _put(self._whole, mail.partition("@")[0], student)
        for text in (
            student.key,
            student.id,
            student.sis_id,
            student.login,
            mail.partition("@")[0],
        ):
            word = folded(text)
            if len(word) >= 3 and any(char.isdigit() for char in word):
                _put(self._numbers, word, student)
        for text in (student.login, mail.partition("@")[0]):
            _put(self._logins, folded(text), student)
        _put(self._numbers, mail, student)
        _put(self._participants, participant(student), student)
        _put(self._ids, folded(student.id), student)
        for form in forms(student.name):
            _put(self._names, form, student)
            _put(self._bare, bare(form), student)
        parts = frozenset(words(student.name))
        if len("".join(parts)) >= 2:
            self._by_word[max(parts)].append((parts, student))

    def by_clue(self, clue: Clue) -> Match:
        """Find whom a platform's name means.

        Canvas's number is its ID; Moodle's is the worksheet's, and of another assignment it says
        nothing, so that the name decides.
        """
        if self.knows_number(clue):
            index = self._participants if clue.platform == "moodle" else self._ids
            return Match((index[folded(clue.number)][0],))
        if clue.blind:
            return NOBODY
        found = self._named(clue.name)
        if found:
            return _match(found)
        return self.by_text(clue.name) if clue.platform == "moodle" else NOBODY

    def knows_number(self, clue: Clue) -> bool:
        """Tell whether a platform's number is one student's."""
        index = self._participants if clue.platform == "moodle" else self._ids
        return len(index.get(folded(clue.number), [])) == 1

    def by_text(self, text: str) -> Match:
        """Find whom a folder's or a file's name means, other words in it being allowed."""
        whole = self._whole.get(folded(text), [])
        if len(whole) == 1:
            return Match((whole[0],))
        parts = words(text)
        numbered = self._among(self._numbers, [*parts, *mails(text), *_chunks(text)])
        named = self._named(text) or self._within(parts)
        if numbered and named:
            both = [s for s in numbered if s in named]
            if len(both) == 1:
                return Match((both[0],))
            if not both:
                return Match((*numbered, *named), "names_differ")
            return Match(tuple(both), "same_name")
        if numbered or named:
            return _match(numbered or named)
        return _match(self._among(self._logins, _chunks(text)))

    def by_login(self, text: str) -> Match:
        """Find whose repository ``assignment-login`` is: the longest login at its end."""
        name = folded(text)
        for at in range(len(name)):
            if at == 0 or name[at - 1] in "-_":
                found = self._logins.get(name[at:]) or self._whole.get(name[at:])
                if found:
                    return _match(found)
        return self.by_text(text)

    def by_url(self, url: str) -> Match:
        """Find whose repository it is by the roster's column of addresses."""
        wanted = _address(url)
        return _match([s for s in self.students if s.url and _address(s.url) == wanted])

    def _named(self, text: str) -> list[Student]:
        whole = sorted_words(text)
        found = [s for s in self._names.get(whole, []) if sorted_words(s.name) == whole]
        found = found or self._any(self._names, forms(text))
        return found or self._any(self._bare, {bare(form) for form in forms(text)})

    def _within(self, parts: tuple[str, ...]) -> list[Student]:
        """Find names whose words are all there, beside others; the fuller name counts."""
        there = {part for part in parts if part not in NEUTRAL}
        named = [pair for word in sorted(there) for pair in self._by_word.get(word, ())]
        found = [(name, s) for name, s in named if name <= there]
        return [s for name, s in found if not any(name < other for other, _ in found)]

    @staticmethod
    def _any(index: _Index, keys: Iterable[str]) -> list[Student]:
        found = [student for key in sorted(keys) for student in index.get(key, [])]
        return _unique(found)

    @staticmethod
    def _among(index: _Index, keys: Iterable[str]) -> list[Student]:
        return _unique([student for key in keys for student in index.get(folded(key), [])])


def _match(found: Sequence[Student]) -> Match:
    return Match(tuple(found), "same_name" if len(found) > 1 else "")


def _put(index: _Index, key: str, student: Student) -> None:
    if key and student not in index[key]:
        index[key].append(student)


def _unique(found: Iterable[Student]) -> list[Student]:
    return list({student.key: student for student in found}.values())


def _chunks(text: str) -> list[str]:
    """Return runs of words as they stand between blanks, commas and brackets, and underscores."""
    loose = folded(text)
    for char in "()[]（）【】,，;；":
        loose = loose.replace(char, " ")
    return [*loose.split(), *loose.replace("_", " ").split(), *loose.replace("-", " ").split()]


def _address(url: str) -> str:
    return folded(url).removesuffix("/").removesuffix(".git")
