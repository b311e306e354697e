"""Keys that travel where people look: in a query, in a path, in what a vendor repeats of them."""

from __future__ import annotations

import logging
import pickle
from urllib.parse import quote, quote_plus

import pytest

import koppling

CALLS = [
    ("query_key.list_stars", {}, "star/key+1"),
    ("path_key.say", {"text": "fy"}, "77:AA/b+c"),
]
SPELLINGS = [
    str,
    quote,
    quote_plus,
    lambda key: quote(key, safe=""),
    lambda key: quote(key, safe=":"),
    lambda key: quote(key, safe="+"),
    lambda key: quote(key, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
]


def shown(error):
    """Return all that a person may see of an error, and what a process may keep of it."""
    parts = (error, error.request, error.attempts, error.body, error.message)
    return [text for part in parts for text in (str(part), repr(part))] + [repr(pickle.dumps(error))]


@pytest.mark.parametrize(("module", "inputs", "key"), CALLS)
@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spell: spell("a/b:c+"))
def test_no_error_shows_a_key_however_the_vendor_spells_it(world, server, stranger, caplog, module, inputs, key, spelling):
    caplog.set_level(logging.DEBUG)
    server.memory["location"] = f"{stranger.url}/{spelling(key)}/?key={spelling(key)}"
    with pytest.raises(koppling.ApiError) as caught:
        world.execute(module, inputs)
    spellings = {spell(key) for spell in SPELLINGS}
    assert [text for text in (*shown(caught.value), caplog.text) if any(one in text for one in spellings)] == []


@pytest.mark.parametrize(("module", "inputs", "key"), CALLS)
def test_no_dry_run_shows_a_key(world, module, inputs, key):
    with koppling.Client(**world.arguments(module)) as client:
        request = client.render(module, inputs)
    assert quote(key, safe=":") in request.url or quote(key, safe="") in request.url
    texts = (str(request), repr(request), request.curl(), str(request.as_json()))
    assert [text for text in texts for spell in SPELLINGS if spell(key) in text] == []
