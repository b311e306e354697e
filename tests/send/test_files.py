"""Files as values."""

from __future__ import annotations

import gc
import io

from koppling.files import File, new_spool


def spooled(data, name="a.bin"):
    spool = new_spool()
    file = File.spooled(spool, name=name, media_type="application/octet-stream")
    spool.write(data)
    return file


def test_another_name_copies_nothing_and_outlives_the_first():
    found = spooled(b"x" * (2 << 20)).renamed("b.mp3", "audio/mpeg")
    gc.collect()
    assert (found.name, found.media_type, found.size) == ("b.mp3", "audio/mpeg", 2 << 20)
    assert found.read() == b"x" * (2 << 20)


def test_another_name_keeps_what_it_does_not_change_and_where_the_file_stood():
    handle = io.BytesIO(b"skipped,read")
    handle.seek(8)
    found = File(handle, name="a.csv").renamed("b.txt", None)
    assert (found.name, found.media_type, found.read(), found.read()) == ("b.txt", "text/plain", b"read", b"read")
    assert spooled(b"x").renamed(None, None).media_type == "application/octet-stream"
