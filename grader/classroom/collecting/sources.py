"""The bytes that were handed in, kept by their hash in a folder of their own."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from grader.classroom.collecting.options import CollectError

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Sources:
    """Keeps bytes on disk, so that memory stays flat whatever a class hands in.

    A context manager; `close` removes the folder.
    """

    def __init__(self, scratch: Path | None = None) -> None:
        if scratch is not None:
            scratch.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="dojo-collecting-", dir=scratch))
        self._bytes = self.folder / "bytes"
        self._bytes.mkdir()

    def __enter__(self) -> Sources:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything that is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def digest(data: bytes) -> str:
        """Return the sha256 of bytes, in hexadecimal digits."""
        return hashlib.sha256(data).hexdigest()

    def keep(self, data: bytes) -> str:
        """Keep bytes and return their sha256 (CollectError where the disk is full)."""
        digest = self.digest(data)
        path = self._bytes / digest
        if not path.exists():
            with self._room_or_error():
                path.write_bytes(data)
        return digest

    def spool(self, pieces: Iterable[bytes]) -> IO[bytes]:
        """Keep bytes in a file without a name, which goes when it is closed."""
        file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - handed on
        try:
            for piece in pieces:
                with self._room_or_error():
                    file.write(piece)
            return file
        except BaseException:
            file.close()
            raise

    @contextlib.contextmanager
    def _room_or_error(self) -> Iterator[None]:
        """Say that the disk is full, or the folder gone: no file of a student's is to blame."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise CollectError("no_room", folder=self.folder, error=reason) from None

    def read(self, sha256: str) -> bytes | None:
        """Return bytes that were kept, or None."""
        if not _DIGEST.fullmatch(sha256):
            return None
        try:
            return (self._bytes / sha256).read_bytes()
        except FileNotFoundError:
            return None

    def room(self, name: str) -> Path:
        """Return a new empty folder for work in progress; ``name`` says what for."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
