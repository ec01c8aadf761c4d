"""The laboratory of one check: learner processes, peers, and what is known of both.

A check is a function that takes a ``Lab`` and reads as a script.  Whatever it opens is
closed, last in first out, when the check is over.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec

from grader.harness.calls import Calling
from grader.harness.idleness import SHARE, idle_share
from grader.harness.places import Handed, Ports, Server
from grader.learner import network, plain, watch
from grader.learner.delay import DelayMeter
from grader.learner.ends import death_of, raised_failure
from grader.learner.failure import CheckFailed, CheckSkipped
from grader.learner.process import LearnerProcess
from grader.learner.transcript import Transcript
from grader.learner.waiting import Waiter, with_calls
from grader.model import Exercise, Language
from grader.peers.datagram import DatagramPeer
from grader.peers.listener import Listener
from grader.peers.stream import StreamPeer
from grader.peers.words import Words
from grader.sandbox import processes
from grader.sandbox.base import Sandbox

__all__ = ["Handed", "Lab", "Ports", "Server"]

START_BOUND = 10.0
CONNECT_BOUND = 10.0
_RETRY_FIRST, _RETRY_MOST = 0.001, 0.02
_OUTPUT_BOUND = 1.0
_BLOCK = 65_521


class Lab:
    """What a check works with; see the methods."""

    def __init__(
        self,
        exercise: Exercise,
        check_id: str,
        sandbox: Sandbox,
        ports: Ports,
        meter: DelayMeter,
        language: Language,
        seed: int,
        source: bytes = b"",
    ) -> None:
        self.exercise = exercise
        self.check_id = check_id
        self.source = source
        self.sandbox = sandbox
        self.words = Words(language)
        self.transcript = Transcript()
        self.meter = meter
        self.queues = network.Queues(self._make, sandbox.network_pid)
        self.waiter = Waiter(meter, self.transcript, sandbox.network_pid, self.queues)
        self.waiter.whole_bound = exercise.limits.check_s
        self.random = random.Random(f"{seed}:{check_id}")
        self._ports = ports
        self._stack = ExitStack()
        self._stack.callback(self.queues.close)
        self._clients = 0
        self._problems: dict[str, CheckFailed] = {}
        self._loaded: list[LearnerProcess] = []
        self._processes: list[LearnerProcess] = []

    def knowing(self, problems: dict[str, CheckFailed], loaded: list[LearnerProcess]) -> Lab:
        """Take note of what the first look at the submission has left (see ``probe.py``).

        Functions that cannot be called: calling one fails with its problem.  And processes that
        have loaded the submission and done nothing else: the first lab to start one takes it.
        """
        self._problems, self._loaded = problems, loaded
        return self

    def _refuse(self, function: str) -> None:
        problem = self._problems.get(function)
        if problem is not None:
            raise CheckFailed(problem.kind, values={**problem.values, "diagnosis": problem.kind})

    def output(self) -> str:
        """Return what the learner's processes have printed, in the order they were started."""
        for process in self._processes:
            process.close()
            process.child.output.ended.wait(_OUTPUT_BOUND)
        return "".join(process.child.output.text() for process in self._processes)

    def abandon(self) -> None:
        """End the learner's processes; whatever waits for them fails."""
        for process in self._processes:
            process.child.kill()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def payload(self, size: int) -> bytes:
        """Return ``size`` random bytes: any bytes, and never the same block twice."""
        if size <= _BLOCK:
            return self.random.randbytes(size)
        return bytes(self.big_payload(size))

    def big_payload(self, size: int) -> plain.Numbered:
        """Return ``size`` random bytes that take up little memory, for peers and as an argument."""
        return plain.Numbered(self.random.randbytes(min(_BLOCK, size)), size)

    def _spec(self, argument: object) -> Sequence[object]:
        """Return what the learner's process is told about an argument.

        Many MiB are made over there, of the block that they consist of.
        """
        if isinstance(argument, Handed):
            return argument.spec
        if isinstance(argument, plain.Numbered):
            return ("numbered", argument.block, argument.size)
        return ("value", argument)

    def token(self, size: int = 8) -> bytes:
        """Return ``size`` random lower-case ASCII letters."""
        return bytes(self.random.choices(b"abcdefghijklmnopqrstuvwxyz", k=size))

    @contextlib.contextmanager
    def blame(self, **diagnoses: str) -> Iterator[None]:
        """Translate kinds of failure into diagnoses: ``blame(stuck="blocked_by_one_client")``.

        The innermost translation counts; ``any`` catches the kinds that are not named, but
        for those that mean the same everywhere.
        """
        try:
            yield
        except CheckFailed as failure:
            if "diagnosis" not in failure.values:
                found = diagnoses.get(failure.kind)
                if found is None and failure.kind not in _SAME_EVERYWHERE:
                    found = diagnoses.get("any")
                if found:
                    failure.values["diagnosis"] = found
            raise

    def fail(self, diagnosis: str, expected: str = "", received: str = "") -> CheckFailed:
        """Return the failure to raise for something that the check itself has seen."""
        values = {"diagnosis": diagnosis}
        return CheckFailed("seen", expected=expected, received=received, values=values)

    def skip(self, reason: str) -> CheckSkipped:
        """Return the exception that says that this machine cannot make the check."""
        return CheckSkipped(reason)

    def say(self, key: str, **values: object) -> str:
        """Return a text of the judge's (``grader/texts``) in the verdict's language."""
        return self.words.say(key, **values)

    # -- the learner's processes -------------------------------------------------------

    def start(self, *, send_cap: bool = False, raw: bool = False) -> LearnerProcess:
        """Start a learner process and load the submission in it."""
        if not raw and not send_cap:
            with contextlib.suppress(IndexError):  # of all labs one gets it: pop() is atomic
                return self._take(self._loaded.pop())
        process = self.fork(raw=raw)
        process.load({}, send_cap=send_cap)
        self.waiter.until(
            done=lambda: process.state != "fresh", bound=START_BOUND, watch_learner=False
        )
        if process.state == "broken":
            raise raised_failure(process.load_error)
        if process.state == "gone":
            raise death_of(process)
        return process

    def fork(self, *, raw: bool = False) -> LearnerProcess:
        """Start a learner process that has not loaded the submission yet."""
        lines = self.source.decode("utf-8", "replace").splitlines()
        child = self.sandbox.fork(raw=raw)
        return self._take(LearnerProcess(child, f"/{self.exercise.slug}.py", lines))

    def _take(self, process: LearnerProcess) -> LearnerProcess:
        self._stack.callback(self._end, process)
        self._processes.append(process)
        self.waiter.learners.append(process)
        return process

    def _end(self, process: LearnerProcess) -> None:
        if process in self._processes:
            process.close()

    def leave(self, process: LearnerProcess) -> None:
        """Leave a learner process to whoever wants it next, and closes it."""
        self._processes.remove(process)
        self.waiter.learners.remove(process)

    def stop(self, process: LearnerProcess) -> None:
        """End a learner process and everything it started; what it had open is closed then."""
        process.close(gone=True)
        if process in self.waiter.learners:
            self.waiter.learners.remove(process)

    def call(
        self,
        target: str,
        *args: object,
        process: LearnerProcess | None = None,
        mode: str = "plain",
        attributes: Sequence[str] = (),
        take: int | None = None,
        keep: str = "",
    ) -> Calling:
        """Call a learner's function with ``args`` in a learner process (a fresh one by default).

        An argument made by ``handed`` becomes a connected socket, any other is plain data.
        ``mode`` is ``plain``, ``iterate`` (each item crosses as it comes; after ``take`` the
        iterator is closed) or ``async`` (run to its end by ``asyncio.run``).
        """
        self._refuse(target)
        process = process or self.start()
        specs = [self._spec(arg) for arg in args]
        before = watch.descriptors(process.child.root, process.child.root_is_learner)
        shown = ", ".join(
            "sock" if isinstance(arg, Handed) else self.words.argument(arg) for arg in args
        )
        self.transcript.add("you", "call", note=f"{target}({shown})")
        call = process.start_call(target, specs, mode, attributes, take, keep)
        return Calling(self, process, call, before, mode)

    def handed(
        self, timeout: float | None = None, listener: Listener | None = None
    ) -> tuple[Handed, Listener]:
        """Return an argument that becomes a connected socket, and the listener to accept it at."""
        listener = listener or self.listener()
        listener.handed = True
        spec = ("connected", int(socket.AF_INET), (listener.host, listener.port), timeout)
        return Handed(spec), listener

    @contextlib.contextmanager
    def frozen(self, process: LearnerProcess) -> Iterator[None]:
        """Stop a learner's processes; what peers do meanwhile is met all at once afterwards.

        Where processes cannot be stopped (Windows), nothing is stopped.
        """
        child = process.child
        pids = processes.descendants(child.root) + ([child.root] if child.root_is_learner else [])
        stop, go_on = getattr(signal, "SIGSTOP", None), getattr(signal, "SIGCONT", None)
        if stop is None or go_on is None:
            yield
            return
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, stop)
        try:
            self.waiter.until(
                done=lambda: all(processes.state(pid) in "TtZ" for pid in pids),
                bound=START_BOUND,
                watch_learner=False,
            )
            yield
            with contextlib.suppress(CheckFailed):
                self.waiter.until(
                    done=lambda: not self.waiter.under_way(), bound=1.0, watch_learner=False
                )
        finally:
            for pid in pids:
                with contextlib.suppress(OSError):
                    os.kill(pid, go_on)

    # -- the learner as a server -------------------------------------------------------

    def serve(
        self,
        *more: object,
        function: str = "serve",
        host: str | None = None,
        at: Server | None = None,
        send_cap: bool = False,
    ) -> Server:
        """Call ``serve(host, port, *more)`` in a fresh process; ``at``: where another one was."""
        if at is not None:
            address = at.host, at.port
        else:
            address = self._ports.take(self._make, host)
        self._refuse(function)
        process = self.start(send_cap=send_cap)
        calling = self.call(function, *address, *more, process=process)
        return Server(*address, process, calling)

    def connect(
        self, server: Server, who: str | None = None, host: str | None = None
    ) -> StreamPeer:
        """Connect a client; the first one waits until the server is up (refusals are retried)."""
        self._clients += 1
        who = who or ("peer" if self._clients == 1 else f"peer {self._clients}")
        began, lost, pause = time.monotonic(), self.meter.total(), _RETRY_FIRST
        while True:
            sock = self._make(socket.AF_INET, socket.SOCK_STREAM)
            self._stack.callback(sock.close)
            sock.setblocking(False)
            error = sock.connect_ex((host or server.host, server.port))
            if error and not _refused(error):
                error = self._await_connection(sock)
            if not error:
                server.reached = True
                peer = StreamPeer(sock, self.waiter, self.words, who)
                peer.note("connect")
                return peer
            sock.close()
            spent = time.monotonic() - began - (self.meter.total() - lost)
            if server.reached or spent > START_BOUND or not _refused(error):
                self.transcript.add(who, "refused")
                raise self.waiter.explained(
                    CheckFailed("refused", expected=self.say("a_server", port=server.port))
                )
            self._await_start(server, pause)
            pause = min(_RETRY_MOST, pause * 2)

    def connect_together(self, server: Server, count: int) -> list[StreamPeer]:
        """Connect clients to a server that is up while it is stopped: it meets them all at once."""
        socks = []
        with self.frozen(server.process):
            for _ in range(count):
                sock = self._make(socket.AF_INET, socket.SOCK_STREAM)
                self._stack.callback(sock.close)
                sock.setblocking(False)
                sock.connect_ex((server.host, server.port))
                socks.append(sock)
        peers = []
        for sock in socks:
            self._clients += 1
            who = f"peer {self._clients}"
            if self._await_connection(sock):
                self.transcript.add(who, "refused")
                raise self.waiter.explained(CheckFailed("refused"))
            peers.append(StreamPeer(sock, self.waiter, self.words, who))
            peers[-1].note("connect")
        return peers

    def _await_connection(self, sock: socket.socket) -> int:
        with self.blame(stuck="blocked_by_one_client", silent="blocked_by_one_client"):
            self.waiter.until(write=[sock], bound=CONNECT_BOUND, connecting=True)
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def _await_start(self, server: Server, pause: float) -> None:
        """Wait a moment for a server to start; find out here that it never will."""
        call = server.calling.call
        try:
            self.waiter.until(done=lambda: call.finished, bound=pause, watch_learner=False)
        except CheckFailed:
            threads = watch.threads(server.process.child.root, server.process.child.root_is_learner)
            blocked = threads and all(t.mode == "blocked" for t in threads)
            if pause >= _RETRY_MOST and blocked and watch.supported:
                self._never_listens(server)
            return
        raise self.waiter._over()

    def _never_listens(self, server: Server) -> None:
        """Every thread is blocked for good, and nothing listens: it never will."""
        if network.listening(self.sandbox.network_pid, server.port):
            return
        with contextlib.suppress(CheckFailed):
            self.waiter.until(done=lambda: False, bound=0.05, watch_learner=False)
        if network.listening(self.sandbox.network_pid, server.port):
            return
        with self.blame(stuck="never_listens", silent="never_listens", sleeping="never_listens"):
            self.waiter.until(done=lambda: bool(self._listens(server)), bound=2.0)

    def _listens(self, server: Server) -> list[str]:
        return network.listening(self.sandbox.network_pid, server.port)

    def listens_elsewhere(self, server: Server) -> bool:
        """Say whether it may be the learner's own code that answers at another address.

        In a network that is shared with others it can be one of them: then the learner has
        no listener at that port but the one at its address.
        """
        if self.sandbox.isolation.level == "full" or not watch.supported:
            return True
        pid, child = self.sandbox.network_pid, server.process.child
        held = watch.descriptors(child.root, child.root_is_learner)
        own = {target for fds in held.values() for target in fds.values()}
        own &= network.listening_sockets(pid, server.port)
        here = network.listening_sockets(pid, server.port, server.host)
        return bool(own - here)

    # -- peers -------------------------------------------------------------------------

    def _make(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        return self.sandbox.socket(family, kind, proto)

    def listener(self, host: str = "127.0.0.1", *, listen: bool = True) -> Listener:
        """Return a listening peer for the learner to connect to (``listen=False``: it refuses)."""
        listener = Listener(self._make, self.waiter, self.words, host)
        self._stack.callback(listener.close)
        return listener.listen() if listen else listener

    def datagrams(self, host: str = "127.0.0.1", port: int = 0, **more: Any) -> DatagramPeer:
        """Return a UDP peer (see DatagramPeer)."""
        peer = DatagramPeer(self._make, self.waiter, self.words, host, port, **more)
        self._stack.callback(peer.close)
        return peer

    def free_port(self) -> int:
        """Return a port that nothing in the learner's network uses or will be given."""
        return self._ports.free(self._make)

    # -- what the kernel says ----------------------------------------------------------

    def expect_idle(self, process: LearnerProcess) -> None:
        """Make sure that a waiting learner sleeps: under 5 % of a processor over a second."""
        if not watch.supported:
            raise self.skip("needs_proc")
        share = idle_share(process, self.waiter)
        if share < SHARE:
            return
        failure = self.fail(
            "busy_loop",
            expected=self.say("idle_share", percent=round(100 * SHARE)),
            received=self.say("cpu_share", percent=round(100 * share)),
        )
        child = process.child
        threads = watch.threads(child.root, child.root_is_learner)
        threads.sort(key=lambda thread: thread.run_ns, reverse=True)
        place = process.where(threads)
        if place is not None:
            busiest = threads[0]
            place = msgspec.structs.replace(place, state="spinning")
            failure.location = with_calls(place, process, busiest.tid)
        raise failure

    def resources(self, process: LearnerProcess) -> Mapping[str, int]:
        """Count the descriptors, threads and processes (zombies too) of a learner process."""
        child = process.child
        open_now = watch.descriptors(child.root, child.root_is_learner)
        return {
            "descriptors": sum(map(len, open_now.values())),
            "threads": len(watch.threads(child.root, child.root_is_learner)),
            "processes": len(processes.descendants(child.root)),
        }


_SAME_EVERYWHERE = frozenset(
    """
    not_implemented not_connected not_listening too_many_threads too_many_files out_of_memory
    disk_limit cpu_limit check_too_long control_broken
    """.split()
)


def _refused(error: int) -> bool:
    import errno

    return error in (errno.ECONNREFUSED, getattr(errno, "WSAECONNREFUSED", errno.ECONNREFUSED))
