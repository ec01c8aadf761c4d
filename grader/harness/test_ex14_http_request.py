"""Hidden checks of ex14: HTTP/1.1 by hand.

One learner process serves all calls of a check.  Each call has a listener of its own, so
that a connection can't be taken for another call's.  Where a case does not say that the
peer holds the connection, it closes: who waits for that is found by one check alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from grader.harness import http_cases
from grader.harness.by_hand import library_used
from grader.harness.calls import Calling
from grader.harness.contracts import Turn, expect_timeout, turns, unended
from grader.harness.http_cases import Answer
from grader.harness.lab import Lab
from grader.learner import watch
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.learner.waiting import SPIN_CPU
from grader.model import Location
from grader.peers.listener import Listener
from grader.peers.stream import StreamPeer
from grader.peers.words import Data
from grader.texts import text
from grader.wire.http import MAX_HEAD, ProtocolError, Request, parse_request

BIG = 16 << 20
PIECE = 1 << 18
PATIENCE = 60.0
LONG = 20.0
TIMEOUT = 0.3
ATTRIBUTES = ["status", "reason", "headers", "body"]
WAITS = ("stuck", "sleeping", "silent")
_WRONG = ("cut", "extra", "mismatch")
_DOUBLED = ("repeated_host", "repeated_length")


def _waiting(diagnosis: str) -> dict[str, str]:
    return dict.fromkeys(WAITS, diagnosis)


# -- one request ------------------------------------------------------------------------


class Client:
    """The learner's ``request``, called again and again in one process."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._process: LearnerProcess | None = None

    def call(
        self,
        listener: Listener,
        method: str = "GET",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        body: Data = b"",
        timeout: float = LONG,
        host: str = "",
    ) -> Calling:
        """Begin a call."""
        given = None if headers is None else dict(headers)
        self._process = self._process or self.lab.start()
        return self.lab.call(
            "request",
            *(method, host or listener.host, listener.port, path, given, body, timeout),
            process=self._process,
            attributes=ATTRIBUTES,
        )

    def ask(self, method: str = "GET", timeout: float = LONG) -> tuple[Calling, StreamPeer]:
        """Begin a call and take its request, whatever it is."""
        listener = self.lab.listener()
        calling = self.call(listener, method, timeout=timeout)
        peer = listener.accept()
        _take_request(self.lab, peer)
        return calling, peer

    def unended(self, calling: Calling) -> CheckFailed | None:
        """Wait for the end of a call (see there); the next one gets a new process if need be."""
        failure = unended(self.lab, calling)
        if failure:
            self._process = None
        return failure

    def reads(self, answer: Answer, *, hold: bool = False) -> None:
        """The learner's code reads ``answer``; afterwards the peer closes, or holds on."""
        calling, peer = self.ask(answer.method)
        _pour(peer, answer.data)
        if not hold:
            peer.half_close()
        with self.lab.blame(**({} if hold else {"spinning": "empty_recv_ignored"})):
            _expect(self.lab, calling, answer)
        peer.close()

    def answered(self, data: bytes, *, hold: bool = False, timeout: float = LONG) -> Calling:
        """Return a call that was answered with ``data``."""
        calling, peer = self.ask(timeout=timeout)
        _pour(peer, data)
        if not hold:
            peer.half_close()
        return calling


def _take_request(
    lab: Lab,
    peer: StreamPeer,
    cut_body: str = "malformed_request",
    doubled: str = "malformed_request",
) -> Request:
    """Read one whole request, as strictly as a server may.

    ``cut_body`` and ``doubled`` are the diagnoses for a body that is shorter than its length
    says, and for a header that may come once and came twice.
    """
    received = bytearray()
    while True:
        try:
            request = parse_request(received)
        except ProtocolError as error:
            diagnosis = doubled if error.reason in _DOUBLED else "malformed_request"
            raise _malformed(lab, error.reason, received, diagnosis) from None
        if request is not None:
            return request
        try:
            piece = peer.read(PIECE)
        except CheckFailed as failure:
            if failure.kind in WAITS:
                head_has_come = b"\r\n\r\n" in received[:MAX_HEAD]
                reason = "cut_body" if head_has_come else "cut_head"
                found = _malformed(lab, reason, received)
                failure.expected, failure.received = found.expected, found.received
                diagnosis = cut_body if head_has_come else "malformed_request"
                failure.values["diagnosis"] = diagnosis
            raise
        if not piece:
            raise lab.waiter.explained(
                CheckFailed("short", received=lab.words.data(bytes(received)))
            )
        received += piece


def _malformed(
    lab: Lab, reason: str, received: bytearray, diagnosis: str = "malformed_request"
) -> CheckFailed:
    language = lab.words.language
    seen = text(f"http.{reason}", language)
    shown = lab.words.data(bytes(received[:MAX_HEAD]), limit=160)
    return lab.fail(
        diagnosis,
        expected=text("http.well_formed", language),
        received=text("http.fault", language, fault=seen, request=shown),
    )


def _pour(peer: StreamPeer, data: bytes) -> None:
    """Send what the learner's code will take: it may hang up when it has seen enough.

    What its call comes to is judged next, and says more than a connection that broke.
    """
    with contextlib.suppress(CheckFailed):
        peer.send(data)


def _expect(lab: Lab, calling: Calling, answer: Answer) -> None:
    """The call returns what ``answer`` means."""
    found = calling.returns()
    if not isinstance(found, dict):
        raise CheckFailed("returned_none", expected=", ".join(ATTRIBUTES), received="None")
    if set(found) != set(ATTRIBUTES):  # forged: the runner sends exactly these
        raise CheckFailed("result", ", ".join(ATTRIBUTES), lab.words.value(found))
    if isinstance(found["headers"], dict):
        found["headers"] = {
            name: value
            for name, value in found["headers"].items()
            if name not in answer.trailers or name in answer.headers
        }
    for name in ATTRIBUTES:
        wanted, got = getattr(answer, name), found[name]
        if type(got) is type(wanted) and got == wanted:
            continue
        if name == "reason" and isinstance(got, str) and got and got in wanted:
            raise lab.fail("reason_cut", lab.words.value(wanted), lab.words.value(got))
        if name == "body" and isinstance(got, bytes):
            raise _wrong_body(lab, answer, got)
        raise CheckFailed(
            "result",
            expected=f"{name} = {lab.words.value(wanted)}",
            received=f"{name} = {lab.words.value(got)}",
        )


def _wrong_body(lab: Lab, answer: Answer, body: bytes) -> CheckFailed:
    shown, got = lab.words.difference(answer.body, body)
    if body == answer.raw_body and "transfer-encoding" in answer.headers:
        return lab.fail("chunked_ignored", expected=shown, received=got)
    kind = "cut" if answer.body.startswith(body) else "mismatch"
    if kind == "cut" and answer.body[len(body) :].startswith(http_cases.CRLF):
        return lab.fail("data_taken_for_end", expected=shown, received=got)
    if kind == "cut" and body and answer.ends_with_connection:
        return lab.fail("one_recv_assumed", expected=shown, received=got)
    kind = "extra" if body.startswith(answer.body) else kind
    return CheckFailed(kind, expected=shown, received=got)


# -- sending ----------------------------------------------------------------------------


def _sends(
    lab: Lab,
    client: Client,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: Data = b"",
    timeout: float = LONG,
    **diagnoses: str,
) -> tuple[Request, str]:
    """The learner's code sends this request and no byte more; return it, and host:port.

    ``diagnoses`` are those of ``_take_request``.
    """
    listener = lab.listener()
    calling = client.call(listener, method, path, headers, body, timeout)
    peer = listener.accept()
    request = _take_request(lab, peer, **diagnoses)
    first = f"{request.method} {request.target} {request.version}"
    _same(lab, "malformed_request", f"{method} {path} HTTP/1.1", first)
    if request.body != body:
        _has_length(lab, request, body)  # else that is why
        raise CheckFailed("mismatch", *lab.words.difference(body, request.body))
    answer = http_cases.sized(lab.token())
    _pour(peer, answer.data)
    peer.half_close()
    _expect(lab, calling, answer)
    rest = request.rest
    with contextlib.suppress(CheckFailed):
        rest = rest or peer.read(bound=0.0)
    if rest:
        raise CheckFailed("extra", lab.words.data(b""), lab.words.data(rest))
    return request, f"{listener.host}:{listener.port}"


def _same(lab: Lab, diagnosis: str, expected: str, received: str) -> None:
    if expected != received:
        raise lab.fail(diagnosis, lab.words.value(expected), lab.words.value(received))


def _has_length(lab: Lab, request: Request, body: Data) -> None:
    """The request says how many bytes its body has."""
    _has(lab, request, "Content-Length", str(len(body)), wrong="wrong_content_length")


def _has(
    lab: Lab, request: Request, name: str, *values: str, wrong: str = "malformed_request"
) -> None:
    """The request has a header ``name`` exactly once, with one of the values."""
    found = request.values(name)
    if len(found) == 1 and found[0] in values:
        return
    raise lab.fail(
        wrong if len(found) < 2 else "header_case",
        expected=f"{name}: {values[0]}",
        received=" / ".join(f"{name}: {value}" for value in found)
        or text("http.no_such_header", lab.words.language, name=name),
    )


def check_sends_a_well_formed_request(lab: Lab) -> None:
    client = Client(lab)
    one, two = lab.token().decode(), lab.token().decode()
    requests: list[tuple[str, str, dict[str, str] | None]] = [
        ("GET", f"/{one}?q={two}&n=1", None),
        ("GET", "/", {f"X-{one}": f'a {two}; b="c:d"', "Accept": "text/plain"}),
        ("DELETE", f"/a/{one}/{two}.html", {}),
    ]
    for method, path, headers in requests:
        request, address = _sends(lab, client, method, path, headers)
        _has(lab, request, "Host", address)
        _has(lab, request, "Connection", "close", "Close")
        for name, value in (headers or {}).items():
            _has(lab, request, name, value)


def check_sends_the_whole_body_and_its_length(lab: Lab) -> None:
    client = Client(lab)
    for method, body, cut in (
        ("POST", "你好".encode() + lab.token(), "wrong_content_length"),
        ("PATCH", lab.payload(300) + b"\r\n\r\n", "wrong_content_length"),
        ("PUT", lab.big_payload(BIG), "send_result_ignored"),
    ):
        request, _ = _sends(lab, client, method, "/up", None, body, PATIENCE, cut_body=cut)
        _has_length(lab, request, body)


def check_lets_the_caller_override_headers(lab: Lab) -> None:
    client = Client(lab)
    site, word = f"{lab.token().decode()}.example", lab.token().decode()
    given = {"HOST": site, "connection": "keep-alive", "x-a": word}
    request, _ = _sends(lab, client, "GET", "/", given, doubled="header_case")
    for name, value in given.items():
        _has(lab, request, name, value)
    given = {"content-length": "7"}
    request, _ = _sends(lab, client, "POST", "/", given, lab.token(7), doubled="header_case")
    _has(lab, request, "Content-Length", "7")


def check_refuses_line_breaks(lab: Lab) -> None:
    client = Client(lab)
    for line_break in ("\r\n", "\n", "\r"):
        for tail in (f"X-Evil: {lab.token().decode()}", ""):
            evil = line_break + tail
            _refuses(lab, client, method="GET" + evil)
            _refuses(lab, client, path="/" + evil)
            _refuses(lab, client, headers={"X-A" + evil: "b"})
            _refuses(lab, client, headers={"X-A": "b" + evil})
            _refuses(lab, client, host="127.0.0.1" + evil)
            _refuses(lab, client, host="127.0.0.1" + evil, headers={"Host": "study.example"})


def _refuses(
    lab: Lab,
    client: Client,
    method: str = "GET",
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    host: str = "",
) -> None:
    listener = lab.listener()
    calling = client.call(listener, method, path, headers, host=host)
    with lab.blame(no_exception="injection_accepted", **_waiting("injection_accepted")):
        calling.raises("ValueError")
    sent = _sent(listener)
    if sent:
        raise lab.fail("injection_accepted", lab.words.data(b""), lab.words.data(sent))
    listener.close()


def _sent(listener: Listener) -> bytes:
    """Return what has come over a connection that nobody should need, without waiting."""
    sent = b""
    with contextlib.suppress(CheckFailed):
        peer = listener.accept(bound=0.0)
        while piece := peer.read(bound=0.0):
            sent += piece
    return sent


# -- reading ----------------------------------------------------------------------------


def check_reads_a_body_by_its_length(lab: Lab) -> None:
    client = Client(lab)
    ignored = dict.fromkeys(("cut", "extra"), "content_length_ignored")
    with lab.blame(**ignored, **_waiting("waits_for_more")):
        for answer in http_cases.by_length(lab.random):
            client.reads(answer)


def check_reads_a_chunked_body(lab: Lab) -> None:
    client = Client(lab)
    ignored = dict.fromkeys(_WRONG, "chunked_ignored")
    with lab.blame(**ignored, **_waiting("waits_for_more")):
        for answer in http_cases.in_chunks(lab.random):
            client.reads(answer)


def check_reads_chunk_extensions_and_trailers(lab: Lab) -> None:
    client = Client(lab)
    with lab.blame(**dict.fromkeys(_WRONG, "chunked_ignored"), **_waiting("waits_for_more")):
        for answer in http_cases.with_extensions(lab.random):
            # What is unusual is in the trailers, or in the lines with a size.
            sizes = () if answer.trailers else ("raised", *_WRONG)
            with lab.blame(**dict.fromkeys(sizes, "chunk_size_misread")):
                client.reads(answer)


def check_reads_until_the_close(lab: Lab) -> None:
    client = Client(lab)
    with lab.blame(**_waiting("empty_recv_ignored")):
        for answer in http_cases.until_close(lab.random):
            client.reads(answer)


def check_expects_no_body(lab: Lab) -> None:
    client = Client(lab)
    with lab.blame(**_waiting("waits_for_more")):
        for answer in http_cases.without_body(lab.random):
            client.reads(answer, hold=True)


def check_skips_interim_answers(lab: Lab) -> None:
    client = Client(lab)
    with lab.blame(result="interim_answer_returned"):
        for interim in http_cases.INTERIM:
            answer = http_cases.sized(lab.token(), "X-A: 1")
            client.reads(answer.led_by(interim))
            calling, peer = client.ask()
            peer.send_pieces([interim, answer.data])
            peer.half_close()
            _expect(lab, calling, answer)
            peer.close()


def check_stops_at_the_end_of_the_answer(lab: Lab) -> None:
    client = Client(lab)
    with lab.blame(**_waiting("reads_until_close")):
        for answer in http_cases.whole(lab.random):
            client.reads(answer, hold=True)
    with lab.blame(**_waiting("header_case")):
        for answer in http_cases.whole_in_other_case(lab.random):
            client.reads(answer, hold=True)


def check_accepts_any_pieces(lab: Lab) -> None:
    client = Client(lab)
    answers = [
        http_cases.sized(b"12345" + lab.token(20), "X-A: 1"),
        http_cases.chunked([lab.token(26), lab.token(3)], trailers=["X-T: 1"]),
    ]
    for answer in answers:
        client.reads(answer)  # whole: what goes wrong only in pieces is their doing
        for offsets in http_cases.cuts(answer.data, lab.random):
            calling, peer = client.ask()
            with lab.blame(any="one_recv_assumed"):
                with contextlib.suppress(CheckFailed):
                    peer.send_split(answer.data, *offsets)
                peer.half_close()
                _expect(lab, calling, answer)
            peer.close()


def check_reads_unusual_heads(lab: Lab) -> None:
    client = Client(lab)
    for answer in http_cases.unusual_heads(lab.random):
        with lab.blame(**({"result": "repeated_header_lost"} if "via" in answer.headers else {})):
            client.reads(answer)


# -- when it goes wrong -----------------------------------------------------------------


def check_refuses_short_answers(lab: Lab) -> None:
    client = Client(lab)
    with lab.blame(
        no_exception="partial_returned",
        spinning="empty_recv_ignored",
        **_waiting("empty_recv_ignored"),
    ):
        for data in http_cases.short(lab.random):
            calling = client.answered(data)
            calling.raises("ConnectionError")
            calling.at_once()
        calling, peer = client.ask()
        # Only when the bytes have been read is it certain that nothing else is being done.
        peer.send_pieces([http_cases.bare(http_cases.OK, [], lab.token()).data])
        peer.reset()
        calling.raises("ConnectionError")


def check_refuses_nonsense(lab: Lab) -> None:
    client = Client(lab)
    with lab.blame(no_exception="nonsense_accepted"):
        for data in http_cases.nonsense(lab.random):
            client.answered(data).raises("ValueError")


def check_limits_the_head(lab: Lab) -> None:
    client = Client(lab)
    too_long = dict.fromkeys((*WAITS, "spinning", "no_exception"), "head_without_limit")
    with lab.blame(**too_long):
        for data in http_cases.huge_heads(lab.random):
            # Its own timeout is out of the way: who waits for more is found at once.
            client.answered(data, hold=True, timeout=PATIENCE).raises("ValueError", bound=LONG)
    with lab.blame(raised="long_head_refused"):
        client.reads(http_cases.long_head(lab.random))


def check_raises_timeout_error(lab: Lab) -> None:
    # Side by side, each in a process of its own: they all wait at the same time.  The peer that
    # has fallen silent may be one that takes no more of the request.
    listener = lab.listener()
    big = Client(lab).call(listener, "PUT", body=lab.big_payload(BIG), timeout=TIMEOUT)
    listener.accept()
    with lab.blame(no_exception="partial_returned"):
        for turn in turns(lab, TIMEOUT):
            calls = []
            for data in http_cases.unfinished(lab.random):
                calls.append(Client(lab).answered(data, hold=True, timeout=turn.timeout))
                turn.acted(calls[-1])
            for calling in calls:
                expect_timeout(lab, calling, turn.timeout)
    expect_timeout(lab, big, TIMEOUT)
    if watch.supported:
        lab.expect_idle(Client(lab).answered(http_cases.OK.encode(), hold=True).process)


def check_reports_a_failed_connection(lab: Lab) -> None:
    client = Client(lab)
    client.call(lab.listener(listen=False)).raises("ConnectionRefusedError")
    listener = lab.listener(listen=False)
    listener.fill_backlog()
    lab.transcript.add("peer", "note", note=lab.say("nobody_accepts"))
    expect_timeout(lab, client.call(listener, timeout=TIMEOUT), TIMEOUT)


def check_closes_its_socket(lab: Lab) -> None:
    client, token = Client(lab), lab.token(9)
    sized, endless = http_cases.sized(token).data, b"v" * http_cases.HUGE
    until_close = http_cases.bare(http_cases.OK, [], token).data
    ends: list[CheckFailed | None] = []
    for data, end in (
        (sized, "hold"),
        (http_cases.chunked([token]).data, "hold"),
        (http_cases.bare("HTTP/1.1 204 Nothing").data, "hold"),
        (until_close, "close"),
        (until_close, "reset"),
        (sized[:-3], "close"),
        (sized[:-3], "hold"),
        (sized.replace(b"9", b"x", 1), "hold"),
        (b"ICY 200 OK\r\n\r\n", "hold"),
        (endless, "hold"),
    ):
        for turn in turns(lab, TIMEOUT):
            ends.append(_closes(lab, client, data, end, turn))
    for listener, method in ((lab.listener(listen=False), "GET"), (lab.listener(), "GET\n")):
        calling = client.call(listener, method, timeout=TIMEOUT)
        ends.append(client.unended(calling))
        if not ends[-1]:
            calling.closed_everything()
    failures = [failure for failure in ends if failure]
    if len(failures) == len(ends):
        raise failures[0]


def _closes(lab: Lab, client: Client, data: bytes, end: str, turn: Turn) -> CheckFailed | None:
    """An answer comes, then its end (or none); whatever the call makes of it, nothing is left."""
    # Who asks again and again until the time is up is another check's business.
    lab.waiter.spin_cpu = turn.timeout + SPIN_CPU
    calling, peer = client.ask(timeout=turn.timeout)
    _pour(peer, data)
    if end == "close":
        peer.half_close()
    if end == "reset":
        peer.drained()
        peer.reset()
    turn.acted(calling)
    failure = client.unended(calling)
    if not failure:
        calling.closed_everything()
        if not peer.closed:
            with lab.blame(any="descriptor_leak", extra="extra_bytes"):
                peer.expect_end()
    peer.close()
    return failure


# -- by hand ----------------------------------------------------------------------------


def check_is_written_by_hand(lab: Lab) -> None:
    use = library_used(lab.source, "request")
    if use is not None:
        failure = lab.fail("library_used", received=use.name)
        failure.location = Location(line=use.line)
        raise failure
    # A function that sends nothing has not been written by hand, either.
    Client(lab).reads(http_cases.sized(lab.token()))
