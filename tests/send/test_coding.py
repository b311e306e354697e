"""Content codings, undone a little at a time."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koppling.effects import NoAnswer
from koppling.files import CHUNK
from koppling.send.coding import decoder


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


CODED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate ": raw_deflate,
    "gzip, deflate": lambda data: zlib.compress(gzip.compress(data)),
    "identity, gzip": gzip.compress,
    "gzip ": lambda data: gzip.compress(data[:3]) + gzip.compress(data[3:]) + b"\0\0",
}
BODY = st.one_of(st.binary(max_size=300), st.integers(0, 400_000).map(lambda size: b"ab" * (size // 2)))


def undone(name, chunks):
    found = decoder(name)
    pieces = [piece for chunk in chunks for piece in found.feed(chunk)]
    found.end()
    return pieces


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(CODED)), BODY, st.lists(st.integers(0, 2000), max_size=4))
def test_what_was_coded_comes_back_in_small_pieces_however_it_is_cut(name, body, cuts):
    data = CODED[name](body)
    cuts = sorted(min(cut, len(data)) for cut in cuts)
    pieces = undone(name, [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b])
    assert b"".join(pieces) == body
    assert max(map(len, pieces), default=0) <= CHUNK


@pytest.mark.parametrize("name", ["gzip", "deflate", "gzip, deflate"])
@pytest.mark.parametrize("missing", [1, 5, 12])
def test_an_end_that_is_missing_is_noticed(name, missing):
    with pytest.raises(NoAnswer, match="ends too early"):
        undone(name, [CODED[name](b"hello, hello, hello")[:-missing]])


@pytest.mark.parametrize(("name", "data"), [("gzip", b"hello"), ("gzip", gzip.compress(b"a", mtime=0) + b"rest"), ("deflate", b"\xff\xff\xff")])  # fmt: skip
def test_what_is_not_so_coded_is_told(name, data):
    with pytest.raises(NoAnswer, match="the body's encoding is broken") as caught:
        undone(name, [data])
    assert (caught.value.reason, caught.value.sent) == ("protocol", True)


def test_what_nobody_can_undo_is_told():
    with pytest.raises(NoAnswer, match="coded as 'gzip, Br', which"):
        decoder("gzip, Br")
    with pytest.raises(NoAnswer, match="coded as 41 characters, which"):  # no part of what may be secret
        decoder("x" * 41)
    with pytest.raises(NoAnswer, match="5 codings"):
        decoder("gzip," * 5)


def test_nothing_is_nothing_in_any_coding():
    assert undone("gzip", []) == []
    assert decoder("identity") is decoder(None) is decoder("") is None


def test_a_bomb_costs_no_more_memory_than_its_pieces():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    million = bytes(1 << 20)
    bomb = b"".join(packer.compress(million) for _ in range(100)) + packer.flush()
    tracemalloc.start()
    size = sum(map(len, decoder("gzip").feed(bomb)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 100 << 20
    assert peak < 2 << 20
