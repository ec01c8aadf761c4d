"""Verdicts as JSON: one object for one verdict, a list for none or several."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from grader.model import Verdict
from grader.report import ReportOptions

NAME = "json"
_UNSAFE = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)


def render(verdicts: Sequence[Verdict], options: ReportOptions) -> str:
    """Return the verdicts; nothing in it can steer a terminal or GitHub's runner."""
    data = [_plain(verdict) for verdict in verdicts]
    whole = data[0] if len(data) == 1 and not options.several else data
    words = json.dumps(whole, ensure_ascii=False, indent=2, allow_nan=False)
    words = _UNSAFE.sub(lambda match: json.dumps(match[0])[1:-1], words)
    return words.replace("##[", "##\\u005b") + "\n"


def _plain(verdict: Verdict) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(verdict)
    return {"schema": data.pop("schema"), **data}
