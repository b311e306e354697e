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


def test_a_followed_log_rests_between_two_looks(world, ticks):
    bundles = world.items("pager.watch_log", {"run": "r-1", "follow": True})
    assert (bundles, ticks.slept) == ([f"line {number}" for number in range(1, 6)], [5.0])


@pytest.mark.parametrize("taken", range(1, 7))
def test_a_page_is_asked_for_only_when_it_is_needed(world, server, taken):
    world.items("pager.list_by_link", {}, lambda item: item["id"] == taken)
    assert len(server.asked) == (taken + 2) // 3
