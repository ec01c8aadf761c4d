"""Contracts that several exercises share: what every TCP server must do."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from grader.harness.calls import Calling
from grader.harness.lab import Lab, Server
from grader.learner import network, watch
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.peers.stream import StreamPeer

_Case = TypeVar("_Case")
_OTHER_HOSTS = ("127.0.0.2", "127.1.2.3")
_MOST_SILENCE = 12.0
_QUIET = 0.3
_LONGER = (1, 6, 16)
DIED = dict.fromkeys(("refused", "died", "raised", "ended"), "died_with_client")


@contextlib.contextmanager
def client_is_there(server: Server) -> Iterator[None]:
    """Nobody has left yet: a broken pipe is the listener's, which never was connected (EPIPE)."""
    try:
        yield
    except CheckFailed as failure:
        raised = server.calling.call.raised
        if failure.kind == "raised" and raised is not None and raised.errno == "EPIPE":
            failure.values["diagnosis"] = "listener_used_as_connection"
        raise


def expect_closed(lab: Lab, client: StreamPeer) -> None:
    """The client has finished sending: the server must see that and close its side."""
    with lab.blame(
        spinning="empty_recv_ignored",
        stuck="connection_left_open",
        silent="connection_left_open",
        sleeping="connection_left_open",
    ):
        client.expect_end()


TOO_LONG = {
    "stuck": "no_timeout",
    "sleeping": "timeout_ignored",
    "silent": "timeout_ignored",
    "too_late": "timeout_ignored",
    "spinning": "busy_loop",
}
"""What it is when a call goes on waiting for a peer that stays silent."""


def expect_timeout(lab: Lab, calling: Calling, timeout: float) -> None:
    """The call waits for a peer that stays silent: it raises TimeoutError, and in time."""
    with lab.blame(**TOO_LONG):
        calling.raises("TimeoutError", bound=calling.bound(timeout))
        calling.took(at_least=timeout, at_most=timeout)


def unended(lab: Lab, calling: Calling) -> CheckFailed | None:
    """Wait for a call's end; give what kept it from one, and have its process stopped then.

    For checks of what a call leaves behind: one that goes on for ever is judged by others.
    """
    try:
        with lab.blame(**TOO_LONG):
            calling.wait()
    except CheckFailed as failure:
        lab.stop(calling.process)
        return failure
    return None


def each_as_if_first(
    lab: Lab, script: Callable[[_Case, LearnerProcess], None], cases: Iterable[_Case]
) -> None:
    """Go through a script for each case; every call is judged as the first one of its process.

    A process costs milliseconds, so all share one as long as all is well.  What goes wrong after
    an earlier case may be that one's doing (a socket of the module's, used up by now), which is no
    fault here: it counts as it comes in a process that has done nothing yet.  So a script makes
    calls whose state could only do harm to the next, never good.  It may stop the process.
    """
    shared: LearnerProcess | None = None
    for case in cases:
        if shared is not None and (shared.child.closed or shared.state == "gone"):
            shared = None
        first = shared is None
        shared = shared or lab.start()
        try:
            script(case, shared)
        except CheckFailed:
            if first or lab.waiter.overdue():
                raise
            lab.stop(shared)
            lab.transcript.forget()  # what a reader sees is what counts
            shared = lab.start()
            script(case, shared)


class Turn:
    """One go at a script whose calls have a short timeout.

    It counts where each step of the judge's came before the timeout ran out, and no call was
    let off for being late on a machine that was late, too.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._steps: list[tuple[Calling, float]] = []

    def acted(self, calling: Calling) -> None:
        """Note that the peer has done now what the call is to meet before its timeout."""
        self._steps.append((calling, time.monotonic()))

    def in_time(self) -> bool:
        """Say whether all that came before the timeout ran out, wherever the learner was."""
        return all(
            calling.call.started + self.timeout - moment > calling.kept_waiting()
            for calling, moment in self._steps
        ) and not any(calling.forgiven for calling, _ in self._steps)


def turns(lab: Lab, timeout: float) -> Iterator[Turn]:
    """Give out a turn, and others with longer timeouts where the judge's own steps came too late.

    What a call does when nothing reaches it in time is not what such a script is about: a
    mistake might go unseen.  So might a wrong time limit where lateness is forgiven: the longer
    the timeout, the less that hides.  Failures need no other turn.
    """
    for factor in _LONGER:
        turn = Turn(timeout * factor)
        if factor > 1:
            again = lab.say("once_more", seconds=f"{turn.timeout:g}")
            lab.transcript.add("peer", "note", note=again)
        yield turn
        if turn.in_time():
            return


def expect_next_client_served(lab: Lab, server: Server, line: bytes | None = None) -> None:
    """A fresh client gets its answer (an echo of some bytes, or of ``line`` in upper case)."""
    client = lab.connect(server)
    message = line or b"next " + lab.token()
    with lab.blame(
        stuck="blocked_by_one_client",
        silent="blocked_by_one_client",
        spinning="empty_recv_ignored",
    ):
        client.send(message)
        client.expect(message.upper() if line else message)
    client.close()


def idle_with_clients(lab: Lab, server: Server) -> None:
    """A server that has nothing to do sleeps: with silent clients, and after they have left."""
    clients = [lab.connect(server) for _ in range(2)]
    lab.expect_idle(server.process)
    outwait(lab, server, clients)
    message = b"still here " + lab.token()
    with lab.blame(short="silent_client_dropped", closed="silent_client_dropped"):
        clients[0].expect_nothing_waiting()
        clients[0].send(message)
        clients[0].expect(message)
    idle_when_they_have_left(lab, server, clients)
    outwait(lab, server)
    expect_next_client_served(lab, server)


def idle_when_they_have_left(lab: Lab, server: Server, clients: Sequence[StreamPeer]) -> None:
    """Clients leave a server that slept while they were there: it sleeps again."""
    here, ends = (server.host, server.port), [client.sock.getsockname() for client in clients]
    for client in clients:
        client.close()
    try:
        lab.expect_idle(server.process)
    except CheckFailed as failure:
        # Its end of a connection is still there: what keeps it awake is that the other has gone.
        pid = lab.sandbox.network_pid
        if any(network.receive_queue(pid, here, end) is not None for end in ends):
            failure.values["diagnosis"] = "empty_recv_ignored"
        raise


def outwait(
    lab: Lab, server: Server, silent: Sequence[StreamPeer] = (), at_least: float = 1.0
) -> None:
    """Be silent for longer than any time limit that the server's calls have just now.

    Limits up to ``at_least`` have run out already; where one of the clients ``silent`` hears
    something (its end, above all) that is enough.
    """
    child = server.process.child
    threads = watch.threads(child.root, child.root_is_learner)
    limits = [thread.wakes_in for thread in threads if thread.mode == "timed"]
    longest = max((limit for limit in limits if limit <= _MOST_SILENCE), default=0.0)
    if longest > at_least:
        over = server.calling.call
        with contextlib.suppress(CheckFailed):
            lab.waiter.until(
                read=[client.sock for client in silent],
                done=lambda: over.finished,
                bound=longest + _QUIET,
                watch_learner=False,
            )


def leave_with_broken_pipe(lab: Lab, server: Server, data: bytes) -> None:
    """A client finishes sending, then resets: the server's next send is a BrokenPipeError.

    (A reset without the end before it is a ConnectionResetError: tcp_reset() in Linux.)
    """
    client = lab.connect(server)
    with lab.frozen(server.process):
        client.send(data)
        client.half_close()
        client.reset()


def make_time_wait(lab: Lab, server: Server) -> None:
    """Leave a connection of the server's in TIME_WAIT: its side closes first, then ours."""
    client = lab.connect(server)
    client.send(b"hello\n")
    client.read_until(b"\n")
    network_pid = lab.sandbox.network_pid
    lab.transcript.add("peer", "note", note=lab.say("server_stopped"))
    lab.stop(server.process)
    client.expect_end()
    client.close()
    if network.supported:
        lab.waiter.until(
            done=lambda: server.port in network.time_waiting(network_pid),
            bound=2.0,
            watch_learner=False,
        )


def only_at_its_address(lab: Lab, server: Server) -> None:
    """Nothing answers at the server's port at another address of this machine."""
    if not network.supported:
        raise lab.skip("needs_loopback_addresses")
    lab.connect(server).close()
    for host in (*_OTHER_HOSTS, "127.0.0.1"):
        if host == server.host:
            continue
        sock = lab.sandbox.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            error = sock.connect_ex((host, server.port))
            if error in (0, 115):
                failed = False
                try:
                    lab.waiter.until(write=[sock], bound=2.0, watch_learner=False)
                    failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
                except CheckFailed:
                    failed = True
                if not failed and lab.listens_elsewhere(server):
                    raise lab.fail(
                        "binds_wrong_address",
                        expected=lab.say("refuses_there", host=host, port=server.port),
                        received=lab.say("answers_there", host=host, port=server.port),
                    )
        finally:
            sock.close()
