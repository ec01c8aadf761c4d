"""Hidden checks of ex03: the TCP echo server and its client."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from grader.harness.calls import Calling
from grader.harness.contracts import (
    DIED,
    client_is_there,
    each_as_if_first,
    expect_closed,
    expect_next_client_served,
    expect_timeout,
    idle_with_clients,
    leave_with_broken_pipe,
    make_time_wait,
    only_at_its_address,
    turns,
    unended,
)
from grader.harness.lab import Lab, Server
from grader.learner import watch
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.peers.listener import Listener
from grader.peers.stream import StreamPeer, pieces_of

MIB = 1 << 20
BIG = 16 * MIB
PIECE = 1 << 18
PATIENCE = 60.0
TIMEOUT = 0.25
_WAITS = ("stuck", "silent", "sleeping")
_UNANSWERED = dict.fromkeys(_WAITS, "no_answer")


# -- the server ------------------------------------------------------------------------


def check_server_echoes_one_message(lab: Lab) -> None:
    server = lab.serve()
    client = lab.connect(server)
    message = b"hello " + lab.token()
    waits = dict.fromkeys(_WAITS, "waits_for_more")
    with client_is_there(server), lab.blame(**waits):
        _exchange(client, message)


def check_server_echoes_many_messages(lab: Lab) -> None:
    server = lab.serve()
    client = lab.connect(server)
    with lab.blame(**_UNANSWERED):
        for size in (5, 1, 3000, 17, 40_000, 2):
            _exchange(client, lab.payload(size))
        token = lab.token()
        client.send_pieces([b"a", b"b" + token, b"c"])
        client.expect(b"ab" + token + b"c")
        # Who is next may knock already: what the first one says is still the first one's.
        lab.connect(server)
        _exchange(client, lab.payload(20))


def _exchange(client: StreamPeer, message: bytes) -> None:
    """Send a message and read its echo before anything else happens."""
    client.send(message)
    client.expect(message)


def check_server_echoes_any_bytes(lab: Lab) -> None:
    client = lab.connect(lab.serve())
    words = [b"exit", b"quit", b"bye", b"exit\n", b"quit\r\n", b"", b"\n", b"\0", b"\xff\xfe\x80"]
    _exchange_plainly(lab, client)
    taken = dict.fromkeys(("short", "closed"), "data_taken_for_end")
    with lab.blame(**taken, **_UNANSWERED):
        for word in filter(None, words):
            _exchange(client, word)
        _exchange(client, bytes(range(256)) + lab.payload(2000))


def _exchange_plainly(lab: Lab, client: StreamPeer) -> None:
    """Two plain messages: a server that closes after one is found here, for what it is."""
    for _ in range(2):
        _exchange(client, lab.token())


def check_server_lets_next_client_in(lab: Lab) -> None:
    server = lab.serve()
    first = lab.connect(server)
    message = b"first " + lab.token()
    first.send(message)
    first.expect(message)
    first.half_close()
    expect_closed(lab, first)
    try:
        expect_next_client_served(lab, server)
    except CheckFailed as failure:
        if failure.kind == "refused" and server.calling.finished:
            failure.values["diagnosis"] = "ended_by_itself"
            failure.received = failure.received or lab.say("has_returned", function="serve")
        raise


def check_server_answers_half_closing_client(lab: Lab) -> None:
    server = lab.serve()
    plain = lab.connect(server)
    _exchange_plainly(lab, plain)
    plain.close()
    for size in (1, 100_000, 2 * MIB):
        client = lab.connect(server)
        message = lab.payload(size) if size < MIB else lab.big_payload(size)
        stops = dict.fromkeys(("short", "closed"), "stops_on_half_close")
        with lab.blame(spinning="empty_recv_ignored", **stops):
            if size < MIB:
                # Data and end together, every time: what is due must not get lost over it.
                with lab.frozen(server.process):
                    client.send(message)
                    client.half_close()
            else:
                client.send(message)
                client.half_close()
            client.expect(message)
            expect_closed(lab, client)
        client.close()


def check_server_survives_reset(lab: Lab) -> None:
    server = lab.serve()
    blocked = dict.fromkeys(_WAITS, "blocked_by_one_client")
    with lab.blame(**DIED, **blocked, spinning="empty_recv_ignored"):
        lab.connect(server).close()
        before = lab.connect(server)
        before.send(b"?")
        before.read(1)  # all that came earlier has been accepted by now
        # From here on a socket that is not connected is one whose client has gone.
        with lab.blame(not_connected="died_with_client"):
            _meets_rude_clients(lab, server, before)


def _meets_rude_clients(lab: Lab, server: Server, before: StreamPeer) -> None:
    """Clients break off: before they are accepted, after a word, with their answer unread."""
    # A reset that comes first is met by accept(), whenever the server gets to run.
    with lab.frozen(server.process):
        lab.connect(server).reset()
    before.close()
    for size in (10, 200_000):
        rude = lab.connect(server)
        rude.send(lab.payload(size))
        rude.read(1)
        rude.reset()
        careless = lab.connect(server)
        careless.send(lab.payload(size))
        careless.read(1)
        careless.close()
    leave_with_broken_pipe(lab, server, lab.payload(10))
    expect_next_client_served(lab, server)


def check_server_handles_partial_send(lab: Lab) -> None:
    client = lab.connect(lab.serve(send_cap=True))
    message = lab.payload(1000)
    with lab.blame(**dict.fromkeys((*_WAITS, "mismatch"), "send_result_ignored")):
        _exchange(client, message)


def check_server_echoes_big_data(lab: Lab) -> None:
    client = lab.connect(lab.serve())
    message = lab.big_payload(BIG)
    _exchange_plainly(lab, client)
    lost = dict.fromkeys((*_WAITS, "mismatch"), "bytes_lost")
    dropped = dict.fromkeys(("short", "closed"), "slow_reader_dropped")
    with lab.blame(**lost, **dropped):
        client.exchange(message, message)


def check_server_keeps_idle(lab: Lab) -> None:
    server = lab.serve()
    idle_with_clients(lab, server)


def check_server_restarts_on_same_port(lab: Lab) -> None:
    server = lab.serve()
    make_time_wait(lab, server)
    lab.stop(server.process)
    again = lab.serve(at=server)
    with lab.blame(raised="no_reuseaddr", refused="no_reuseaddr", died="no_reuseaddr"):
        expect_next_client_served(lab, again)


def check_server_binds_only_given_address(lab: Lab) -> None:
    only_at_its_address(lab, lab.serve())


# -- the client ------------------------------------------------------------------------


def _asks(
    lab: Lab, listener: Listener, message: bytes, process: LearnerProcess, timeout: float = 20.0
) -> Calling:
    """Call ``echo``, with a timeout that nothing comes near where nothing else is said."""
    return lab.call("echo", listener.host, listener.port, message, timeout, process=process)


def _answer(peer: StreamPeer, message: bytes, reply: bytes) -> None:
    """Take the whole message, then send the reply and keep the connection open."""
    peer.expect(message)
    peer.send(reply)


def check_client_returns_whole_reply(lab: Lab) -> None:
    def gets_it_cut(sizes: Sequence[int], process: LearnerProcess) -> None:
        listener = lab.listener()
        message = lab.payload(12 if sizes[0] < 100 else 3000)
        calling = _asks(lab, listener, message, process)
        peer = listener.accept()
        peer.expect(message)
        with lab.blame(cut="one_recv_assumed", **dict.fromkeys(_WAITS, "waits_for_more")):
            peer.send_pieces(pieces_of(message, sizes))
            calling.gives(message)

    each_as_if_first(lab, gets_it_cut, ((1,), (2, 1, 7), (1000, 24)))


def check_client_ignores_extra_bytes(lab: Lab) -> None:
    message = b"hello " + lab.token()
    too_many = {"mismatch": "extra_bytes", "stuck": "waits_for_more", "sleeping": "waits_for_more"}

    def gets(case: tuple[bytes, bytes, dict[str, str]], process: LearnerProcess) -> None:
        answer, more, diagnoses = case
        listener = lab.listener()
        calling = _asks(lab, listener, message, process)
        _answer(listener.accept(), message, answer + more)
        with lab.blame(**diagnoses):
            calling.gives(answer)

    more = b"and more than was asked for"
    each_as_if_first(lab, gets, ((message, more, too_many), (message.upper(), b"", {})))


def check_client_sends_big_message(lab: Lab) -> None:
    listener = lab.listener()
    message = lab.big_payload(BIG)
    calling = lab.call("echo", listener.host, listener.port, message, PATIENCE)
    peer = listener.accept()
    at, other = 0, None
    try:
        while at < BIG and (piece := peer.read(PIECE)):
            if other is None and not message.startswith(piece, at):
                other = lab.words.difference(message, message[:at] + piece)
            at += len(piece)
    except CheckFailed as failure:
        # Who waits for an echo does so after the first piece; what fits into the system's
        # buffers is more, and that is where a send() whose result nobody looks at ends.
        early = at < 4 * PIECE
        if failure.stuck:
            failure.values["diagnosis"] = "deadlock" if early else "send_result_ignored"
        failure.expected = lab.say("count", count=f"{BIG:,}")
        failure.received = lab.say("count", count=f"{at:,}")
        raise
    if at == BIG and other is not None:
        raise CheckFailed("mismatch", *other)
    peer.send(message)
    # Well below the call's own time limit: who waits for more is known at once.
    with lab.blame(cut="one_recv_assumed", stuck="waits_for_more", sleeping="waits_for_more"):
        calling.gives(message, bound=PATIENCE / 2)


def check_client_sends_empty_message(lab: Lab) -> None:
    listener = lab.listener()
    calling = lab.call("echo", listener.host, listener.port, b"", 20.0)
    try:
        with lab.blame(ended="never_connected"):
            peer = listener.accept()
    except CheckFailed as failure:
        if failure.kind == "ended":
            failure.expected = lab.say("a_connection", port=listener.port)
            failure.received = lab.say("has_returned", function="echo")
        raise
    with lab.blame(**dict.fromkeys(_WAITS, "waits_for_more")):
        calling.gives(b"")
    peer.expect_end()


def check_client_reports_early_close(lab: Lab) -> None:
    message = b"hello " + lab.token(20)
    endless = dict.fromkeys((*_WAITS, "spinning"), "empty_recv_ignored")

    def gets_a_part(part: int, process: LearnerProcess) -> None:
        listener = lab.listener()
        calling = _asks(lab, listener, message, process)
        peer = listener.accept()
        peer.expect(message)
        peer.send(message[:part])
        peer.half_close()
        with _returns_instead(calling, part), lab.blame(**endless):
            calling.raises("ConnectionError")
            calling.at_once()

    # A part first: b"" after no byte at all says nothing of why it was returned.
    each_as_if_first(lab, gets_a_part, (1, 0, len(message) - 1))


@contextlib.contextmanager
def _returns_instead(calling: Calling, part: int) -> Iterator[None]:
    """Name what a call returns in place of an exception: ``part`` bytes, or not even them."""
    try:
        yield
    except CheckFailed as failure:
        if failure.kind == "no_exception":
            swallowed = part and calling.call.value == b""
            failure.values["diagnosis"] = "no_exception" if swallowed else "partial_returned"
        raise


def check_client_times_out_on_silence(lab: Lab) -> None:
    message = b"hello " + lab.token(20)
    for turn in turns(lab, TIMEOUT):
        callings = []
        for part in (0, 7):
            listener = lab.listener()
            calling = lab.call("echo", listener.host, listener.port, message, turn.timeout)
            peer = listener.accept()
            peer.expect(message)
            peer.send(message[:part])
            turn.acted(calling)
            callings.append((calling, part))
        for calling, part in callings:
            with _returns_instead(calling, part):
                expect_timeout(lab, calling, turn.timeout)
    if watch.supported:
        listener = lab.listener()
        waiting = lab.call("echo", listener.host, listener.port, message, PATIENCE)
        listener.accept().expect(message)
        lab.expect_idle(waiting.process)


def check_client_times_out_on_connect(lab: Lab) -> None:
    listener = lab.listener(listen=False)
    listener.fill_backlog()
    lab.transcript.add("peer", "note", note=lab.say("nobody_accepts"))
    calling = lab.call("echo", listener.host, listener.port, b"hello", TIMEOUT)
    expect_timeout(lab, calling, TIMEOUT)


def check_client_lets_refusal_through(lab: Lab) -> None:
    listener = lab.listener(listen=False)
    calling = lab.call("echo", listener.host, listener.port, b"hello", 20.0)
    calling.raises("ConnectionRefusedError")


def check_client_closes_its_socket(lab: Lab) -> None:
    message = b"hello " + lab.token()

    def leaves_nothing(way: str, process: LearnerProcess) -> None:
        listener = lab.listener(listen=way != "refusal")
        timeout = TIMEOUT if way == "silence" else 20.0
        calling = _asks(lab, listener, message, process, timeout)
        if way != "refusal":
            peer = listener.accept()
            peer.expect(message)
            peer.send({"answer": message, "early close": message[:3]}.get(way, b""))
        if way == "answer":
            calling.gives(message)
        else:
            if way == "early close":
                peer.half_close()
            if unended(lab, calling):
                lab.stop(process)
                return
        calling.closed_everything()
        if way != "refusal":
            with lab.blame(any="descriptor_leak"):
                peer.expect_end()

    each_as_if_first(lab, leaves_nothing, ("answer", "early close", "silence", "refusal"))
