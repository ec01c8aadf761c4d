"""Hidden checks of ex13: broadcast and discovery over UDP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat
from types import TracebackType

from grader.harness.calls import Calling
from grader.harness.contracts import unended
from grader.harness.idleness import Usage
from grader.harness.lab import Lab
from grader.learner import network
from grader.learner.ends import raised_failure
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.peers.datagram import MAX_DATAGRAM, Address, DatagramPeer

BROADCAST = "127.255.255.255"
QUESTION = b"DISCOVER"
TIMEOUT = 1.0
SHORT = 0.3
A_WHILE = 1.05
DRIP, CHAT = 0.05, 0.03
IDLE_SHARE, CLEARLY_BUSY = 0.05, 0.25
A_THOUSAND, IN_A_ROW = 1000, 128

_FACTORS = (1, 3, 9)
_NEVER_SPINNING = 60.0
_CHANCE = 0.1
_STOPPED = 0.3
_SILENCE = 0.1
BUSY_S = 0.15  # what no setting up takes
# What a machine that is late cannot have caused.
_CERTAIN = frozenset({"not_implemented", "raised", "too_early", "stuck", "spinning", "died"})


class NotPlayedError(Exception):
    """The judge was too late to play its script as it is written."""


class Trial:
    """One try at a script whose calls have deadlines: what was called, what was sent in time.

    A datagram has been sent in time where the machine, late as it was, left the learner's code
    the chance to read it before its deadline.  A script that failed without that chance fails
    nobody, unless its reason is ``certain``: it is played again with longer deadlines.
    """

    def __init__(self, lab: Lab, timeout: float, last: bool) -> None:
        self.lab = lab
        self.timeout = timeout
        self.passed = False
        self.certain = False
        self.last = last
        self._callings: list[Calling] = []
        self._sent = 0.0
        self._silence = 0.0
        lab.waiter.bound = timeout + 5.0

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.passed = error is None
        if isinstance(error, NotPlayedError):
            self.passed = self.last
            for calling in self._callings:
                self.lab.stop(calling.process)
            return True
        if not isinstance(error, CheckFailed):
            return False
        for calling in self._callings:
            _name_refusal(error, calling)
        certain = self.certain or error.kind in _CERTAIN
        if certain or self.last or self._had_its_chance():
            return False
        for calling in self._callings:
            self.lab.stop(calling.process)
        return True

    def _had_its_chance(self) -> bool:
        for calling in self._callings:
            deadline = calling.call.started + self.timeout
            sent = max(self._sent, calling.call.started)
            if deadline - sent < calling.late() + _CHANCE:
                return False
        return True

    def listen(
        self, *address: str, port: int = 0, process: LearnerProcess | None = None
    ) -> Calling:
        """Call ``listen`` at ``port``."""
        return self._call("listen", port, self.timeout, *address, process=process)

    def discover(self, port: int, process: LearnerProcess | None = None) -> Calling:
        """Call ``discover`` for the responders at ``port``."""
        return self._call("discover", BROADCAST, port, self.timeout, process=process)

    def _call(self, function: str, *args: object, process: LearnerProcess | None) -> Calling:
        calling = self.lab.call(function, *args, process=process)
        self._callings.append(calling)
        return calling

    def listening(self, *address: str, copies: int = 1) -> tuple[int, list[Calling]]:
        """Call ``listen`` in so many processes; return the port when each of them has bound it."""
        port, pid = self.lab.free_port(), self.lab.sandbox.network_pid
        callings = [self.listen(*address, port=port) for _ in range(copies)]

        def ready() -> bool:
            bound = network.bound_datagram_sockets(pid, port)
            return len(bound) >= copies or any(calling.call.finished for calling in callings)

        with self.lab.blame(stuck="never_listens", silent="never_listens", ended="never_listens"):
            self.lab.waiter.until(done=ready)
            for calling in callings:
                if calling.call.finished:
                    calling.returns()
                    raise CheckFailed("ended")
        return port, callings

    def asked(self, hub: DatagramPeer) -> Address:
        """Wait for the question; return the address that it came from."""
        with self.lab.blame(ended="nothing_sent", silent="nothing_sent"):
            data, address = hub.receive()
        if data != QUESTION:
            expected, received = self.lab.words.difference(QUESTION, data)
            raise CheckFailed("mismatch", expected=expected, received=received)
        return address

    def send(self, peer: DatagramPeer, data: bytes, address: Address) -> None:
        """Send a datagram that the learner's code has to read before its deadline."""
        peer.send(data, address)
        self._sent = time.monotonic()

    def until(self, share: float) -> None:
        """Let the time go by until a share of the first call's deadline has passed."""
        moment = self._callings[0].call.started + share * self.timeout
        bound = max(0.0, moment - time.monotonic()) + 1.0
        self.lab.waiter.until(
            done=lambda: time.monotonic() >= moment, bound=bound, watch_learner=False
        )

    def drip(
        self, peer: DatagramPeer, address: Address, stream: Iterator[bytes], pause: float
    ) -> Iterator[tuple[bytes, bool]]:
        """Send until the call is over, or long past its deadline.

        Yields what was sent, and whether it was early enough that it has to be heard.
        """
        calling, meter = self._callings[0], self.lab.meter
        began, lost = time.monotonic(), meter.total()
        spoke = began
        while time.monotonic() - began - (meter.total() - lost) < calling.bound(self.timeout):
            data = next(stream)
            self._silence = max(self._silence, time.monotonic() - spoke)
            spoke = time.monotonic()
            due = time.monotonic() < calling.call.started + self.timeout / 2
            if due:
                self.send(peer, data, address)
            else:
                peer.send(data, address)
            yield data, due
            peer.pause(pause)
            if calling.finished:
                self._silence = max(self._silence, time.monotonic() - spoke)
                return

    def talked_until_the_end(self, calling: Calling) -> None:
        """Make sure that the call did not end early; who is met by silence may, for this once."""
        try:
            calling.took(at_least=self.timeout)
        except CheckFailed:
            if self._silence > _SILENCE:
                raise NotPlayedError from None
            raise

    def result(self, calling: Calling) -> object:
        """Wait for the deadline and the result."""
        with self.waiting():
            return calling.returns(calling.bound(self.timeout))

    def waiting(self) -> AbstractContextManager[None]:
        """Name what it is when a call does not end at its deadline."""
        return self.lab.blame(
            stuck="no_timeout", sleeping="timeout_ignored", silent="timeout_ignored"
        )


def trials(lab: Lab, timeout: float = TIMEOUT) -> Iterator[Trial]:
    """Give out trials, each with longer deadlines, until one of them counts."""
    _prepare(lab)
    for factor in _FACTORS:
        trial = Trial(lab, timeout * factor, factor == _FACTORS[-1])
        if factor > 1:
            again = lab.say("once_more", seconds=f"{trial.timeout:g}")
            lab.transcript.add("peer", "note", note=again)
        yield trial
        if trial.passed:
            return


def _prepare(lab: Lab) -> None:
    """Every check broadcasts; only the one about silence minds a busy loop."""
    if not network.supported:
        raise lab.skip("needs_broadcast")
    lab.waiter.spin_cpu = _NEVER_SPINNING


_REFUSALS = {
    ("announce", "EACCES"): "broadcast_not_permitted",
    ("discover", "EACCES"): "broadcast_not_permitted",
    ("discover", "EADDRINUSE"): "fixed_port",
    ("listen", "EADDRINUSE"): "no_reuseaddr",
}


def _name_refusal(failure: CheckFailed, calling: Calling) -> None:
    """Give a refusal of the system's the diagnosis that it stands for."""
    raised = calling.call.raised
    if failure.kind == "raised" and raised is not None:
        name = _REFUSALS.get((calling.call.target, raised.errno))
        if name:
            failure.values["diagnosis"] = name


@contextmanager
def _refusals(calling: Calling) -> Iterator[None]:
    try:
        yield
    except CheckFailed as failure:
        _name_refusal(failure, calling)
        raise


def _hub(lab: Lab) -> DatagramPeer:
    """Return a peer that hears what is broadcast to its port."""
    _prepare(lab)
    return lab.datagrams(BROADCAST, lab.free_port())


def _host(lab: Lab, number: int, port: int = 0) -> DatagramPeer:
    """Return one of several machines: a peer with an address of its own."""
    host = f"127.0.0.{number}"
    return lab.datagrams(host, port, who=host)


def _compare(lab: Lab, expected: object, value: object) -> None:
    if type(value) is not type(expected) or value != expected:
        kind = "returned_none" if value is None else "result"
        shown, got = lab.words.value(expected), lab.words.value(value)
        raise CheckFailed(kind, expected=shown, received=got)


# -- announce --------------------------------------------------------------------------


def _announced_once(lab: Lab, hub: DatagramPeer, calling: Calling, message: bytes) -> None:
    """One datagram, and no other, carried the message."""
    with _refusals(calling):
        calling.returns()
    # On the way there is nothing: on loopback, sendto() returns after the delivery.
    with lab.blame(ended="nothing_sent" if message else "empty_datagram_ignored"):
        first, _ = hub.receive()
    rest = [data for data, _ in hub.waiting()]
    if rest:
        piece = message.startswith(first) and first != message
        name = "split_into_datagrams" if piece else "sent_more_than_once"
        got = lab.say("several_datagrams", count=1 + len(rest), first=lab.words.value(first))
        raise lab.fail(name, expected=lab.words.value(message), received=got)
    if first != message:
        shown, got = lab.words.difference(message, first)
        raise CheckFailed("mismatch", expected=shown, received=got)


def check_announce_sends_one_datagram(lab: Lab) -> None:
    hub = _hub(lab)
    process = lab.start()
    for message in (b"hello " + lab.token(), b"\0\r\n" + lab.payload(3000), b""):
        calling = lab.call("announce", message, BROADCAST, hub.port, process=process)
        _announced_once(lab, hub, calling, message)


def check_announce_reaches_the_size_limit(lab: Lab) -> None:
    hub = _hub(lab)
    process = lab.start()
    message = lab.payload(MAX_DATAGRAM)
    calling = lab.call("announce", message, BROADCAST, hub.port, process=process)
    _announced_once(lab, hub, calling, message)
    calling = lab.call("announce", message + b"x", BROADCAST, hub.port, process=process)
    calling.raises("OSError")


# -- listen ----------------------------------------------------------------------------


def check_listen_returns_every_datagram_in_order(lab: Lab) -> None:
    hosts = [_host(lab, 2), _host(lab, 3)]
    for trial in trials(lab):
        with trial:
            port, (calling,) = trial.listening()
            data = [lab.token(), lab.payload(9), lab.token(), b"\n" + lab.token(), lab.token()]
            script = [(0, data[0]), (1, data[1]), (0, data[2]), (0, data[2]), (1, data[3])]
            for number, message in script:
                trial.send(hosts[number], message, (BROADCAST, port))
            trial.send(hosts[1], data[4], ("127.0.0.1", port))
            expected = [
                (message, hosts[number].host) for number, message in [*script, (1, data[4])]
            ]
            value = trial.result(calling)
            if isinstance(value, list) and value != expected and _same_items(value, expected):
                shown, got = lab.words.value(expected), lab.words.value(value)
                raise lab.fail("order_lost", expected=shown, received=got)
            _compare(lab, expected, value)


def _same_items(first: list[object], second: list[tuple[bytes, str]]) -> bool:
    return sorted(map(repr, first)) == sorted(map(repr, second))


def check_listen_keeps_empty_datagrams(lab: Lab) -> None:
    host = _host(lab, 2)
    for trial in trials(lab):
        with trial, lab.blame(too_early="empty_datagram_ignored"):
            port, (calling,) = trial.listening()
            messages = [lab.token(), b"", b"", lab.token()]
            for message in messages:
                trial.send(host, message, (BROADCAST, port))
            value = trial.result(calling)
            calling.took(at_least=trial.timeout)
            ignored = "empty_datagram_ignored" if _are_missing(value, messages) else ""
            with lab.blame(result=ignored):
                _compare(lab, [(message, host.host) for message in messages], value)


def check_listen_keeps_large_datagrams_whole(lab: Lab) -> None:
    host = _host(lab, 2)
    for trial in trials(lab):
        with trial:
            port, (calling,) = trial.listening()
            messages = [lab.payload(size) for size in (MAX_DATAGRAM, 9000)]
            for message in messages:
                trial.send(host, message, (BROADCAST, port))
                host.drained(port)
            value = trial.result(calling)
            for sent, heard in zip(messages, _data(value), strict=False):
                if sent != heard and sent.startswith(heard):
                    shown, got = lab.words.difference(sent, heard)
                    raise lab.fail("small_recv_buffer", expected=shown, received=got)
            _compare(lab, [(message, host.host) for message in messages], value)


def _data(value: object) -> list[bytes]:
    """Return the datagrams of a result, as far as it has the right form."""
    items = value if isinstance(value, list) else []
    pairs = [item for item in items if isinstance(item, tuple) and len(item) == 2]
    return [data for data, _ in pairs if isinstance(data, bytes)]


def check_listen_takes_a_thousand_in_a_row(lab: Lab) -> None:
    host = _host(lab, 2)
    for trial in trials(lab):
        with trial:
            port, (calling,) = trial.listening()
            messages = [b"%d " % number + lab.token() for number in range(A_THOUSAND)]
            keeps_up = True
            for number, message in enumerate(messages):
                # A receive queue of the usual size holds no thousand datagrams.
                if number % IN_A_ROW == 0:
                    tries = range(round(trial.timeout))
                    keeps_up = keeps_up and any(host.drained(port) for _ in tries)
                trial.send(host, message, (BROADCAST, port))
            value = trial.result(calling)
            if _are_missing(value, messages):
                shown, got = (
                    lab.say("datagrams", count=f"{n:,}") for n in (A_THOUSAND, len(_data(value)))
                )
                raise lab.fail("read_too_slowly", expected=shown, received=got)
            _compare(lab, [(message, host.host) for message in messages], value)


def _are_missing(value: object, messages: list[bytes]) -> bool:
    """Say whether a result is what was sent, in order, with something left out."""
    heard, rest = _data(value), iter(messages)
    return 0 < len(heard) < len(messages) and all(data in rest for data in heard)


def check_listen_keeps_its_deadline(lab: Lab) -> None:
    host = _host(lab, 2)
    for trial in trials(lab):
        with trial:
            port, (calling,) = trial.listening()
            sent, due = [], 0
            for data, early in trial.drip(host, (BROADCAST, port), iter(lab.token, b""), DRIP):
                sent.append((data, host.host))
                due += early
            _ends_in_time(trial, calling, port)
            value = calling.call.value
            heard = len(value) if isinstance(value, list) else 0
            _compare(lab, sent[: max(due, heard)], value)


def _ends_in_time(trial: Trial, calling: Calling, port: int) -> None:
    """Make sure that the call ended at its deadline, although somebody went on sending."""
    restarted = dict.fromkeys(("silent", "sleeping", "too_late"), "timeout_restarted")
    with trial.lab.blame(stuck="no_timeout", **restarted):
        try:
            calling.returns(bound=_STOPPED)
        except CheckFailed:
            # Who has read all that came after the deadline was not kept from looking at the clock.
            trial.certain = network.datagram_queue(trial.lab.sandbox.network_pid, port) == 0
            raise
        calling.took(at_most=trial.timeout)
        trial.talked_until_the_end(calling)


def check_silence_gives_an_empty_result(lab: Lab) -> None:
    for trial in trials(lab, A_WHILE):
        with trial, lab.blame(spinning="busy_loop"):
            lab.waiter.spin_cpu = CLEARLY_BUSY * trial.timeout
            share, certain = _share_in_silence(trial)
            if share >= IDLE_SHARE and not certain and not trial.last:
                raise NotPlayedError
            if share >= IDLE_SHARE:
                share, _ = min((share, certain), _share_in_silence(trial))
            if share >= IDLE_SHARE:
                trial.certain = True
                most, used = round(100 * IDLE_SHARE), round(100 * share)
                shown, got = lab.say("idle_share", percent=most), lab.say("cpu_share", percent=used)
                raise lab.fail("busy_loop", expected=shown, received=got)


def _share_in_silence(trial: Trial) -> tuple[float, bool]:
    """Call both functions at once and send nothing; return how busy the busier one was.

    And whether that is certain: setting up costs time, and a machine that keeps a call waiting
    with it leaves little for the silence itself.
    """
    lab = trial.lab
    processes = [lab.start(), lab.start()]
    usages = [Usage(process) for process in processes]
    callings = [
        trial.listen(port=lab.free_port(), process=processes[0]),
        trial.discover(lab.free_port(), processes[1]),
    ]

    def over() -> bool:
        for usage in usages:
            usage.look()
        return all(calling.call.finished for calling in callings)

    with trial.waiting():
        lab.waiter.until(done=over, bound=callings[0].bound(trial.timeout))
    found = [
        (usage.share(trial.timeout), usage.used() > BUSY_S or not usage.kept_waiting())
        for usage in usages
    ]
    nothings: tuple[object, object] = ([], {})
    for calling, nothing in zip(callings, nothings, strict=True):
        _compare(lab, nothing, trial.result(calling))
        with lab.blame(too_late="timeout_ignored"):
            calling.took(at_least=trial.timeout, at_most=trial.timeout)
    return max(found)


def check_listeners_share_a_port(lab: Lab) -> None:
    host = _host(lab, 2)
    for trial in trials(lab):
        with trial:
            port, callings = trial.listening(copies=2)
            messages = [lab.token() for _ in range(3)]
            for message in messages:
                trial.send(host, message, (BROADCAST, port))
            for calling in callings:
                _compare(lab, [(message, host.host) for message in messages], trial.result(calling))


def check_listen_binds_only_its_address(lab: Lab) -> None:
    host = _host(lab, 4)
    for trial in trials(lab):
        with trial:
            port, (calling,) = trial.listening("127.0.0.2")
            expected = []
            for target in ("127.0.0.1", "127.0.0.2", "127.0.0.3", BROADCAST, "127.0.0.2"):
                message = target.encode() + b" " + lab.token()
                trial.send(host, message, (target, port))
                if target == "127.0.0.2":
                    expected.append((message, host.host))
            value = trial.result(calling)
            if any(data not in dict(expected) for data in _data(value)):
                shown, got = lab.words.value(expected), lab.words.value(value)
                raise lab.fail("binds_wrong_address", expected=shown, received=got)
            _compare(lab, expected, value)


# -- discover --------------------------------------------------------------------------


def _compare_answers(lab: Lab, answers: dict[str, bytes], value: object) -> None:
    if value == {}:
        raise lab.fail("answers_unheard", expected=lab.words.value(answers), received="{}")
    _compare(lab, answers, value)


def check_discover_finds_every_responder(lab: Lab) -> None:
    hub = _hub(lab)
    others = [_host(lab, number) for number in (3, 4)]
    hosts = [_host(lab, 2, hub.port), *others, _host(lab, 5, hub.port)]
    for trial in trials(lab):
        with trial:
            hub.waiting()
            calling = trial.discover(hub.port)
            address = trial.asked(hub)
            answers = {host.host: lab.token() for host in hosts}
            for host in hosts:
                trial.send(host, answers[host.host], address)
            value = trial.result(calling)
            unheard = [host.host for host in others]
            if value == {host: data for host, data in answers.items() if host not in unheard}:
                shown, got = lab.words.value(answers), lab.words.value(value)
                raise lab.fail("answer_port_checked", expected=shown, received=got)
            _compare_answers(lab, answers, value)


def check_discover_keeps_first_answer(lab: Lab) -> None:
    hub = _hub(lab)
    hosts = [_host(lab, number, hub.port) for number in (2, 3, 4)]
    first, second, third = (host.host for host in hosts)
    for trial in trials(lab):
        with trial:
            hub.waiting()
            calling = trial.discover(hub.port)
            address = trial.asked(hub)
            answers = {first: lab.token(), second: b"", third: b""}
            later = b"later " + lab.token()
            for host, data in zip(
                [*hosts, *hosts[:2]], [*answers.values(), later, later], strict=True
            ):
                trial.send(host, data, address)
            value = trial.result(calling)
            kept = value.get(first) if isinstance(value, dict) else None
            names = {later: "last_answer_kept", answers[first]: "empty_datagram_ignored"}
            with lab.blame(result=names.get(kept, "") if isinstance(kept, bytes) else ""):
                _compare_answers(lab, answers, value)


def check_discover_hears_a_late_answer(lab: Lab) -> None:
    hub = _hub(lab)
    early, late = (_host(lab, number, hub.port) for number in (2, 3))
    for trial in trials(lab):
        with trial:
            hub.waiting()
            calling = trial.discover(hub.port)
            address = trial.asked(hub)
            answers = {early.host: lab.token(), late.host: lab.token()}
            trial.send(early, answers[early.host], address)
            trial.until(0.5)
            trial.send(late, answers[late.host], address)
            value = trial.result(calling)
            calling.took(at_least=trial.timeout)
            _compare_answers(lab, answers, value)


def check_discover_keeps_its_deadline(lab: Lab) -> None:
    hub = _hub(lab)
    chatty, other = (_host(lab, number, hub.port) for number in (2, 3))
    for trial in trials(lab):
        with trial:
            hub.waiting()
            calling = trial.discover(hub.port)
            address = trial.asked(hub)
            answers = {chatty.host: lab.token()}
            half = calling.call.started + trial.timeout / 2
            for _ in trial.drip(chatty, address, repeat(answers[chatty.host]), CHAT):
                if other.host not in answers and time.monotonic() >= half:
                    answers[other.host] = lab.token()
                    trial.send(other, answers[other.host], address)
            _ends_in_time(trial, calling, address[1])
            _compare_answers(lab, answers, calling.call.value)


def check_discover_uses_an_ephemeral_port(lab: Lab) -> None:
    hub = _hub(lab)
    host = _host(lab, 2, hub.port)
    addresses: list[Address] = []
    for trial in trials(lab, SHORT):
        with trial:
            process = lab.start()
            addresses = []
            for _ in range(3):
                hub.waiting()
                calling = trial.discover(hub.port, process)
                address = trial.asked(hub)
                if addresses and addresses[-1] != address:
                    trial.send(host, b"old " + lab.token(), addresses[-1])
                answer = lab.token()
                trial.send(host, answer, address)
                addresses.append(address)
                _compare_answers(lab, {host.host: answer}, trial.result(calling))
    # Two calls may be given the same port by chance.
    if len(set(addresses)) == 1:
        again = lab.say("same_port", port=addresses[0][1])
        raise lab.fail("fixed_port", expected=lab.say("other_port"), received=again)


# -- all three -------------------------------------------------------------------------


def check_sockets_are_closed(lab: Lab) -> None:
    hub = _hub(lab)
    free, taken = lab.free_port(), lab.datagrams("0.0.0.0", lab.free_port()).port
    process: LearnerProcess | None = None
    calls: list[tuple[bool, str, tuple[object, ...]]] = [
        (True, "announce", (lab.token(), BROADCAST, hub.port)),
        (False, "announce", (bytes(MAX_DATAGRAM + 1), BROADCAST, hub.port)),
        (True, "listen", (free, SHORT)),
        (False, "listen", (taken, SHORT)),
        (False, "listen", (free, SHORT, "192.0.2.1")),
        (True, "discover", (BROADCAST, hub.port, SHORT)),
        (False, "discover", (BROADCAST, 0, SHORT)),
    ]
    endless: list[CheckFailed] = []
    for succeeds, function, arguments in calls:
        process = process or lab.start()
        calling = lab.call(function, *arguments, process=process)
        failure = unended(lab, calling)
        if failure:
            endless.append(failure)
            process = None
            continue
        if succeeds and calling.call.raised:
            with _refusals(calling):
                raise raised_failure(calling.call.raised)
        calling.closed_everything()
    if len(endless) == len(calls):
        raise endless[0]
