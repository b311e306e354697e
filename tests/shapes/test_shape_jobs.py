"""Waiting: how long between two looks, and that a look is a plain GET with the connection's credential."""

from __future__ import annotations

import pytest

import koppling


def test_a_job_is_asked_for_as_often_as_the_answers_say(world, server, ticks):
    assert world.execute("jobs.render_film", {"title": "Vinter"}).output == {"title": "Vinter", "minutes": 90}
    assert ticks.slept == [2.0, 3.0]
    assert [(one.method, one.path, one.header("authorization")) for one in server.asked] == [
        ("POST", "/films", "Bearer job-key"),
        ("GET", "/films/f-1/state", "Bearer job-key"),
        ("GET", "/films/f-1/state", "Bearer job-key"),
    ]


def test_a_job_that_fails_says_why(world):
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("jobs.render_film", {"title": "torn"})
    assert (caught.value.kind, caught.value.code) == ("runtime", "koppling.failed")
    assert "the film tore" in str(caught.value)


def test_a_job_is_given_up_at_its_deadline_and_not_later(world, ticks):
    begun = ticks.now
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("jobs.render_film", {"title": "endless"})
    assert (caught.value.kind, caught.value.code) == ("module_timeout", "koppling.deadline")
    assert ticks.now - begun <= 30


def test_a_job_is_asked_for_less_and_less_often_and_never_behind_its_deadline(world, ticks):
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("jobs.render_patiently", {"title": "endless", "wait": True, "wait_at_most": 30})
    assert (caught.value.kind, caught.value.code) == ("module_timeout", "koppling.deadline")
    assert "not done after 30 seconds" in str(caught.value)
    assert ticks.slept == [2, 4, 6, 6, 6, 6]
    assert caught.value.partial == {"state": "running", "id": "f-1"}


@pytest.mark.parametrize("wait", [{}, {"wait": False}])
def test_a_job_is_not_waited_for_where_nobody_asks_to(world, server, ticks, wait):
    assert world.execute("jobs.render_patiently", {"title": "Vinter", **wait}).output == {
        "state": "waiting",
        "film": None,
    }
    assert (len(server.asked), ticks.slept) == (1, [])


def test_a_job_is_asked_for_at_a_path_of_its_answer(world, server):
    found = world.execute("jobs.render_patiently", {"title": "Vinter", "wait": True}).output
    assert found == {"state": "done", "film": {"title": "Vinter", "minutes": 90}}
    assert [one.path for one in server.asked] == ["/films", "/films/f-1/state", "/films/f-1/state"]


@pytest.mark.parametrize(
    ("title", "words"), [("lost", "must be text or a number"), ("astray", "must not hold the path segment")]
)
def test_an_answer_that_does_not_say_where_to_ask_is_unreadable(world, server, title, words):
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("jobs.render_patiently", {"title": title, "wait": True})
    assert (caught.value.code, caught.value.partial["state"]) == ("koppling.unreadable", "waiting")
    assert words in str(caught.value)
    assert len(server.asked) == 1


def test_an_error_on_the_way_keeps_the_job_that_goes_on(world):
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("jobs.render_patiently", {"title": "gone", "wait": True})
    assert (caught.value.status, caught.value.partial) == (404, {"state": "running", "id": "f-1"})


def test_an_answer_that_is_cut_on_the_way_keeps_the_job_and_not_the_piece(world):
    with pytest.raises(koppling.TransportError) as caught:
        world.execute("jobs.render_patiently", {"title": "cut", "wait": True})
    assert (caught.value.reason, caught.value.partial) == ("cut", {"state": "running", "id": "f-1"})


@pytest.mark.parametrize(("title", "by"), [("endless", {}), ("signed", {"by": "Bearer ***"})])
def test_a_deadline_of_the_call_keeps_the_job_that_goes_on(world, ticks, title, by):
    with pytest.raises(koppling.TransportError) as caught:
        world.execute("jobs.render_patiently", {"title": title, "wait": True}, deadline=10)
    assert (caught.value.reason, ticks.slept) == ("deadline", [2, 4])
    assert caught.value.partial == {"state": "running", "id": "f-1", **by}


def test_a_job_whose_next_look_leads_to_a_stranger_is_kept(world, server, stranger):
    server.memory["location"] = stranger.base("jobs") + "films/f-1/state"
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("jobs.render_film", {"title": "Vinter"})
    assert (caught.value.code, caught.value.partial) == ("koppling.foreign_origin", {"state": "waiting", "id": "f-1"})


def test_a_followed_log_rests_between_two_looks(world, ticks):
    bundles = world.items("pager.watch_log", {"run": "r-1", "follow": True})
    assert (bundles, ticks.slept) == ([f"line {number}" for number in range(1, 6)], [5.0])


@pytest.mark.parametrize("taken", range(1, 7))
def test_a_page_is_asked_for_only_when_it_is_needed(world, server, taken):
    world.items("pager.list_by_link", {}, lambda item: item["id"] == taken)
    assert len(server.asked) == (taken + 2) // 3


@pytest.mark.parametrize("taken", range(6))
def test_a_followed_log_goes_on_behind_what_was_given(world, taken):
    inputs = {"run": "r-1", "follow": True}
    token = world.token("pager.watch_log", taken, inputs)
    assert world.items("pager.watch_log", inputs, resume=token) == [f"line {number}" for number in range(taken + 1, 6)]
