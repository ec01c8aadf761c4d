"""Hidden checks of ex07: one server, many clients."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from grader.harness.contracts import (
    DIED,
    client_is_there,
    expect_closed,
    expect_next_client_served,
    idle_when_they_have_left,
    leave_with_broken_pipe,
    make_time_wait,
    only_at_its_address,
    outwait,
)
from grader.harness.lab import Lab, Server
from grader.learner import watch
from grader.learner.failure import CheckFailed
from grader.learner.plain import NUMBER, Numbered
from grader.peers.stream import StreamPeer, pieces_of
from grader.sandbox import processes

LONGEST = 61_440  # 60 KiB, the newline included
MUCH = 16 << 20  # more than all buffers between two programs hold
BLOCKS = 8  # that it is made of: their numbers hold no letters and no line ends
FIFTY = 50
QUIET = 0.3
FILLED = 0.3  # a limit on sending that has run out while the buffers were being filled
SETTLED = 2.0
MORE = 10
ONE_LINE = 16_000  # the longest of many
_NO_LINE_ENDS = bytes.maketrans(b"\r\n", b"!?")
_WAITS = ("stuck", "sleeping", "silent")
_BLOCKED = dict.fromkeys(_WAITS, "blocked_by_one_client")
_DROPPED = dict.fromkeys(("short", "closed"), "silent_client_dropped")
_AWAY = {**DIED, "not_connected": "died_with_client"}
_SHARED = {"mismatch": "buffer_shared_between_clients"}


def _line(lab: Lab, size: int = 24) -> bytes:
    """Return a line to read: lower and upper case, digits, ``size`` bytes with its newline."""
    number = b"%d " % lab.random.randrange(100, 1000)
    return lab.token(3).title() + number + lab.token(size - 8) + b"\n"


def _any_bytes(lab: Lab, size: int) -> bytes:
    """Return a line of ``size`` random bytes; only the last of them is a line end."""
    return lab.payload(size - 1).translate(_NO_LINE_ENDS) + b"\n"


def _exchange(lab: Lab, client: StreamPeer, line: bytes | None = None) -> None:
    """Send one line and read its answer before anything else happens."""
    line = line or _line(lab)
    client.send(line)
    client.expect(line.upper())


# -- lines -----------------------------------------------------------------------------


def check_answers_each_line(lab: Lab) -> None:
    server = lab.serve()
    client = lab.connect(server)
    waits = dict.fromkeys(_WAITS, "waits_for_more")
    with client_is_there(server), lab.blame(**waits):
        _exchange(lab, client, _line(lab, 10))
    with lab.blame(**dict.fromkeys(_WAITS, "no_answer")):
        for size in (24, 3000, 9):
            _exchange(lab, client, _line(lab, size))
        with lab.blame(**dict.fromkeys(_WAITS, "empty_line_unanswered")):
            _exchange(lab, client, b"\n")
            _exchange(lab, client, b"\n")
        _exchange(lab, client)


def check_changes_only_ascii_letters(lab: Lab) -> None:
    client = lab.connect(lab.serve())
    every = bytes(number for number in range(256) if number != ord("\n"))
    words = "straße, é, ÿ, ı, 中文\x85\u2028 ".encode() + lab.token()
    line_ends = (b"a\r%b", b"\r%b", b"%b\r", b"%b\r\r", b" \t%b \t")
    more = lab.payload(2000).replace(b"\n", b"\r")
    for line in (words, every, *(text % lab.token() for text in line_ends), lab.token(), more):
        try:
            client.exchange(line + b"\n", line.upper() + b"\n")
        except CheckFailed as failure:
            failure.expected = failure.expected or lab.words.data(line.upper() + b"\n")
            at = int(failure.values.get("at", len(line)))
            if line[at : at + 1] == b"\r":
                failure.values["diagnosis"] = "data_taken_for_end"
            raise


def check_waits_for_the_newline(lab: Lab) -> None:
    client = lab.connect(lab.serve())
    line, other = _line(lab), _line(lab, 20)
    wrong = dict.fromkeys((*_WAITS, "mismatch"), "one_recv_assumed")
    with lab.blame(**wrong, short="one_recv_assumed", closed="one_recv_assumed"):
        _finish_late(lab, client, line)
    with lab.blame(**wrong):
        _finish_late(lab, client, _line(lab, 20_000))
        client.send_pieces(pieces_of(other, (1, 2, 4)))
        client.expect(other.upper())
    _exchange(lab, client)
    client.expect_nothing_waiting()


def _finish_late(lab: Lab, client: StreamPeer, line: bytes) -> None:
    """Send a line in pieces, and nothing comes before its newline has been sent."""
    for piece in (line[:5], line[5:-1]):
        client.send(piece)
        client.drained()
        _expect_silence(lab, client)
    client.send(line[-1:])
    client.expect(line.upper())


def _expect_silence(lab: Lab, client: StreamPeer) -> None:
    """Nothing comes although the learner's code has read everything and waits again."""
    try:
        lab.waiter.until(read=[client.sock], bound=QUIET, locate=False)
    except CheckFailed as failure:
        # Who runs in circles meanwhile is silent, too; whether it should is another check's affair,
        # and on a busy machine the moment is long enough to see it here.
        if failure.kind in (*_WAITS, "spinning"):
            return
        raise
    data = client.read()
    if not data:
        raise CheckFailed("short", lab.say("no_bytes"), lab.say("closed_early"))
    raise lab.fail("one_recv_assumed", lab.say("no_bytes"), lab.words.data(data))


def check_answers_lines_that_arrive_together(lab: Lab) -> None:
    server = lab.serve()
    client = lab.connect(server)
    with lab.blame(**dict.fromkeys((*_WAITS, "short"), "leftover_dropped")):
        lines = b"".join(_line(lab) for _ in range(3))
        client.send(lines)
        client.expect(lines.upper())
        lines = b"".join(_line(lab, lab.random.randrange(10, 80)) for _ in range(30))
        last = _line(lab)
        client.send(lines + last[:8])
        client.expect(lines.upper())
        client.drained()
        with lab.blame(mismatch="leftover_dropped"):
            _expect_rest(lab, client, last)


def _expect_rest(lab: Lab, client: StreamPeer, last: bytes) -> None:
    """The line that has begun already is finished, glued to one more."""
    more = _line(lab)
    client.send(last[8:] + more)
    client.expect((last + more).upper())


# -- clients ---------------------------------------------------------------------------


def check_idle_client_holds_up_nobody(lab: Lab) -> None:
    server = lab.serve()
    silent = [lab.connect(server) for _ in range(3)]
    talkers = [lab.connect(server) for _ in range(3)]
    with lab.blame(**_BLOCKED, **_SHARED):
        for client in reversed(talkers):
            _exchange(lab, client)
        with lab.blame(**_DROPPED):
            for client in reversed(silent):
                _exchange(lab, client)


def check_half_line_holds_up_nobody(lab: Lab) -> None:
    server = lab.serve()
    before = lab.connect(server)
    with lab.blame(**_BLOCKED, **_SHARED):
        paused, line = lab.connect(server), _line(lab)
        paused.send(line[:9])
        paused.drained()
        after = lab.connect(server)
        for client in (after, before, lab.connect(server)):
            _exchange(lab, client)
        with lab.blame(**_DROPPED):
            paused.send(line[9:])
            paused.expect(line.upper())


def check_serves_fifty_clients_at_once(lab: Lab) -> None:
    server = lab.serve()
    clients = _first_clients(lab, server)
    clients += [lab.connect(server) for _ in range(FIFTY - len(clients))]
    lines = [_line(lab) for _ in clients]
    for client, line in zip(clients, lines, strict=True):
        client.send(line[:9])
    for turn in reversed(range(FIFTY)):
        try:
            with lab.blame(**_SHARED):
                clients[turn].send(lines[turn][9:])
                clients[turn].expect(lines[turn].upper())
        except CheckFailed as failure:
            if failure.kind in _WAITS:
                waiting = dict(zip(clients[: turn + 1], lines, strict=False))
                failure.values["diagnosis"] = _who_waits(lab, waiting, clients[turn + 1 :])
            raise


def _first_clients(lab: Lab, server: Server) -> list[StreamPeer]:
    """Connect one client, and two more that the server finds at its door at the same moment."""
    first = lab.connect(server)
    line = _line(lab)
    first.send(line)
    first.expect(line.upper())
    return [first, *lab.connect_together(server, 2)]


def _who_waits(lab: Lab, waiting: dict[StreamPeer, bytes], served: list[StreamPeer]) -> str:
    """The newest that is waiting got no answer: let all others speak too, and see who does."""
    for client, line in list(waiting.items())[:-1]:
        with contextlib.suppress(CheckFailed):
            client.send(line[9:])
    answered = len(served)
    with contextlib.suppress(CheckFailed):
        while waiting:
            ready, _ = lab.waiter.until(read=[one.sock for one in waiting], locate=False)
            for client in [one for one in waiting if one.sock in ready]:
                data = client.read()
                if not waiting.pop(client).upper().startswith(data):
                    return "buffer_shared_between_clients"
                answered += bool(data)
    for client in served:
        try:
            client.expect_nothing_waiting()
        except CheckFailed as failure:
            if failure.kind == "extra":
                return "buffer_shared_between_clients"
    return "too_few_at_once" if 2 <= answered < FIFTY else "blocked_by_one_client"


def check_answers_whole_lines_after_half_close(lab: Lab) -> None:
    server = lab.serve()
    client = lab.connect(server)
    whole = b"".join(_line(lab) for _ in range(8))
    with lab.blame(**dict.fromkeys((*_WAITS, "short"), "leftover_dropped")):
        client.send(whole)
        client.expect(whole.upper())
    whole = b"".join(_line(lab, 200) for _ in range(8))
    # Lines and end together, every time: what is due must not get lost over the end.
    with lab.frozen(server.process):
        client.send(whole + lab.token())
        client.half_close()
    with lab.blame(short="stops_on_half_close", closed="stops_on_half_close"):
        client.expect(whole.upper())
    with lab.blame(extra="unfinished_line_answered"):
        expect_closed(lab, client)


def check_early_leavers_harm_nobody(lab: Lab) -> None:
    server = lab.serve()
    first = lab.connect(server)
    with lab.blame(**_BLOCKED, **DIED, spinning="empty_recv_ignored"):
        first.close()
        anchor = lab.connect(server)
        _exchange(lab, anchor)
        # From here on a socket that is not connected is one whose client has gone.
        with lab.blame(**_AWAY):
            _meets_rude_clients(lab, server, anchor)
        _exchange(lab, lab.connect(server))


def _meets_rude_clients(lab: Lab, server: Server, anchor: StreamPeer) -> None:
    """Clients break off in all ways; another one goes on talking in between."""
    lab.connect(server).reset()
    _exchange(lab, anchor)
    for leave in (StreamPeer.reset, StreamPeer.close):
        rude = lab.connect(server)
        _exchange(lab, rude)
        leave(rude)
        _exchange(lab, anchor)
        careless = lab.connect(server)
        careless.send(b"".join(_line(lab, 100) for _ in range(30)))
        careless.read(1)
        leave(careless)  # with answers unread
        _exchange(lab, anchor)
    leave_with_broken_pipe(lab, server, _line(lab))
    _exchange(lab, anchor)
    _exchange(lab, lab.connect(server))


def check_answers_long_lines_whole(lab: Lab) -> None:
    # The first server's send() takes what it is given, the second one's a part at a time.
    for cap, diagnoses in ((False, {}), (True, dict.fromkeys(_WAITS, "send_result_ignored"))):
        client = lab.connect(lab.serve(send_cap=cap))
        with lab.blame(**diagnoses, **({"mismatch": "send_result_ignored"} if cap else {})):
            for size in (LONGEST, 9, 20_000, LONGEST - 1):
                _exchange(lab, client, _any_bytes(lab, size))


def check_slow_reader_holds_up_nobody(lab: Lab) -> None:
    server = lab.serve()
    before = lab.connect(server)
    with lab.blame(**_BLOCKED, **_SHARED):
        lab.connect(server).fill(_much(lab))
        _exchange(lab, before)
        for _ in range(2):
            _exchange(lab, lab.connect(server))


def check_slow_reader_gets_everything(lab: Lab) -> None:
    server = lab.serve()
    client = lab.connect(server)
    data = _much(lab)
    expected = Numbered(data.block.upper(), data.size)
    lost = dict.fromkeys(_WAITS, "bytes_lost")
    for _ in range(2):
        _exchange(lab, client, _any_bytes(lab, ONE_LINE))
    try:
        with lab.blame(short="slow_reader_dropped", closed="slow_reader_dropped", **lost):
            sent = client.fill(data)
            outwait(lab, server, at_least=FILLED)
            client.exchange(data, expected, sent)
    except CheckFailed as failure:
        if failure.kind == "mismatch":
            # What is missing behind the first line was lost before any buffer was full.
            early = int(failure.values["at"]) <= ONE_LINE
            failure.values["diagnosis"] = "leftover_dropped" if early else "bytes_lost"
        raise


def _much(lab: Lab) -> Numbered:
    """Return ``MUCH`` bytes or a little more: lines of any bytes, shorter than 16 KiB."""
    pool = _any_bytes(lab, 1 << 18)
    lines, size = [], 0
    while size < MUCH // BLOCKS:
        length = lab.random.randrange(1, ONE_LINE - NUMBER)
        start = lab.random.randrange(len(pool) - length - 1)
        lines.append(pool[start : start + length])
        size += length + 1
    block = b"\n".join([*lines, b""])
    return Numbered(block, BLOCKS * (NUMBER + len(block)))


# -- the server ------------------------------------------------------------------------


def check_gives_back_what_clients_used(lab: Lab) -> None:
    if not watch.supported:
        raise lab.skip("needs_proc")
    server = lab.serve()
    with lab.blame(**_AWAY):
        _come_and_go(lab, server, 5)
        before = _settled(lab, server)
        for _ in range(10):
            _come_and_go(lab, server, 20)
        _come_and_go(lab, server, 1)
    with contextlib.suppress(CheckFailed):
        lab.waiter.until(
            done=lambda: not _grown(lab, server, before), bound=SETTLED, watch_learner=False
        )
    grown = _grown(lab, server, before)
    if grown:
        allowed = lab.say("held_at_most", more=MORE, held=lab.say("held", **before))
        now = lab.say("held", **lab.resources(server.process))
        raise lab.fail(_left_behind(server, grown), allowed, now)


def _come_and_go(lab: Lab, server: Server, count: int) -> None:
    """So many clients connect and speak, then each reads its answer and leaves.

    Every other one resets its connection: what it used is given back, too.
    """
    clients = [(lab.connect(server), _line(lab)) for _ in range(count)]
    for client, line in clients:
        client.send(line)
    for turn, (client, line) in enumerate(clients):
        client.expect(line.upper())
        if turn % 2:
            client.reset()
        else:
            client.close()


def _settled(lab: Lab, server: Server) -> Mapping[str, int]:
    """Return what the server holds once that has stopped changing."""
    seen: list[Mapping[str, int]] = []

    def unchanged() -> bool:
        seen.append(lab.resources(server.process))
        return len(seen) > 3 and seen[-1] == seen[-2] == seen[-3] == seen[-4]

    with contextlib.suppress(CheckFailed):
        lab.waiter.until(done=unchanged, bound=SETTLED, watch_learner=False)
    return seen[-1]


def _grown(lab: Lab, server: Server, before: Mapping[str, int]) -> set[str]:
    """Return what the server holds too much of by now."""
    now = lab.resources(server.process)
    return {name for name, count in now.items() if count > before[name] + MORE}


def _left_behind(server: Server, grown: set[str]) -> str:
    below = processes.descendants(server.process.child.root)
    if sum(processes.state(pid) == "Z" for pid in below) > MORE:
        return "zombies_left"
    if grown != {"descriptors"}:
        return "threads_left"
    child = server.process.child
    held = watch.descriptors(child.root, child.root_is_learner)
    sockets = [target for fds in held.values() for target in fds.values() if "socket" in target]
    return "connection_left_open" if len(sockets) > MORE else "descriptor_leak"


def check_sleeps_when_idle(lab: Lab) -> None:
    server = lab.serve()
    first = lab.connect(server)
    _exchange(lab, first)
    silent = [lab.connect(server) for _ in range(5)]
    lab.expect_idle(server.process)
    outwait(lab, server, silent)
    with lab.blame(**_DROPPED):
        for client in silent:
            client.expect_nothing_waiting()
    _exchange(lab, first)
    idle_when_they_have_left(lab, server, [*silent, first])


def check_restarts_on_same_port(lab: Lab) -> None:
    server = lab.serve()
    make_time_wait(lab, server)
    lab.stop(server.process)
    again = lab.serve(at=server)
    with lab.blame(raised="no_reuseaddr", refused="no_reuseaddr", died="no_reuseaddr"):
        expect_next_client_served(lab, again, _line(lab))


def check_listens_only_where_told(lab: Lab) -> None:
    only_at_its_address(lab, lab.serve())
