"""When a request is sent again, and what is told of it: the rules as data, then calls that live by them."""

import pickle
import traceback

import httpx
import pytest
from acme import SECRET

import koppling
from koppling.retry import Retry, Tried

SLOW = {"error": {"message": "too fast", "code": "slow"}}

RULES = {
    "attempts": 3,
    "when": ["connect", "timeout", 429, "500-599"],
    "wait": {"base": 1, "cap": 3, "give_up_beyond": 60},
}
GET, POST = Tried("GET", 1, keyed=False, replayable=True), Tried("POST", 1, keyed=False, replayable=True)
BARRED = (
    "not repeated: a POST may have been carried out; where that does no harm, the spec lists it in `retry.methods`, or the "
    "caller in Client(retry={'methods': […]})"
)
ONCE = GET._replace(replayable=False)


@pytest.mark.parametrize(
    ("tried", "reason", "sent", "wait", "why"),
    [
        (GET, "timeout", True, 1, "repeated: `timeout` is in `retry.when`"),
        (GET, "cut", True, None, "not repeated: `cut` is not in `retry.when`"),
        (GET, "protocol", False, None, "not repeated: `protocol` is not in `retry.when`"),
        (POST, "connect", False, 1, "repeated: it never left, and `connect` is in `retry.when`"),
        (POST._replace(keyed=True), "timeout", True, 1, "repeated: `timeout` is in `retry.when`"),
        (POST, "timeout", True, None, BARRED),
        (ONCE, "timeout", True, None, "not repeated: its body can be read only once; give a path, bytes or a file that can seek"),
        (GET._replace(number=2), "timeout", True, 2, "repeated: `timeout` is in `retry.when`"),
        (GET._replace(number=3), "timeout", True, None, "not repeated: `retry.attempts` is 3"),
    ],
)  # fmt: skip
def test_a_request_without_an_answer_is_judged_and_the_judgement_told(tried, reason, sent, wait, why):
    assert Retry(RULES).after_no_answer(tried, reason, lambda: 1.0, sent=sent) == (wait, why)


@pytest.mark.parametrize(
    ("status", "word", "told", "after", "wait", "why"),
    [
        (503, None, None, None, 1, "repeated: 503 is in `retry.when`"),
        (400, None, None, None, None, "not repeated: 400 is not in `retry.when`"),
        (400, None, True, None, 1, "repeated: `errors` says retry: true for it"),
        (429, None, False, None, None, "not repeated: `errors` says retry: false for it"),
        (503, "false", True, None, None, "not repeated: the answer says x-should-retry: false"),
        (400, " True", False, None, 1, "repeated: the answer says x-should-retry: true"),
        (503, "perhaps", None, None, 1, "repeated: 503 is in `retry.when`"),
        (503, None, None, 60.0, 60, "repeated: 503 is in `retry.when`"),
        (503, None, None, 0.0, 1, "repeated: 503 is in `retry.when`"),
        (503, None, None, 61.0, None, "not repeated: the answer asks for 61 s, and `retry.wait.give_up_beyond` is 60 s"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_success_is_judged_and_the_judgement_told(status, word, told, after, wait, why):
    rules = Retry({**RULES, "obey": "X-Should-Retry"})
    headers = {} if word is None else {"x-should-retry": word}
    assert rules.after_status(GET, status, headers, lambda: 1.0, told=told, after=after) == (wait, why)


def test_a_word_that_the_spec_does_not_obey_counts_nothing():
    assert (
        Retry(RULES).after_status(GET, 503, {"x-should-retry": "false"}, lambda: 1.0, told=None, after=None).wait == 1
    )


@pytest.mark.parametrize(
    ("plan", "headers", "found"),
    [
        ({}, {"retry-after": "7"}, 7), ({}, {}, None), (["a-ms", "b"], {"a-ms": "250", "b": "9"}, 0.25), (["A-Ms", "B"], {"a-ms": "soon", "b": "9"}, 9),
        ([{"header": "X-Reset", "form": "epoch"}], {"x-reset": "1030"}, 30), ([{"header": "reset", "form": "duration"}], {"reset": "6m0s"}, 360),
        ([{"header": "reset-ms", "form": "seconds"}], {"reset-ms": "3"}, 3),
    ],
)  # fmt: skip
def test_the_first_header_that_says_so_tells_how_long_to_wait(plan, headers, found):
    assert Retry({"wait": {"after": plan} if plan else {}}).asked_for(headers, 1000.0) == found


@pytest.mark.parametrize(("dice", "waits"), [(0.0, [0, 0, 0, 0]), (0.5, [0.5, 1, 1.5, 1.5]), (1.0, [1, 2, 3, 3])])
def test_a_wait_of_our_own_is_drawn_from_the_whole_of_a_growing_span(dice, waits):
    rules = Retry({**RULES, "attempts": 9})
    found = [
        rules.after_no_answer(GET._replace(number=n), "timeout", lambda: dice, sent=True).wait for n in range(1, 5)
    ]
    assert found == waits


def test_a_read_is_tried_again_and_each_attempt_is_told(vendor):
    vendor.answers = [httpx.ConnectError("refused"), httpx.Response(503), {"data": [{"id": 1}]}]
    result = vendor.client().execute("acme.list_things")
    assert result.output == [{"id": 1, "name": None}]
    assert [(one.status, one.error, one.waited) for one in result.attempts] == [
        (None, "could not connect: refused", 0.5), (503, None, 1.0), (200, None, 0.0),
    ]  # fmt: skip
    assert vendor.slept == [0.5, 1.0]


def test_a_post_is_not_repeated_where_the_spec_does_not_say_so(vendor):
    vendor.answers = [httpx.Response(503, json=SLOW)]
    with pytest.raises(koppling.ApiError) as caught:
        vendor.client().execute("acme.make_thing", {"name": "x"})
    assert (caught.value.kind, len(caught.value.attempts)) == ("connection", 1)


def test_a_post_that_never_left_is_repeated_all_the_same(vendor):
    vendor.answers = [httpx.ConnectError("refused"), {"id": 1}]
    assert vendor.client().execute("acme.make_thing", {"name": "x"}).output["id"] == 1


def test_a_post_that_may_have_been_carried_out_is_not(vendor):
    vendor.answers = [httpx.ReadTimeout("slow"), {"id": 1}]
    with pytest.raises(koppling.TransportError) as caught:
        vendor.client().execute("acme.make_thing", {"name": "x"})
    assert (caught.value.reason, caught.value.sent) == ("timeout", True)
    assert "may have been carried out" in str(caught.value)


def test_the_wait_that_an_answer_asks_for_is_kept(vendor):
    vendor.answers = [httpx.Response(429, json=SLOW, headers={"retry-after": "7"}), {"data": []}]
    vendor.client().execute("acme.list_things")
    assert vendor.slept == [7.0]


def test_a_wait_beyond_the_bound_is_left_to_the_caller(vendor):
    vendor.answers = [httpx.Response(429, json=SLOW, headers={"retry-after": "61", "x-request-id": "r-1"})]
    with pytest.raises(koppling.ApiError) as caught:
        vendor.client().execute("acme.list_things")
    error = caught.value
    assert (error.kind, error.retry_after, error.request_id, error.code, vendor.slept) == (
        "rate_limit",
        61.0,
        "r-1",
        "slow",
        [],
    )


def test_an_entry_of_the_error_map_overrules_the_list_of_statuses(vendor):
    vendor.answers = [httpx.Response(429, json={"error": {"message": "paid up", "code": "quota"}})]
    with pytest.raises(koppling.ApiError) as caught:
        vendor.client().execute("acme.list_things")
    assert (caught.value.kind, len(caught.value.attempts)) == ("runtime", 1)


def test_an_upload_that_can_be_read_again_is_sent_again_whole(vendor, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"0123456789")
    with path.open("rb") as opened:
        opened.seek(4)
        vendor.answers = [httpx.Response(500), {"ok": True}]
        vendor.client().execute("acme.send_file", {"file": opened})
    bodies = [request.content for request in vendor.requests]
    assert all(b"\r\n456789\r\n" in body and b'filename="a.txt"' in body for body in bodies)
    assert len(bodies) == 2


def test_an_upload_that_cannot_be_read_again_is_not_sent_again(vendor):
    class Once:
        name = "once.bin"

        def __init__(self):
            self.left = [b"abc"]

        def read(self, size=-1):
            return self.left.pop() if self.left else b""

    vendor.answers = [httpx.Response(500)]
    with pytest.raises(koppling.ApiError) as caught:
        vendor.client().execute("acme.send_file", {"file": Once()})
    assert len(caught.value.attempts) == 1
    assert b"abc" in vendor.requests[0].content


def test_an_earlier_attempt_may_have_been_carried_out_though_the_last_one_never_left(vendor):
    vendor.answers = [httpx.ReadTimeout("slow"), httpx.ConnectError("refused")]
    with pytest.raises(koppling.TransportError) as caught:
        vendor.client().execute("acme.list_things")
    assert (caught.value.reason, caught.value.sent, len(caught.value.attempts)) == ("connect", True, 3)


def test_an_attempt_tells_its_time_its_name_and_why_without_a_secret(vendor):
    def answer(_request):
        vendor.now += 2.5
        return httpx.Response(503, headers={"x-request-id": f"req-{SECRET}"})

    vendor.now = 1_000.0
    vendor.answers = [answer, {"data": []}]
    first, last = vendor.client().execute("acme.list_things").attempts
    assert (first.began, first.took, first.status, first.request_id) == (1_000.0, 2.5, 503, "req-***")
    assert first.why == "repeated: 503 is in `retry.when`"
    assert koppling.Attempt("GET", "u", 200, began=1.0, took=2.0) == koppling.Attempt("GET", "u", 200, began=3.0)
    assert (last.began, last.took, last.status, last.why) == (1_003.0, 0.0, 200, "")


def test_a_caller_has_retry_rules_of_its_own(vendor):
    vendor.answers = [httpx.Response(503), {"id": 1}]
    assert vendor.client(retry={"methods": ["POST"]}).execute("acme.make_thing", {"name": "x"}).output["id"] == 1
    vendor.answers = [httpx.Response(503)]
    with pytest.raises(koppling.ApiError) as caught:
        vendor.client(retry={"attempts": 1}).execute("acme.list_things")
    assert [one.why for one in caught.value.attempts] == ["not repeated: `retry.attempts` is 1"]


@pytest.mark.parametrize(
    ("retry", "said"),
    [({"attempt": 3}, "did you mean 'attempts'"), ({"attempts": 0}, "attempts"), ({"idempotency": {"header": "a"}}, "idempotency")],
)  # fmt: skip
def test_rules_that_are_none_are_refused_when_the_client_is_made(vendor, retry, said):
    with pytest.raises(ValueError, match=said):
        vendor.client(retry=retry)


@pytest.mark.parametrize("answer", [
    httpx.Response(200, text=f"<html>your key {SECRET}"), httpx.Response(500, text=f"your key {SECRET}"), httpx.LocalProtocolError(f"Illegal header value {SECRET}"),
    httpx.Response(400, json={"error": {"message": f"wrong key {SECRET}"}}, headers={"x-request-id": SECRET}), httpx.Response(302, headers={"location": f"http://else.test/{SECRET}"}),
])  # fmt: skip
def test_no_traceback_shows_what_a_vendor_repeats_of_a_secret(vendor, answer):
    vendor.answers = [answer]
    with pytest.raises(koppling.KopplingError) as caught:
        vendor.client().execute("acme.list_things")
    shown = (
        "".join(traceback.format_exception(caught.value))
        + repr(caught.value.attempts)
        + repr(pickle.dumps(caught.value))
    )
    assert SECRET not in shown
