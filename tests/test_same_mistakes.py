"""The same mistake shows the same diagnosis in every exercise, and its cause comes first.

A table of the families of mistakes.  It is held to the headers of the mistakes, which
``verify`` holds to the verdicts; and to the order in which checks build on each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.catalog import exercise_ids, load_exercise, mistakes
from grader.model import Exercise
from grader.texts import table

ROOT = Path(__file__).resolve().parents[1]

Rows = dict[str, str]

# (What is wrong, and what a learner is told): each mistake of this family, and the checks in
# which it shows so.
FAMILIES: dict[tuple[str, str], Rows] = {
    ("the empty recv() is not taken for the end", "empty_recv_ignored"): {
        "ex01/compares_with_empty_str": """
            nothing_sent_gives_no_text stream_joins_split_characters
            stream_never_yields_empty_text stream_refuses_a_broken_end
            text_is_neither_trimmed_nor_translated handed_socket_is_left_as_it_was
        """,
        "ex01/waits_for_first_byte": "nothing_sent_gives_no_text",
        "ex03/ignores_empty_recv": """
            server_lets_next_client_in server_answers_half_closing_client server_survives_reset
            server_keeps_idle
        """,
        "ex03/spins_on_early_close": "client_reports_early_close",
        "ex07/empty_recv_ignored": "answers_whole_lines_after_half_close sleeps_when_idle",
    },
    ("a piece is taken for the whole message", "one_recv_assumed"): {
        "ex01/one_recv": "receive_text_reads_until_close receive_text_joins_split_characters",
        "ex03/expects_reply_in_one_recv": "client_returns_whole_reply client_sends_big_message",
        "ex07/cuts_long_lines": "waits_for_the_newline",
        "ex07/no_framing": "waits_for_the_newline",
        "ex14/end_in_newest_piece": "accepts_any_pieces",
    },
    ("something in the data is taken for its end", "data_taken_for_end"): {
        "ex01/stops_at_line_end": "receive_text_reads_until_close",
        "ex03/stops_at_exit": "server_echoes_any_bytes",
        "ex07/splits_at_carriage_return": "changes_only_ascii_letters",
        "ex14/chunk_ends_at_line_break": "reads_a_chunked_body",
    },
    ("the end of time or connection is taken for the end of the message", "partial_returned"): {
        "ex01/cut_end_forgotten": "stream_refuses_a_broken_end",
        "ex01/errors_taken_for_end": "socket_errors_go_through",
        "ex14/no_length_means_empty": """
            reads_until_the_close refuses_short_answers raises_timeout_error
        """,
        "ex14/short_body_returned": "refuses_short_answers",
    },
    ("each piece is decoded by itself", "decoded_per_chunk"): {
        "ex01/decoded_per_chunk": "receive_text_joins_split_characters",
        "ex01/stream_decoded_per_chunk": """
            stream_joins_split_characters stream_yields_what_stands_before_a_cut_character
            stream_never_yields_empty_text
        """,
    },
    ("waits though everything due has come", "waits_for_more"): {
        "ex01/text_only_at_close": """
            stream_yields_text_before_close stream_yields_what_stands_before_a_cut_character
        """,
        "ex01/waits_for_whole_segment": "stream_yields_what_stands_before_a_cut_character",
        "ex14/head_body_awaited": "expects_no_body",
    },
    ("waits for the close though the end was announced", "reads_until_close"): {
        "ex14/reads_until_close": "stops_at_the_end_of_the_answer",
    },
    ("one message is taken for the whole conversation", "closes_too_early"): {
        "ex03/closes_after_one_message": """
            server_echoes_many_messages server_echoes_any_bytes server_answers_half_closing_client
            server_echoes_big_data
        """,
    },
    ("what send() took is not looked at", "send_result_ignored"): {
        "ex03/client_ignores_send_result": "client_sends_big_message",
        "ex03/ignores_send_result": "server_handles_partial_send",
        "ex07/send_result_ignored": "answers_long_lines_whole",
        "ex14/send_once": "sends_the_whole_body_and_its_length",
    },
    ("what finds no room is thrown away", "bytes_lost"): {
        "ex03/drops_what_would_block": "server_echoes_big_data",
    },
    ("a slow reader is taken for a dead one", "slow_reader_dropped"): {
        "ex07/drops_slow_reader": "slow_reader_gets_everything",
        "ex07/gives_up_sending": "slow_reader_gets_everything",
    },
    ("a silent client is taken for a dead one", "silent_client_dropped"): {
        "ex03/drops_silent_client": "server_keeps_idle",
    },
    ("what came along with a message is thrown away", "leftover_dropped"): {
        "ex07/leftover_dropped": """
            answers_lines_that_arrive_together answers_whole_lines_after_half_close
            slow_reader_gets_everything
        """,
    },
    ("what lies behind the end is returned, too", "extra_bytes"): {
        "ex03/keeps_extra_bytes": "client_ignores_extra_bytes",
    },
    ("waits for an answer that is not due before all is sent", "deadlock"): {
        "ex03/waits_after_each_piece": "client_sends_big_message",
    },
    ("a call waits without a time limit", "no_timeout"): {
        "ex03/sets_no_timeout": "client_times_out_on_silence client_times_out_on_connect",
        "ex14/no_timeout": "raises_timeout_error reports_a_failed_connection",
        "ex14/sends_without_timeout": "raises_timeout_error",
    },
    ("a time limit other than the one given", "timeout_ignored"): {
        "ex01/own_timeout": "socket_errors_go_through",
    },
    ("a time limit for each call in place of a deadline", "timeout_restarted"): {
        "ex13/discover_timeout_restarted": "discover_keeps_its_deadline",
        "ex13/listen_timeout_restarted": "listen_keeps_its_deadline",
    },
    ("a pause is taken for the end of the time", "timeout_too_early"): {
        "ex13/discover_gives_up_early": "discover_hears_a_late_answer",
    },
    ("asks again and again without sleeping", "busy_loop"): {
        "ex01/polls_without_sleeping": "socket_errors_go_through",
        "ex03/client_polls_without_sleeping": "client_times_out_on_silence",
        "ex03/polls_accept": "server_keeps_idle",
        "ex07/always_wants_to_write": "sleeps_when_idle",
        "ex13/listen_spins": "silence_gives_an_empty_result",
        "ex14/polls_without_sleeping": "raises_timeout_error",
    },
    ("closes at the end of data with answers still due", "stops_on_half_close"): {
        "ex03/drops_output_at_half_close": "server_answers_half_closing_client",
        "ex07/half_close_drops_answers": "answers_whole_lines_after_half_close",
    },
    ("a server keeps connections whose clients have gone", "connection_left_open"): {
        "ex03/leaves_connection_open": """
            server_lets_next_client_in server_answers_half_closing_client
        """,
        "ex07/keeps_reset_connections": "gives_back_what_clients_used",
    },
    ("a socket stays open on some way out", "descriptor_leak"): {
        "ex03/leaks_socket_on_exception": "client_closes_its_socket",
        "ex13/listen_leaks_after_error": "sockets_are_closed",
        "ex14/closed_only_on_success": "closes_its_socket",
        "ex14/left_open_without_body": "closes_its_socket",
    },
    ("closes a socket that belongs to its caller", "socket_not_restored"): {
        "ex01/socket_closed": "handed_socket_is_left_as_it_was",
    },
    ("one client's error ends the server", "died_with_client"): {
        "ex03/catches_only_reset": "server_survives_reset",
        "ex03/dies_with_client": "server_survives_reset",
        "ex07/dies_with_reset": "early_leavers_harm_nobody gives_back_what_clients_used",
    },
    ("all wait for one client", "blocked_by_one_client"): {
        "ex07/half_line_blocks": "half_line_holds_up_nobody serves_fifty_clients_at_once",
        "ex07/sendall_in_the_loop": "slow_reader_holds_up_nobody",
        "ex07/thread_target_called": """
            idle_client_holds_up_nobody half_line_holds_up_nobody serves_fifty_clients_at_once
            early_leavers_harm_nobody slow_reader_holds_up_nobody
        """,
    },
    ("one buffer for all clients", "buffer_shared_between_clients"): {
        "ex07/shared_buffer": """
            half_line_holds_up_nobody serves_fifty_clients_at_once slow_reader_holds_up_nobody
        """,
    },
    ("talks on the listener", "listener_used_as_connection"): {
        "ex03/uses_listener_as_connection": """
            server_echoes_one_message server_echoes_many_messages server_echoes_any_bytes
            server_lets_next_client_in server_answers_half_closing_client server_survives_reset
            server_handles_partial_send server_echoes_big_data server_keeps_idle
            server_restarts_on_same_port
        """,
    },
    ("SO_REUSEADDR is missing, or set too late", "no_reuseaddr"): {
        "ex03/forgets_reuseaddr": "server_restarts_on_same_port",
        "ex07/no_reuseaddr": "restarts_on_same_port",
        "ex13/listen_reuses_too_late": "listeners_share_a_port",
    },
    ("binds every address", "binds_wrong_address"): {
        "ex03/binds_every_address": "server_binds_only_given_address",
        "ex07/binds_everywhere": "listens_only_where_told",
        "ex13/listen_ignores_address": "listen_binds_only_its_address",
    },
    ("an error of the system's is hidden from the caller", "no_exception"): {
        "ex03/hides_refusal": "client_lets_refusal_through",
        "ex13/announce_swallows_errors": "announce_reaches_the_size_limit",
    },
    ("an empty datagram is taken for none", "empty_datagram_ignored"): {
        "ex13/announce_in_pieces": "announce_sends_one_datagram",
        "ex13/discover_ignores_empty": "discover_keeps_first_answer",
        "ex13/listen_stops_at_empty": "listen_keeps_empty_datagrams",
    },
    ("SO_BROADCAST is missing", "broadcast_not_permitted"): {
        "ex13/announce_without_permission": """
            announce_sends_one_datagram announce_reaches_the_size_limit sockets_are_closed
        """,
    },
    ("a buffer that cuts datagrams", "small_recv_buffer"): {
        "ex13/listen_small_buffer": "listen_keeps_large_datagrams_whole",
    },
    ("header names are compared letter by letter", "header_case"): {
        "ex14/headers_added_twice": "lets_the_caller_override_headers",
    },
    ("a request that says too little", "malformed_request"): {
        "ex14/host_without_port": "sends_a_well_formed_request",
    },
    ("a line break gets into the request", "injection_accepted"): {
        "ex14/only_crlf_refused": "refuses_line_breaks",
    },
    ("the encoding asked for has no say", "encoding_ignored"): {
        "ex01/encoding_ignored": """
            encode_text_writes_every_script codec_functions_are_strict
            unknown_encoding_raises_lookup_error
        """,
    },
    ("str() of bytes", "bytes_shown"): {
        "ex01/str_of_bytes": """
            decode_text_reads_every_script codec_functions_are_strict
            unknown_encoding_raises_lookup_error text_is_neither_trimmed_nor_translated
        """,
    },
    ("errors of a codec are replaced or left out", "codec_errors_hidden"): {
        "ex01/errors_ignored": "codec_functions_are_strict",
        "ex01/errors_replaced": "receive_text_refuses_a_broken_end",
    },
    ("the byte order of UTF-16 is forgotten", "byte_order_forgotten"): {
        "ex01/byte_order_forgotten": "stream_joins_split_characters",
    },
    ("U+FEFF is no mark in UTF-8", "byte_order_mark_dropped"): {
        "ex01/byte_order_mark_dropped": "text_is_neither_trimmed_nor_translated",
    },
    ("a file in text mode translates line ends", "line_ends_translated"): {
        "ex01/line_ends_translated": "text_is_neither_trimmed_nor_translated",
    },
    ("yields nothing as something", "empty_text_yielded"): {
        "ex01/yields_empty_text": "stream_never_yields_empty_text",
    },
    ("no connection for an empty message", "never_connected"): {
        "ex03/skips_empty_message": "client_sends_empty_message",
    },
    ("no answer to an empty line", "empty_line_unanswered"): {
        "ex07/skips_empty_lines": "answers_each_line",
    },
    ("a pool that is too small", "too_few_at_once"): {
        "ex07/pool_too_small": "serves_fifty_clients_at_once",
    },
    ("children nobody waits for", "zombies_left"): {
        "ex07/zombies": "gives_back_what_clients_used",
    },
    ("one message in several datagrams", "split_into_datagrams"): {
        "ex13/announce_in_pieces": "announce_reaches_the_size_limit",
    },
    ("datagrams ordered by sender", "order_lost"): {
        "ex13/listen_groups_by_sender": "listen_returns_every_datagram_in_order",
    },
    ("one datagram a tick", "read_too_slowly"): {
        "ex13/listen_one_per_tick": "listen_takes_a_thousand_in_a_row",
    },
    ("answers from another port are refused", "answer_port_checked"): {
        "ex13/discover_checks_port": "discover_finds_every_responder",
    },
    ("a later answer replaces the first", "last_answer_kept"): {
        "ex13/discover_keeps_last": "discover_keeps_first_answer",
    },
    ("asks from a fixed port", "fixed_port"): {
        "ex13/discover_fixed_port": "discover_uses_an_ephemeral_port",
    },
    ("one word of the reason", "reason_cut"): {
        "ex14/first_word_of_reason": "reads_a_body_by_its_length",
    },
    ("an interim answer is taken for the real one", "interim_answer_returned"): {
        "ex14/interim_answer_returned": "skips_interim_answers",
    },
    ("a repeated header replaces the one before", "repeated_header_lost"): {
        "ex14/last_header_wins": "reads_unusual_heads",
    },
    ("the line of a chunk's size is more than a number", "chunk_size_misread"): {
        "ex14/extension_in_chunk_size": "reads_chunk_extensions_and_trailers",
        "ex14/last_chunk_is_one_zero": "reads_chunk_extensions_and_trailers",
    },
    ("a library's limit on header lines", "long_head_refused"): {
        "ex14/hundred_headers_at_most": "limits_the_head",
    },
    ("a head is collected without limit", "head_without_limit"): {
        "ex14/head_limit_only_when_ended": "limits_the_head",
        "ex14/no_head_limit": "limits_the_head",
    },
    ("a number is not checked", "nonsense_accepted"): {
        "ex14/negative_length_accepted": "refuses_nonsense",
    },
    ("a body without its length", "wrong_content_length"): {
        "ex14/length_for_post_only": "sends_the_whole_body_and_its_length",
    },
    ("a library does the work", "library_used"): {
        "ex14/request_by_http_client": "is_written_by_hand",
    },
}

# What else comes of such a mistake, in checks that build on one in which it shows itself.
CONSEQUENCES: dict[str, dict[str, str]] = {
    "ex01/one_recv": {
        "socket_errors_go_through": "partial_returned",
    },
    "ex03/expects_reply_in_one_recv": {
        "client_reports_early_close": "partial_returned",
        "client_times_out_on_silence": "partial_returned",
    },
    "ex07/empty_recv_ignored": {
        "gives_back_what_clients_used": "connection_left_open",
    },
    "ex07/no_framing": {
        "answers_whole_lines_after_half_close": "unfinished_line_answered",
    },
}

# One fault with two faces, neither of which is the cause of the other.
TWOFOLD = {"ex13/announce_in_pieces"}

EXERCISES = {name: load_exercise(ROOT, name) for name in exercise_ids(ROOT)}
HEADERS = {
    f"{name}/{mistake.path.stem}": mistake.caught_by
    for name, exercise in EXERCISES.items()
    for mistake in mistakes(ROOT, exercise)
}


def listed() -> Iterator[tuple[str, str, str]]:
    """Yield each mistake, check and diagnosis of the table."""
    for (_, diagnosis), rows in FAMILIES.items():
        for mistake, checks in rows.items():
            yield from ((mistake, check, diagnosis) for check in checks.split())
    for mistake, shown in CONSEQUENCES.items():
        yield from ((mistake, check, diagnosis) for check, diagnosis in shown.items())


def exercise_of(mistake: str) -> Exercise:
    return EXERCISES[mistake.partition("/")[0]]


def builds_on(exercise: Exercise, check_id: str) -> set[str]:
    """Return all checks that a check builds on, those of its own ``after`` and theirs."""
    after = {check.id: check.after for check in exercise.checks}
    found: set[str] = set()
    todo = list(after[check_id])
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += after[name]
    return found


def causes(mistake: str) -> dict[str, str]:
    """Return the failures of a mistake that no earlier one of its failures explains."""
    shown = HEADERS[mistake]
    exercise = exercise_of(mistake)
    return {
        check.id: shown[check.id]
        for check in exercise.checks
        if check.id in shown and not builds_on(exercise, check.id) & set(shown)
    }


def test_the_table_is_what_the_mistakes_show() -> None:
    rows = list(listed())
    assert len(set(rows)) == len(rows)
    shown = {
        (mistake, check, diagnosis)
        for mistake, caught_by in HEADERS.items()
        for check, diagnosis in caught_by.items()
    }
    assert set(rows) - shown == set(), "in the table only"
    assert shown - set(rows) == set(), "in the headers only"


def test_one_diagnosis_is_one_kind_of_mistake() -> None:
    for column in (0, 1):
        names = Counter(family[column] for family in FAMILIES)
        assert [name for name, count in names.items() if count > 1] == []


def test_a_mistake_is_of_one_family() -> None:
    counts = Counter(mistake for rows in FAMILIES.values() for mistake in rows)
    assert {mistake for mistake, count in counts.items() if count > 1} == TWOFOLD
    assert set(CONSEQUENCES) <= set(counts)


@pytest.mark.parametrize("mistake", HEADERS)
def test_the_cause_comes_first(mistake: str) -> None:
    """Whatever is not explained by another failure shows the mistake's own diagnosis."""
    own = {diagnosis for (_, diagnosis), rows in FAMILIES.items() if mistake in rows}
    assert causes(mistake)
    assert set(causes(mistake).values()) <= own
    first = next(check.id for check in exercise_of(mistake).checks if check.id in HEADERS[mistake])
    assert HEADERS[mistake][first] in own


def test_diagnoses_of_one_exercise_are_of_no_other() -> None:
    """A page is found by its diagnosis: an id has one meaning."""
    own = Counter(name for exercise in EXERCISES.values() for name in exercise.diagnoses)
    assert [name for name, count in own.items() if count > 1] == []
    assert set(own) & set(table("diagnoses", "en")) == set()


@pytest.mark.parametrize("name", EXERCISES)
def test_each_diagnosis_of_a_check_has_hints_of_its_own(name: str) -> None:
    exercise = EXERCISES[name]
    shown: dict[str, set[str]] = {check.id: set() for check in exercise.checks}
    for mistake in HEADERS:
        if mistake.startswith(f"{name}/"):
            for check_id, diagnosis in causes(mistake).items():
                shown[check_id].add(diagnosis)
    for check in exercise.checks:
        for diagnosis in shown[check.id] if len(shown[check.id]) > 1 else ():
            own = [hint for hint in check.hints if diagnosis in hint.when]
            assert own, f"{check.id}: no hint is for {diagnosis}"
        for diagnosis in shown[check.id]:
            assert len(check.hints_for(diagnosis)) >= 3, f"{check.id}: {diagnosis}"
