"""An idempotency key, where the spec declares one: the same for all attempts of a request, another for each request."""

import shutil
from uuid import UUID

import httpx
import pytest
from acme import SPEC

import koppling
from koppling.compile import check_module
from koppling.read import parse_document

MODULE = """
name: find_things
version: 1.0.0
kind: search
title: Find things
fields:
  key: {type: string}
  again: {type: string}
request:
  method: POST
  path: /finds
  headers: {idempotency-key: "${input.key}"}
  json: {after: "${page.after}", again: "${input.again}"}
response:
  items: data
  pages: {next: {after: next}}
retry: {idempotency: {header: Idempotency-Key}}
"""


@pytest.fixture
def find(vendor, tmp_path):
    """Return what finds things by POST, page by page; each request with the answers that are given."""
    shutil.copytree(SPEC, tmp_path / "spec")
    (tmp_path / "spec/acme/modules/find_things.v1.yaml").write_text(MODULE)
    connection = koppling.Connection("acme", api_key="k")
    clock = koppling.Clock(now=lambda: 0.0, sleep=lambda _: None, random=lambda: 0.0)
    client = koppling.Client(connection, tmp_path / "spec", httpx.MockTransport(vendor.handle), clock=clock)

    def execute(*answers, **inputs):
        vendor.answers, vendor.requests = list(answers), []
        client.execute("acme.find_things", inputs)
        return [one.headers.get_list("idempotency-key") for one in vendor.requests]

    execute.client = client
    return execute


BUSY, LOST = httpx.Response(503), httpx.ReadTimeout("slow")


def test_all_attempts_carry_one_key_and_each_page_its_own(find):
    first = find(BUSY, LOST, {"data": [], "next": 2}, BUSY, {"data": []})
    assert [len(one) for one in first] == [1] * 5
    keys = [str(UUID(one[0])) for one in first]
    assert keys[0] == keys[1] == keys[2] != keys[3] == keys[4]
    assert find({"data": []})[0][0] not in keys


def test_a_key_that_the_caller_gives_is_the_key(find):
    assert find(BUSY, {"data": []}, key="order-7") == [["order-7"], ["order-7"]]


def test_what_is_shown_before_it_is_sent_has_a_key_and_where_it_comes_from(find):
    assert UUID(find.client.render("acme.find_things").headers["idempotency-key"])
    leaf = next(
        one for one in find.client.trace("acme.find_things").leaves if one.name == "idempotency-key" and one.value
    )
    assert (leaf.place.rpartition("/")[2], leaf.others) == ("find_things.v1.yaml:17:31", ("call.key",))


def test_a_method_that_is_safe_to_repeat_carries_none(vendor, tmp_path):
    shutil.copytree(SPEC, tmp_path / "spec")
    path = tmp_path / "spec/acme/connector.yaml"
    path.write_text(path.read_text().replace("retry:\n", "retry:\n  idempotency: {header: Idempotency-Key}\n"))
    vendor.answers = [{"data": []}]
    with koppling.Client(
        koppling.Connection("acme", api_key="k"), tmp_path / "spec", httpx.MockTransport(vendor.handle)
    ) as client:
        client.execute("acme.list_things")
        client.execute("acme.make_thing", {"name": "x"})
    assert ["idempotency-key" in one.headers for one in vendor.requests] == [False, True]


def test_a_key_without_a_header_is_a_fault_on_its_line():
    text = MODULE.replace("{header: Idempotency-Key}", "{}")
    said = [str(one) for one in check_module(parse_document(text.encode(), "acme/modules/find_things.v1.yaml"), None)]
    assert said == ["acme/modules/find_things.v1.yaml:17:22: error: the key 'header' is required [missing-key]"]
