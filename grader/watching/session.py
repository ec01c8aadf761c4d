"""One session of ``watch``: whatever happens is put into one queue, and answered in one thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from grader.model import CheckResult, Exercise, Verdict
from grader.pages import Page
from grader.report import ReportOptions
from grader.report._layout import escape, paint, wrap
from grader.submission import display_path, source_lines
from grader.watching import views
from grader.watching.around import Event, Saved, Surroundings, Trouble
from grader.watching.display import Display, View
from grader.watching.gradings import Gradings, Heard
from grader.watching.keys import InputEnded, Key, Resized
from grader.watching.panel import Panel
from grader.watching.views import tell
from grader.watching.work import Work

# While a save settles the file is looked at so often; while it is graded the time is told.
_LOOK_S = 0.005
_TICK_S = 1.0
# Where nothing is due: on Windows nothing but a timeout lets a signal through.
_IDLE_S = 0.5
_KEYS = ("hint", "explain", "next", "list", "reset", "quit", "help")
_STATUS = {"passed": "good", "failed": "bad", "error": "ours"}


class Session:
    """Watches one exercise at a time, until ``q``."""

    def __init__(self, around: Surroundings, options: ReportOptions, display: Display) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        self._around = around
        self._display = display
        self._options = replace(
            options, path_of=self._path_of, source_lines=self._lines_of, page_of=self._page_of
        )
        self._gradings = Gradings(around.command, self.events.put)
        self._panel = Panel(around, self._options)
        self._work: Work | None = None
        self._count = 0

    def close(self) -> None:
        """End everything that the session has started."""
        if self._work is not None:
            self._work.close()
        self._gradings.close()

    def run(self, exercise: Exercise) -> None:
        """Watch an exercise until the learner has had enough (KeyboardInterrupt: the terminal)."""
        work = self._turn_to(exercise)
        self._draw(work)
        while not self._panel.has_quit:
            is_new = anew = False
            try:
                event = self.events.get(timeout=self._pause(work))
            except Empty:
                is_new = work.is_graded  # the time that it takes is told
            else:
                is_new = self._handle(event, work)
                anew = isinstance(event, Resized)
            self._around.end_if_asked()  # the first signal has perhaps got lost in a destructor
            if self._panel.turn_to is not None:
                work = self._turn_to(self._panel.turn_to)
            if work.go_on() or is_new:
                self._draw(work, anew)

    def _turn_to(self, exercise: Exercise) -> Work:
        """Turn to an exercise; what is known of the one before it is in the history."""
        if self._work is not None:
            self._work.close()
        self._count += 1
        self._work = Work(exercise, self._around, self._gradings, self.events.put, self._count)
        self._panel.turned_to(exercise)
        return self._work

    def _pause(self, work: Work) -> float:
        if work.is_settling:
            return _LOOK_S
        return _TICK_S if work.is_graded else _IDLE_S

    def _handle(self, event: Event, work: Work) -> bool:
        """Answer an event; say whether there is something new to see."""
        if isinstance(event, Key):
            self._panel.press(event.name, self._display.size()[1])
        elif isinstance(event, InputEnded):
            if event.terminal:
                raise KeyboardInterrupt  # as SIGHUP says it, where that is not ignored
        elif isinstance(event, Heard):
            if not work.hear(event):
                return False
            self._panel.result_is(work.result.verdict)
        elif isinstance(event, (Saved, Trouble)) and event.number != work.number:
            return False  # about a file that is watched no more
        elif isinstance(event, Saved):
            work.saved()
            return False
        elif isinstance(event, Trouble):
            work.trouble = event
        return True

    # -- what is shown -----------------------------------------------------------------------

    def _draw(self, work: Work, anew: bool = False) -> None:
        width, rows = self._display.size()
        options = replace(self._options, width=width)
        head = views.header(work.exercise, _shown_path(work.path), options)
        body = [] if work.missing else _result(work, options)
        notice = [line for words in self._panel.notice for line in wrap(escape(words), width)]
        warnings = [*self._around.complaints]
        if work.trouble is not None:
            warnings.append(tell(work.trouble.entry, options, detail=work.trouble.detail))
        for warning in warnings:
            lines = wrap(escape(warning), width)
            notice += [paint(line, "odd", options.colour) for line in lines]
        view = View(
            body=[head, *(["", *body] if body else [])],
            notice=["", *notice] if notice else [],
            page=self._panel.overlay(options, rows),
            status=self._status(work, options),
            keys=views.key_line(_KEYS, options),
        )
        self._display.show(view, anew)

    def _status(self, work: Work, options: ReportOptions) -> list[str]:
        result, verdict = work.result, work.result.verdict
        path = _shown_path(work.path)
        kind = "odd"
        if self._panel.mode == "reset":
            words = tell("reset_ask", options, path=path)
        elif work.is_graded:
            seconds = int(work.seconds) if self._display.redraws else 0
            words = tell("grading_over" if verdict else "grading", options, at=result.at)
            words += tell("for_seconds", options, n=seconds) if seconds else ""
        elif work.missing:
            words = tell("missing", options, path=path)
        elif verdict is not None:
            counted = [c for c in verdict.checks if c.status not in ("skipped", "error")]
            passed = sum(check.status == "passed" for check in counted)
            words = tell("result", options, passed=passed, counted=len(counted), at=result.at)
            words += tell("same", options, at=work.same_at) if work.same_at else ""
            kind = _STATUS[verdict.status]
        elif result.at:
            words = tell("no_result", options, at=result.at)
        else:
            words = tell("looking", options) if self._display.redraws else ""
        lines = wrap(words, options.width)
        return [paint(line, kind, options.colour) for line in lines]

    def _path_of(self, verdict: Verdict) -> str:
        return _shown_path(self._work.path) if self._work else verdict.submission

    def _lines_of(self, verdict: Verdict) -> list[str] | None:
        return source_lines(self._work.result.source) if self._work else None

    def _page_of(self, verdict: Verdict, check: CheckResult) -> Page | None:
        return self._around.page(self._work.exercise, check) if self._work else None


def _shown_path(path: Path) -> str:
    try:
        return display_path(path)
    except OSError:  # the folder that we are in is gone
        return str(path)


def _result(work: Work, options: ReportOptions) -> list[str]:
    result = work.result
    if result.verdict is not None:
        return views.result(result.verdict, options)
    words = result.line
    if result.ended is not None:
        words = tell("ended", options, code=result.ended)
    lines = wrap(escape(" ".join(words.split())), options.width) if words else []
    return [paint(line, "ours", options.colour) for line in lines]
