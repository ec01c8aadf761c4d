"""ex01: who leaves the encoding aside is told so, whatever the text is that was drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalog import load_exercise
from grader.judge import Options, grade

ROOT = Path(__file__).parents[2]
SOURCE = """
import codecs

def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)

def decode_text(data, encoding="utf-8"):
    return data.decode(encoding)

def receive_text(sock, encoding="utf-8"):
    data = b""
    while chunk := sock.recv(4096):
        data += chunk
    return WHOLE

def receive_text_stream(sock, encoding="utf-8"):
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := sock.recv(4096):
        if text := decoder.decode(chunk):
            yield text
    decoder.decode(b"", final=True)
"""
WHOLE, STREAM = "receive_text_reads_until_close", "stream_yields_text_before_close"


@pytest.mark.parametrize(
    ("whole", "check", "diagnosis"),
    [
        pytest.param("data.decode()", WHOLE, "encoding_ignored", id="whole"),
        pytest.param("str(data)", WHOLE, "bytes_shown", id="shown"),
        pytest.param("data.decode(encoding)", STREAM, "encoding_ignored", id="stream"),
    ],
)
@pytest.mark.parametrize("seed", range(1, 7))
def test_an_encoding_that_has_no_say_is_named(
    whole: str, check: str, diagnosis: str, seed: int, tmp_path: Path
) -> None:
    file = tmp_path / "bytes_codec.py"
    file.write_text(SOURCE.replace("WHOLE", whole), encoding="utf-8")
    verdict = grade(load_exercise(ROOT, "ex01"), file, Options(only=(check,), seed=seed))
    assert [found.diagnosis for found in verdict.checks] == [diagnosis]
