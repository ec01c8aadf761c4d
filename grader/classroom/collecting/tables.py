"""Tables as platforms and spreadsheets write them: bytes in, rows of text out.

UTF-8 with or without its mark, UTF-16, GB 18030 (Excel in Chinese), else Windows-1252; commas,
semicolons (Excel where the comma is the decimal point) or tabs; quoted line ends (RFC 4180).
"""

from __future__ import annotations

import codecs
import csv
import io

from grader.classroom.collecting import limits
from grader.classroom.collecting.options import CollectError

_SEPARATORS = (",", ";", "\t")


def read_table(data: bytes, name: str) -> list[list[str]]:
    """Return a table's rows, the empty ones left out (CollectError)."""
    if len(data) > limits.MAX_TABLE:
        raise CollectError("roster_too_big", path=name, most=f"{limits.MAX_TABLE:,}")
    text = _decoded(data)
    if text is None or "\0" in text:
        raise CollectError("roster_no_text", path=name)
    if text.startswith("sep=") and len(text) > 5 and text[4] in _SEPARATORS:
        text = text.partition("\n")[2]
    separator = _separator(text)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = []
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append(cells)
            if len(rows) > limits.MAX_ROWS:
                raise CollectError("roster_too_big", path=name, most=f"{limits.MAX_ROWS:,}")
    except csv.Error as error:
        raise CollectError("roster_broken", path=name, error=error) from None
    return rows


def _decoded(data: bytes) -> str | None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif data[1:2] == b"\0" and data[:1] != b"\0":
        encodings = ["utf-16-le"]
    else:
        encodings = ["utf-8-sig", "gb18030", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _separator(text: str) -> str:
    """Return the separator that parts the first line into the most cells, quotes heeded."""

    def cells(separator: str) -> int:
        try:
            first = next(csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=separator))
        except (csv.Error, StopIteration):
            return 0
        return len(first)

    return max(_SEPARATORS, key=cells)
