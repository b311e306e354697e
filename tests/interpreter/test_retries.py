import httpx
import pytest

import koppling
from koppling.retry import seconds

SLOW = {"error": {"message": "too fast", "code": "slow"}}


@pytest.mark.parametrize(
    ("value", "milliseconds", "found"),
    [
        ("3", False, 3.0), ("0.5", False, 0.5), ("250", True, 0.25), ("6m0s", False, 360.0), ("120ms", False, 0.12), ("1h2m3s", False, 3723.0),
        ("1s", False, 1.0), ("Sun, 15 Jun 2025 15:06:50 GMT", False, 10.0), ("soon", False, None), ("", False, None), ("nan", False, None), ("-4", False, 0.0),
    ],
)  # fmt: skip
def test_a_waiting_time_is_read_in_every_way_that_vendors_write_it(value, milliseconds, found):
    assert seconds(value, 1_750_000_000.0, milliseconds=milliseconds) == found


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
