"""Keys that travel where people look: in a query, in a path, in what a vendor repeats of them."""

from __future__ import annotations

import logging
import pickle
from urllib.parse import quote, quote_plus

import pytest

import koppling

QUERY_KEY, PATH_KEY = "star/key+1", "77:AA/b+c"
CALLS = [("query_key.list_stars", {}, QUERY_KEY), ("path_key.say", {"text": "fy"}, PATH_KEY)]

SPELLINGS = [
    str,
    quote,
    quote_plus,
    lambda key: quote(key, safe=""),
    lambda key: quote(key, safe=":"),
    lambda key: quote(key, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
]


def leaks(key, *texts):
    """Return the texts in which a key stands, however it is spelled."""
    return [text for text in texts if any(spell(key) in text for spell in SPELLINGS)]


def shown(error):
    """Return all that a person may see of an error, and what a process may keep of it."""
    parts = (error, error.request, error.attempts, error.body, error.message)
    return [text for part in parts for text in (str(part), repr(part))] + [repr(pickle.dumps(error))]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spell: spell(QUERY_KEY))
def test_an_address_that_holds_the_key_is_not_shown_however_it_is_spelled(world, server, stranger, caplog, spelling):
    caplog.set_level(logging.INFO)
    server.memory["location"] = f"{stranger.url}/{spelling(QUERY_KEY)}/?key={spelling(QUERY_KEY)}"
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("query_key.list_stars")
    assert leaks(QUERY_KEY, *shown(caught.value), caplog.text) == []


def test_an_error_in_which_the_vendor_repeats_the_address_is_masked(world, caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("path_key.say", {"text": "fy"})
    assert "/say takes no" in caught.value.message
    assert leaks(PATH_KEY, *shown(caught.value), caplog.text) == []


@pytest.mark.parametrize(("module", "inputs", "key"), CALLS, ids=["query", "path"])
def test_a_dry_run_is_masked_and_still_holds_the_key(world, module, inputs, key):
    with koppling.Client(**world.arguments(module)) as client:
        request = client.render(module, inputs)
    assert leaks(key, request.url) == [request.url]
    assert leaks(key, str(request), repr(request), request.curl(), str(request.as_json())) == []
