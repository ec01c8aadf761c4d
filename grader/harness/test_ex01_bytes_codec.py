"""Hidden checks of ex01: text and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.harness.calls import Calling
from grader.harness.contracts import TOO_LONG, each_as_if_first, turns
from grader.harness.lab import Lab
from grader.learner import watch
from grader.learner.failure import CheckFailed
from grader.learner.process import LearnerProcess
from grader.peers.stream import StreamPeer, pieces_of

WHOLE = "receive_text"
STREAM = "receive_text_stream"
LITTLE, BIG = b"\xff\xfe", b"\xfe\xff"
TIMEOUT = 0.2
PATIENCE = 20.0
_SOON = 0.3
_MOST_PIECES = 5000
_LONE = "\ud800"  # half of a surrogate pair: no encoding has it
_DECODE_ERROR = "builtins.UnicodeDecodeError"


def _without_controls(first: int, end: int) -> list[int]:
    """Return code points none of whose bytes is an ASCII space, line end or other control.

    What is made of those is for other checks to find, and not only now and then.
    """
    controls = {*range(0x21), 0x7F}  # only UTF-16 has them inside of other characters
    return [
        code for code in range(first, end) if controls.isdisjoint(chr(code).encode("utf-16-be"))
    ]


_CHINESE = _without_controls(0x4E00, 0x9FA6)
_EMOJI = _without_controls(0x1F600, 0x1F650)


# -- texts: each with random characters, so that none can be written into the code -----------


def _letters(lab: Lab, count: int = 3) -> str:
    return lab.token(count).decode("ascii")


def _accented(lab: Lab) -> str:
    """Return a letter of two bytes in UTF-8."""
    return lab.random.choice("àáâäçèéêëìíîïñòóôöùúûü")


def _chinese(lab: Lab, count: int = 1) -> str:
    """Return characters of three bytes in UTF-8, two in GBK (which has all of this block)."""
    return "".join(chr(lab.random.choice(_CHINESE)) for _ in range(count))


def _emoji(lab: Lab) -> str:
    """Return a character of four bytes in UTF-8 and in UTF-16; GBK has none."""
    return chr(lab.random.choice(_EMOJI))


def _mixed(lab: Lab) -> str:
    return _letters(lab, 1) + _chinese(lab) + _emoji(lab) + _accented(lab)


def _little(text: str) -> bytes:
    return LITTLE + text.encode("utf-16-le")


def _big(text: str) -> bytes:
    return BIG + text.encode("utf-16-be")


def _scripts(lab: Lab) -> list[tuple[str, str, bytes]]:
    """Return encodings ("": left out, so the default), texts and their bytes; UTF-16 last."""
    mixed, two_bytes, wide = _mixed(lab), _letters(lab, 1) + _chinese(lab, 2), _mixed(lab)
    return [
        ("", mixed, mixed.encode()),
        ("gbk", two_bytes, two_bytes.encode("gbk")),
        ("utf-16", wide, _little(wide)),
        ("utf-16", wide, _big(wide)),
    ]


def _cut_at_the_end(lab: Lab) -> list[tuple[str, str, bytes]]:
    """Return encodings, whole characters, and their bytes with a part of one more character."""
    text, one = _letters(lab) + _chinese(lab), _chinese(lab)
    return [
        ("utf-8", text, (text + one).encode()[:-1]),
        ("utf-8", text, (text + _emoji(lab)).encode()[:-2]),
        ("gbk", text, (text + one).encode("gbk")[:-1]),
        ("utf-16", text, _little(text + one)[:-1]),
        ("utf-16", text, _big(text + one)[:-1]),
    ]


def _invalid(lab: Lab) -> list[tuple[str, bytes]]:
    """Return encodings and bytes that no further byte can mend."""
    before, after = lab.token(), lab.token()
    lone = "\udc00".encode("utf-16-le", "surrogatepass")
    return [
        ("utf-8", before + b"\xff" + after),
        ("utf-8", b"\x80" + after),
        ("gbk", before + b"\xff\xff" + after),
        ("ascii", before + b"\x80" + after),
        ("utf-16", _little(before.decode()) + lone + after.decode().encode("utf-16-le")),
    ]


def _named(encoding: str) -> tuple[str, ...]:
    return (encoding,) if encoding else ()


# -- what the peer and the judge do ------------------------------------------------------


def _begin(
    lab: Lab,
    function: str,
    encoding: str,
    process: LearnerProcess,
    *,
    timeout: float | None = None,
    take: int | None = None,
) -> tuple[Calling, StreamPeer]:
    """Hand a connected socket to one of the receiving functions; return the peer's end, too."""
    argument, listener = lab.handed(timeout)
    mode = "iterate" if function == STREAM else "plain"
    calling = lab.call(function, argument, *_named(encoding), process=process, mode=mode, take=take)
    peer = listener.accept()
    return calling, peer


def _hear(
    lab: Lab,
    function: str,
    encoding: str,
    segments: Sequence[bytes],
    process: LearnerProcess,
    *,
    timeout: float | None = None,
    take: int | None = None,
) -> Calling:
    """Send each segment when the one before it was taken, close, and wait for the call's end."""
    calling, peer = _begin(lab, function, encoding, process, timeout=timeout, take=take)
    peer.send_pieces(segments[:-1])
    for last in segments[-1:]:
        peer.send(last)
    peer.half_close()
    _await_end(lab, calling)
    peer.close()
    return calling


def _await_end(lab: Lab, calling: Calling) -> None:
    """Wait for the end of a call whose peer has closed."""
    with lab.blame(
        spinning="empty_recv_ignored",
        stuck="empty_recv_ignored",
        sleeping="empty_recv_ignored",
        silent="empty_recv_ignored",
    ):
        lab.waiter.until(done=lambda: calling.call.finished or _endless(calling))
        if _endless(calling):
            raise CheckFailed("spinning", stuck=True)


def _endless(calling: Calling) -> bool:
    return len(calling.call.items) > _MOST_PIECES


def _joined(lab: Lab, calling: Calling) -> str:
    """Return what an iterator has yielded so far, as one text."""
    pieces = []
    for item in calling.call.items:
        if not isinstance(item, str):
            raise CheckFailed("result", received=lab.words.value(item))
        pieces.append(item)
    return "".join(pieces)


def _result(lab: Lab, calling: Calling, undecoded: str = "") -> object:
    """Return the finished call's text; ``undecoded`` is the diagnosis of a UnicodeDecodeError."""
    try:
        value = calling.returns()
    except CheckFailed as failure:
        raised = calling.call.raised
        if undecoded and raised is not None and raised.is_a(_DECODE_ERROR):
            failure.values["diagnosis"] = undecoded
        raise
    if value is None:
        raise CheckFailed("returned_none", received="None")
    return _joined(lab, calling) if calling.call.target == STREAM else value


def _expect_text(lab: Lab, calling: Calling, expected: str, undecoded: str = "") -> None:
    """Check the finished call's text; ``cut`` where it is only the beginning of what was due."""
    try:
        _compare(lab, expected, _result(lab, calling, undecoded))
    except CheckFailed as failure:
        failure.expected = failure.expected or lab.words.value(expected)
        raise


def _compare(lab: Lab, expected: str, got: object) -> None:
    if got == expected:
        return
    cut = isinstance(got, str) and expected.startswith(got)
    words = lab.words
    raise CheckFailed(
        "cut" if cut else "result", expected=words.value(expected), received=words.value(got)
    )


def _expect_decode_error(lab: Lab, calling: Calling, accepted: str) -> None:
    """Check that the finished call raised; ``accepted`` is the diagnosis where it did not."""
    with lab.blame(no_exception=accepted):
        _expect_raised(lab, calling, "UnicodeDecodeError")


def _expect_raised(lab: Lab, calling: Calling, name: str, bound: float | None = None) -> None:
    """Wait for an exception; what an iterator gave instead of it is its text."""
    try:
        calling.raises(name, bound=bound)
    except CheckFailed as failure:
        if failure.kind == "no_exception" and calling.call.target == STREAM:
            items = calling.call.items
            whole = all(isinstance(item, str) for item in items)
            text = lab.words.value(_joined(lab, calling) if whole else items)
            failure.received = lab.say("returned", value=text)
        raise


def _await_text(lab: Lab, calling: Calling, expected: str) -> None:
    """Wait until the iterator has yielded ``expected``, while the connection is open."""
    try:
        waits = dict.fromkeys(("stuck", "silent", "sleeping"), "waits_for_more")
        with lab.blame(ended="one_recv_assumed", **waits):
            lab.waiter.until(
                done=lambda: len(_joined(lab, calling)) >= len(expected) or _endless(calling)
            )
    except CheckFailed as failure:
        failure.expected = failure.expected or lab.words.value(expected)
        raised = calling.call.raised
        if raised is not None and raised.is_a(_DECODE_ERROR):
            failure.values["diagnosis"] = "decoded_per_chunk"
        elif raised is None:
            so_far = _joined(lab, calling)
            shown = lab.words.value(so_far) if so_far else lab.say("nothing_handed_out")
            failure.received = failure.received or shown
        raise
    _compare(lab, expected, _joined(lab, calling))


def _hang_up(lab: Lab, calling: Calling, peer: StreamPeer) -> None:
    """Close; where the call does not end then, whatever it comes to, its process has to."""
    peer.close()
    if not peer.pause(_SOON, lambda: calling.finished):
        lab.stop(calling.process)


def _splits(data: bytes) -> list[Sequence[bytes]]:
    """Cut ``data`` in two at every offset, the first one first; then into single bytes."""
    halves: list[Sequence[bytes]] = [(data[:at], data[at:]) for at in range(1, len(data))]
    return [*halves, pieces_of(data, [1])]


# -- encode_text and decode_text ---------------------------------------------------------


def _encodes(calling: Calling, text: str, expected: bytes) -> None:
    """The call gives ``expected``; UTF-8 instead of it shows that the encoding had no say."""
    try:
        calling.gives(expected)
    except CheckFailed as failure:
        if failure.kind in ("mismatch", "cut"):
            ignored = calling.call.value == text.encode()
            failure.values["diagnosis"] = "encoding_ignored" if ignored else "wrong_bytes"
        failure.expected = failure.expected or calling.lab.words.value(expected)
        raise


def _decodes(calling: Calling, data: bytes, text: str) -> None:
    """The call gives ``text``, which ``data`` is in the encoding that was asked for."""
    try:
        calling.gives(text)
    except CheckFailed as failure:
        raised = calling.call.raised
        if raised is not None and raised.is_a(_DECODE_ERROR):
            failure.values["diagnosis"] = "encoding_ignored"  # there is nothing else wrong with it
        elif failure.kind == "result":
            failure.values["diagnosis"] = _name_change(data, text, calling.call.value)
        failure.expected = failure.expected or calling.lab.words.value(text)
        raise


def _name_change(data: bytes, text: str, got: object) -> str:
    """Return the diagnosis of a text that came out as another one."""
    translated = text.replace("\r\n", "\n").replace("\r", "\n")
    changes = {
        str(data): "bytes_shown",
        translated: "line_ends_translated",
        text.removeprefix("\ufeff"): "byte_order_mark_dropped",
    }
    return changes.get(got, "wrong_result") if isinstance(got, str) else "wrong_result"


def _fails(calling: Calling, name: str, given: str | bytes, accepted: str) -> None:
    """The call raises; what it returned instead shows why it did not (``accepted``: or so)."""
    try:
        calling.raises(name)
    except CheckFailed as failure:
        if failure.kind == "no_exception":
            value = calling.call.value
            if isinstance(given, bytes) and value == str(given):
                accepted = "bytes_shown"
            elif isinstance(given, str) and value == given.encode("utf-8", "replace"):
                accepted = accepted if _LONE in given else "encoding_ignored"
            failure.values["diagnosis"] = accepted
        raise


def check_encode_text_writes_every_script(lab: Lab) -> None:
    process = lab.start()
    letters, mixed = _letters(lab, 8), _mixed(lab)
    cases = [(encoding, text) for encoding, text, _ in _scripts(lab)[:2]]
    cases += [("", letters), ("ascii", letters), ("utf-8", mixed), ("utf-16-be", mixed), ("", "")]
    for encoding, text in cases:
        calling = lab.call("encode_text", text, *_named(encoding), process=process)
        _encodes(calling, text, text.encode(encoding or "utf-8"))
    calling = lab.call("encode_text", mixed, "utf-16", process=process)
    if calling.returns() != _big(mixed):
        _encodes(calling, mixed, _little(mixed))


def check_decode_text_reads_every_script(lab: Lab) -> None:
    process = lab.start()
    letters, mixed = _letters(lab, 8), _mixed(lab)
    cases = [("", letters, letters.encode()), ("ascii", letters, letters.encode()), *_scripts(lab)]
    cases += [("utf-8", mixed, mixed.encode()), ("utf-16-be", mixed, mixed.encode("utf-16-be"))]
    cases += [("", "", b""), ("gbk", "", b""), ("utf-16", "", b"")]
    for encoding, text, data in cases:
        calling = lab.call("decode_text", data, *_named(encoding), process=process)
        _decodes(calling, data, text)


def check_codec_functions_are_strict(lab: Lab) -> None:
    process = lab.start()
    letters = _letters(lab)
    texts = [(_emoji(lab), "gbk"), (_chinese(lab), "ascii"), (_LONE, "utf-8")]
    for odd, encoding in texts:
        text = letters + odd + letters
        calling = lab.call("encode_text", text, encoding, process=process)
        _fails(calling, "UnicodeEncodeError", text, "codec_errors_hidden")
    cut = [(encoding, data) for encoding, _, data in _cut_at_the_end(lab)]
    for encoding, data in [*_invalid(lab), *cut]:
        calling = lab.call("decode_text", data, encoding, process=process)
        _fails(calling, "UnicodeDecodeError", data, "codec_errors_hidden")


# -- receive_text ------------------------------------------------------------------------


def check_receive_text_reads_until_close(lab: Lab) -> None:
    process = lab.start()
    lab.waiter.bound = PATIENCE
    # A line's end, or an empty line, is not the text's.
    lines = [_letters(lab) + "\n", _chinese(lab, 2) + "\n\n", _letters(lab) + _emoji(lab)]
    gbk = [_letters(lab) + "\n", _chinese(lab, 2)]
    for encoding, parts in (("utf-8", [_letters(lab), *lines]), ("gbk", gbk)):
        text, pieces = "".join(parts), [part.encode(encoding) for part in parts]
        calling = _hear(lab, WHOLE, encoding, pieces, process)
        value = calling.call.value
        at_line_end = isinstance(value, str) and value.endswith("\n")
        cut = "data_taken_for_end" if at_line_end else "one_recv_assumed"
        with lab.blame(cut=cut, result=_name_change(b"".join(pieces), text, value)):
            # UTF-8 has gone well by then: GBK that does not was taken for it.
            _expect_text(lab, calling, text, "encoding_ignored" if encoding == "gbk" else "")
    much = lab.payload(50_000).hex()
    with lab.blame(cut="one_recv_assumed"):
        _expect_text(lab, _hear(lab, WHOLE, "", [much.encode()], process), much)


def check_receive_text_joins_split_characters(lab: Lab) -> None:
    process = lab.start()
    with lab.blame(cut="one_recv_assumed"):
        for encoding, text, data in _scripts(lab):
            for segments in _splits(data):
                calling = _hear(lab, WHOLE, encoding, segments, process)
                _expect_text(lab, calling, text, "decoded_per_chunk")


def check_receive_text_refuses_a_broken_end(lab: Lab) -> None:
    _refuses_a_broken_end(lab, WHOLE)


def _refuses_a_broken_end(lab: Lab, function: str) -> None:
    process = lab.start()
    # Invalid bytes first: who lets those pass lets a cut character pass for the same reason.
    for encoding, data in _invalid(lab):
        calling = _hear(lab, function, encoding, [data], process)
        _expect_decode_error(lab, calling, "codec_errors_hidden")
    for encoding, _, data in _cut_at_the_end(lab):
        calling = _hear(lab, function, encoding, [data], process)
        _expect_decode_error(lab, calling, "partial_returned")


def check_nothing_sent_gives_no_text(lab: Lab) -> None:
    process = lab.start()
    for encoding in ("", "gbk", "utf-16"):
        _expect_text(lab, _hear(lab, WHOLE, encoding, [], process), "")
        calling = _hear(lab, STREAM, encoding, [], process)
        _expect_text(lab, calling, "")
        _no_empty_piece(lab, calling)


# -- receive_text_stream -----------------------------------------------------------------


def check_stream_yields_text_before_close(lab: Lab) -> None:
    utf_8 = [_letters(lab) + "\n", _chinese(lab), _letters(lab, 1) + _chinese(lab), _emoji(lab)]
    gbk = [_letters(lab), _chinese(lab), _letters(lab, 1) + _chinese(lab), _letters(lab, 1)]

    def hears(case: tuple[str, Sequence[str]], process: LearnerProcess) -> None:
        encoding, parts = case
        calling, peer = _begin(lab, STREAM, encoding, process)
        so_far = ""
        try:
            for part in parts:
                peer.send(part.encode(encoding))
                so_far += part
                _await_text(lab, calling, so_far)
        except CheckFailed as failure:
            if encoding == "gbk" and _had_no_say(calling, failure):
                failure.values["diagnosis"] = "encoding_ignored"
            raise
        _hang_up(lab, calling, peer)

    each_as_if_first(lab, hears, (("utf-8", utf_8), ("gbk", gbk)))


def _had_no_say(calling: Calling, failure: CheckFailed) -> bool:
    """Say whether it fails as a text does that was decoded by another encoding than its own."""
    raised = calling.call.raised
    if raised is not None:
        return raised.is_a(_DECODE_ERROR)
    return failure.kind in ("result", "cut", "stuck", "silent", "sleeping")


def check_stream_joins_split_characters(lab: Lab) -> None:
    process = lab.start()
    for encoding, text, data in _scripts(lab):
        wide = encoding == "utf-16"
        wrong = "byte_order_forgotten" if wide else "wrong_result"
        undecoded = "byte_order_forgotten" if wide else "decoded_per_chunk"
        with lab.blame(result=wrong, cut="partial_returned"):
            for segments in _splits(data):
                calling = _hear(lab, STREAM, encoding, segments, process)
                _expect_text(lab, calling, text, undecoded)


def check_stream_yields_what_stands_before_a_cut_character(lab: Lab) -> None:
    def hears(case: tuple[str, str, bytes], process: LearnerProcess) -> None:
        encoding, text, data = case
        calling, peer = _begin(lab, STREAM, encoding, process)
        peer.send(data)
        _await_text(lab, calling, text)
        _hang_up(lab, calling, peer)

    each_as_if_first(lab, hears, _cut_at_the_end(lab))


def check_stream_never_yields_empty_text(lab: Lab) -> None:
    process = lab.start()
    text = _letters(lab, 1) + _accented(lab) + _chinese(lab) + _emoji(lab)
    cases: list[tuple[str, Sequence[bytes]]] = [("", pieces_of(text.encode(), [1]))]
    cases += [("utf-16", [LITTLE]), ("utf-16", [BIG[:1], BIG[1:]])]
    for encoding, segments in cases:
        calling = _hear(lab, STREAM, encoding, segments, process)
        _no_empty_piece(lab, calling)
        _result(lab, calling, "decoded_per_chunk")


def _no_empty_piece(lab: Lab, calling: Calling) -> None:
    if "" in calling.call.items:
        raise lab.fail(
            "empty_text_yielded",
            expected=lab.say("no_empty_piece"),
            received=lab.words.value(calling.call.items),
        )


def check_stream_refuses_a_broken_end(lab: Lab) -> None:
    _refuses_a_broken_end(lab, STREAM)


# -- all four functions ------------------------------------------------------------------


def check_unknown_encoding_raises_lookup_error(lab: Lab) -> None:
    process = lab.start()
    text, unknown = _letters(lab, 8), "no-such-" + _letters(lab, 8)
    arguments: list[tuple[str, str | bytes]] = [("encode_text", text)]
    for function, argument in [*arguments, ("decode_text", text.encode())]:
        calling = lab.call(function, argument, unknown, process=process)
        _fails(calling, "LookupError", argument, "encoding_ignored")
    with lab.blame(no_exception="encoding_ignored"):
        for function in (WHOLE, STREAM):
            calling = _hear(lab, function, unknown, [text.encode()], process)
            _expect_raised(lab, calling, "LookupError")


def check_text_is_neither_trimmed_nor_translated(lab: Lab) -> None:
    process = lab.start()
    a, b, c, d = (_letters(lab) for _ in range(4))
    middle = f"{a}\r\n{b}\r{c}\n\0\t{d}e\u0301\u2028{a}\n\n{b}"
    for text in (f"  {middle} \t ", f"\n{middle}\r\n", f"\r\n{middle}\n", f"\ufeff{middle}\0"):
        data = text.encode()
        with lab.blame(cut="wrong_bytes"):
            lab.call("encode_text", text, process=process).gives(data)
        _decodes(lab.call("decode_text", data, process=process), data, text)
        for function in (WHOLE, STREAM):
            got = _result(lab, _hear(lab, function, "", [data], process))
            changed = dict.fromkeys(("result", "cut"), _name_change(data, text, got))
            with lab.blame(**changed):
                _compare(lab, text, got)


# -- the socket --------------------------------------------------------------------------


def check_handed_socket_is_left_as_it_was(lab: Lab) -> None:
    process = lab.start()
    text = _mixed(lab)
    whole, cut = text.encode(), text.encode()[:-1]
    with lab.blame(closed="socket_not_restored"):
        for timeout in (None, 33.5):
            for function, take in ((WHOLE, None), (STREAM, None), (STREAM, 1)):
                calling = _hear(lab, function, "", [whole], process, timeout=timeout, take=take)
                _result(lab, calling)
                _as_it_was(lab, calling, timeout)
            for function in (WHOLE, STREAM):
                calling = _hear(lab, function, "", [cut], process, timeout=timeout)
                _as_it_was(lab, calling, timeout)
                calling = _broken_off(lab, function, whole, process, timeout)
                _as_it_was(lab, calling, timeout)


def _broken_off(
    lab: Lab, function: str, data: bytes, process: LearnerProcess, timeout: float | None
) -> Calling:
    """Send ``data``, then a reset; wait for the call's end."""
    calling, peer = _begin(lab, function, "", process, timeout=timeout)
    peer.send(data)
    peer.reset()
    _await_end(lab, calling)
    return calling


def _as_it_was(lab: Lab, calling: Calling, timeout: float | None) -> None:
    calling.wait()
    expected = {"open": True, "timeout": timeout}
    for state in calling.call.sockets:
        if state != expected:
            raise lab.fail(
                "socket_not_restored",
                expected=_shown(lab, expected),
                received=_shown(lab, state),
            )


def _shown(lab: Lab, state: Mapping[str, object]) -> str:
    """Return a handed socket's state in words."""
    if not state["open"]:
        return lab.say("socket_is_closed")
    if state["timeout"] is None:
        return lab.say("open_without_timeout")
    return lab.say("open_with_timeout", seconds=state["timeout"])


def check_socket_errors_go_through(lab: Lab) -> None:
    process = lab.start()
    data = lab.token()
    with lab.blame(no_exception="partial_returned"):
        for function in (WHOLE, STREAM):
            for turn in turns(lab, TIMEOUT):
                calling, peer = _begin(lab, function, "", process, timeout=turn.timeout)
                peer.send(data)
                turn.acted(calling)
                _times_out(lab, calling, turn.timeout)
                peer.close()
        for function in (WHOLE, STREAM):
            for timeout in (None, PATIENCE):
                calling = _broken_off(lab, function, data, process, timeout)
                _expect_raised(lab, calling, "ConnectionResetError")
    for function in (WHOLE, STREAM) if watch.supported else ():
        waiting = lab.start()
        _, peer = _begin(lab, function, "", waiting)
        peer.send_pieces([data])
        lab.expect_idle(waiting)
        lab.stop(waiting)


def _times_out(lab: Lab, calling: Calling, timeout: float) -> None:
    with lab.blame(**TOO_LONG):
        try:
            _expect_raised(lab, calling, "TimeoutError", calling.bound(timeout))
        except CheckFailed as failure:
            failure.expected = lab.say("socket_timeout_error", seconds=timeout)
            raise
        calling.took(at_least=timeout, at_most=timeout)
