"""The ``none`` rung on Linux: a plain zygote, no namespaces, what limits the platform has."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

from grader.model import Isolation, Limits
from grader.sandbox.base import (
    LEARNER_FOLDER,
    Submission,
    config_for,
    executable,
    remove_tree,
)
from grader.sandbox.zygote import ZygoteSandbox


class ProcessSandbox(ZygoteSandbox):
    """A zygote beside the judge: for people who grade their own work."""

    def __init__(
        self, submission: Submission, limits: Limits, missing: tuple[str, ...] = ()
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="dojo-"))
        work = self._folder / "work"
        isolation = Isolation(level="none", backend="process", missing=missing)
        super().__init__(isolation, limits, work)
        path = self._folder / "submission" / f"{submission.slug}.py"
        try:
            path.parent.mkdir()
            work.mkdir()
            path.write_bytes(submission.source)
            runner = str(LEARNER_FOLDER / "runner.py")
            self._launch(
                [executable(), "-I", "-S", "-X", "utf8", runner, "zygote", "{fd}"],
                config_for(submission, limits, str(path), str(work)),
                (),
            )
        except BaseException:
            self.close()
            raise

    def _find_zygote(self) -> None:
        assert self._process is not None
        self._zygote_pid = self._process.pid

    def socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        return socket.socket(family, kind, proto)

    def close(self) -> None:
        super().close()
        remove_tree(self._folder)
