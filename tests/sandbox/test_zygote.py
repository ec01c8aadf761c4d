"""A zygote that crashes over a submission is its doing; one that never starts is ours."""

from __future__ import annotations

import sys

import pytest

from grader.model import Isolation, Limits
from grader.sandbox.base import GAVE_UP, SandboxError
from grader.sandbox.zygote import ZygoteSandbox

HELLO = """
import socket, sys
sys.path.insert(0, sys.argv[2])
from grader.learner import plain
sock = socket.socket(fileno=int(sys.argv[1]))
sock.sendall(plain.encode({"hello": 1}))
"""


class Scripted(ZygoteSandbox):
    """A sandbox whose zygote is a script of the test's."""

    def __init__(self, script: str) -> None:
        super().__init__(Isolation(level="none", backend="test"), Limits())
        self._launch([sys.executable, "-c", script, "{fd}", sys.path[0]], {}, ())


def test_a_compiler_that_crashes_is_no_broken_sandbox(pytestconfig: pytest.Config) -> None:
    sandbox = Scripted(HELLO.replace("sys.argv[2]", repr(str(pytestconfig.rootpath))))
    try:
        sandbox.check_alive()
        assert sandbox.compiled().error == GAVE_UP
    finally:
        sandbox.close()


def test_a_zygote_that_never_says_hello_is_a_broken_sandbox() -> None:
    sandbox = Scripted("import sys; sys.exit('no namespaces here')")
    try:
        with pytest.raises(SandboxError, match="no namespaces here"):
            sandbox.check_alive()
    finally:
        sandbox.close()
