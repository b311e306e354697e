"""Sent again or not: busy servers, keys that stay the same, bodies that can be read twice and one that can't."""

from __future__ import annotations

import io

import pytest

import koppling

DATA = b"\x00head|" + b"rivets " * 20_000  # more than one chunk


def test_a_busy_server_is_asked_again(world, server, ticks):
    server.memory["busy"] = 2
    result = world.execute("careful.count_things")
    assert (result.output, [one.status for one in result.attempts]) == ({"things": 2}, [503, 503, 200])
    assert [(one.method, one.target) for one in server.asked] == [("GET", "/careful/v1/things")] * 3
    assert len(ticks.slept) == 2


def test_a_server_that_stays_busy_is_an_error_with_all_attempts(world, server):
    server.memory["busy"] = 9
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("careful.count_things")
    error = caught.value
    assert (error.kind, error.status, error.message, len(error.attempts), len(server.asked)) == (
        "connection",
        503,
        "busy",
        3,
        3,
    )


def test_a_post_is_sent_once(world, server, ticks):
    server.memory["busy"] = 1
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("careful.make_thing", {"name": "Anvil"})
    assert (caught.value.status, len(server.asked), ticks.slept) == (503, 1, [])


def test_all_attempts_of_a_call_carry_one_key_and_each_call_its_own(world, server):
    server.memory["busy"] = 2
    assert world.execute("careful.pay", {"amount": 5}).output == {"id": "p-1"}
    del server.memory["key"]
    world.execute("careful.pay", {"amount": 5})
    keys = [asked.header("idempotency-key") for asked in server.asked]
    assert keys[0]
    assert (keys[0] == keys[1] == keys[2], keys[3] == keys[0], len(keys)) == (True, False, 4)


def test_a_server_that_is_down_is_no_answer_and_nothing_was_carried_out(world, server, ticks):
    with pytest.raises(koppling.TransportError) as caught:
        world.execute("careful.make_thing", {}, {"base_url": f"http://127.0.0.1:{free_port()}/careful/v1"})
    error = caught.value
    assert (error.reason, error.sent, len(error.attempts), len(ticks.slept)) == ("connect", False, 3, 2)
    assert server.asked == []


def free_port():
    """Return a port on which nobody listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Pipe(io.RawIOBase):
    """An open file that can be read once, and doesn't know how long it is."""

    def __init__(self, data):
        self._left = data

    def readable(self):
        return True

    def read(self, size=-1):
        found, self._left = (self._left[:size], self._left[size:]) if size >= 0 else (self._left, b"")
        return found


def as_bytes(_path):
    return DATA


def as_path(path):
    return path


def as_open_file(path):
    return path.open("rb")


def as_open_file_in_its_middle(path):
    opened = path.open("rb")
    opened.seek(6)
    return opened


def as_file(path):
    return koppling.File(path, name="other.bin", media_type="application/x-rivets")


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "rivets.bin"
    found.write_bytes(DATA)
    return found


WAYS = [
    (as_bytes, DATA, "application/octet-stream"),
    (as_path, DATA, "application/octet-stream"),
    (as_open_file, DATA, "application/octet-stream"),
    (as_open_file_in_its_middle, DATA[6:], "application/octet-stream"),
    (as_file, DATA, "application/x-rivets"),
]


@pytest.mark.parametrize(("way", "data", "media_type"), WAYS, ids=[one[0].__name__ for one in WAYS])
def test_a_raw_body_is_sent_whole_with_each_attempt(world, server, path, way, data, media_type):
    server.memory["busy"] = 1
    given = way(path)
    result = world.execute("blobs.put_blob", {"path": "a", "file": given})
    assert result.output == {"path": "a", "media_type": media_type, "size": len(data)}
    assert [asked.body == data for asked in server.asked] == [True, True]
    assert [asked.header("content-length") for asked in server.asked] == [str(len(data))] * 2
    if hasattr(given, "closed"):
        assert not given.closed  # it stays the caller's
        given.close()


@pytest.mark.parametrize("busy", [0, 1])
def test_a_body_that_can_be_read_once_is_sent_once(world, server, busy):
    server.memory["busy"] = busy
    inputs = {"path": "a", "file": koppling.File(Pipe(DATA), name="rivets.bin")}
    if busy:
        with pytest.raises(koppling.ApiError) as caught:
            world.execute("blobs.put_blob", inputs)
        assert caught.value.status == 503
    else:
        assert world.execute("blobs.put_blob", inputs).output["size"] == len(DATA)
    assert [asked.body == DATA for asked in server.asked] == [True]


def test_files_of_a_multipart_body_are_sent_from_where_they_stand(world, server, path):
    with path.open("rb") as cover, path.open("rb") as page:
        cover.seek(6)
        world.execute("blobs.make_album", {"cover": cover, "pages": [page, path, DATA]})
    parts = server.asked[0].parts()
    assert [(one.name, one.file_name, one.data == DATA[6:] or one.data == DATA) for one in parts] == [
        ("cover", "cover.png", True),
        ("pages", "rivets.bin", True),
        ("pages", "rivets.bin", True),
        ("pages", "upload", True),
    ]
    assert parts[0].data == DATA[6:]
