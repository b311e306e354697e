"""Resume tokens: a search goes on with the next bundle, within the limit that it began with, or not at all."""

import base64
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import koppling


def pages(request):
    start = int(request.url.params.get("after", 0))
    size = int(request.url.params.get("limit", 3))
    data = [{"id": n, "name": f"n{n}"} for n in range(start + 1, min(start + size, 8) + 1)]
    return httpx.Response(200, json={"data": data, "has_more": start + size < 8, "total": 8})


def begun(vendor, count, inputs=None, **how):
    """The token of a search, so many bundles into it."""
    vendor.answers = vendor.answers or [pages]
    with vendor.client().items("acme.list_things", inputs, **how) as items:
        for _ in range(count):
            next(items)
        return items.resume_token


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 8, 9])
@pytest.mark.parametrize("taken", range(8))
def test_a_limit_counts_what_was_given_before(vendor, limit, taken):
    taken = min(taken, limit)
    token = begun(vendor, taken, {"limit": limit})
    vendor.requests.clear()
    left = [one["id"] for one in vendor.client().items("acme.list_things", {"limit": limit}, resume=token)]
    assert left == list(range(taken + 1, min(limit, 8) + 1))
    if taken == limit:
        assert vendor.requests == []


def test_a_search_goes_on_over_several_tokens_in_the_same_requests(vendor):
    found, token = [], None
    while True:
        vendor.answers = [pages]
        with vendor.client().items("acme.list_things", {"limit": 7}, resume=token) as items:
            one = next(items, None)
            if one is None:
                break
            found.append(one["id"])
            token = items.resume_token
    assert found == list(range(1, 8))
    assert {request.url.params["limit"] for request in vendor.requests} == {"3", "1"}


def test_a_token_of_other_inputs_says_so(vendor):
    token = begun(vendor, 1, {"limit": 4})
    for other in ({"limit": 5}, {}, None):
        with pytest.raises(koppling.InputInvalid, match="belongs to other inputs; a search goes on with its own"):
            vendor.client().items("acme.list_things", other, resume=token)


def test_a_token_of_another_module_names_it(vendor):
    token = begun(vendor, 1)
    told = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    told[-1] = told[-1].replace("list_things", "list_others")
    with pytest.raises(koppling.InputInvalid, match=r"this resume token is one of acme\.list_others@1"):
        vendor.client().items("acme.list_things", resume=written(told))


def written(told):
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told[:-1],
        lambda told: [*told, 1],
        lambda told: [[], *told[1:]],
        lambda told: [told[0], 3, *told[2:]],
        lambda told: [*told[:2], -1, *told[3:]],
        lambda told: [*told[:2], True, *told[3:]],
        lambda told: [*told[:3], -1, told[4]],
        lambda told: [*told[:3], 1.0, told[4]],
        lambda told: [*told[:4], None],
        lambda told: {"a": 1},
        lambda told: None,
    ],
)
def test_a_token_that_somebody_changed_is_none(vendor, change):
    token = begun(vendor, 1)
    told = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    with pytest.raises(koppling.InputInvalid, match="this is no resume token, or not the whole of one"):
        vendor.client().items("acme.list_things", resume=written(change(told)))


@pytest.mark.parametrize(
    "token",
    ["", "x", "===", "å", "W10", written("[" * 4), " ", "\n", base64.urlsafe_b64encode(b"[" * 100_000).decode()],
)
def test_what_is_no_token_is_told_so(vendor, token):
    with pytest.raises(koppling.InputInvalid, match="this is no resume token"):
        vendor.client().items("acme.list_things", resume=token)


@given(st.data())
def test_half_a_token_is_none(data):
    from acme import Vendor

    vendor = Vendor()
    token = begun(vendor, 2)
    half = token[: data.draw(st.integers(0, len(token) - 1))]
    with pytest.raises(koppling.InputInvalid):
        vendor.client().items("acme.list_things", resume=half)
