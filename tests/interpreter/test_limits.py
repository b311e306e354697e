"""Rate limits with a clock that is simulated: whatever comes when, the amount holds, and everybody is served in order."""

import heapq
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koppling.limits import Limits, Queue, Rule, Told

PER = 10.0
ON_TIME = itertools.repeat(0.0)
REQUESTS = {"per": PER, "amount": 5}


def run(queue, rules, arrivals, late=ON_TIME, events=()):
    """Live through arrivals of (time, inputs), each woken as late as `late` says.

    Return (number, time, inputs) of the served.

    `events` are (time, what is done then).
    """
    order = itertools.count()
    agenda = [(at, next(order), "come", (number, inputs)) for number, (at, inputs) in enumerate(arrivals)]
    agenda += [(at, next(order), "do", what) for at, what in events]
    heapq.heapify(agenda)
    served = []
    for _ in range(100_000):
        if not agenda:
            return served
        now, _, kind, what = heapq.heappop(agenda)
        if kind == "do":
            what(now)
            continue
        if kind == "come":
            number, inputs = what
            turn = queue.enter(rules, {"input": inputs}, now)
        else:
            number, inputs, turn = what
        wait = queue.left(turn, now)
        if wait > 0:
            heapq.heappush(agenda, (now + wait + next(late), next(order), "wake", (number, inputs, turn)))
        else:
            served.append((number, now, inputs))
            queue.leave(turn)
    raise AssertionError("somebody is never served")


def most_in_a_window(served, weight=lambda _: 1.0, since=float("-inf")):
    """Return the largest sum of weights in any span that is a little shorter than the limit's."""
    found = [(at, weight(inputs)) for _, at, inputs in served if at >= since]
    return max((sum(w for at, w in found if first <= at < first + PER - 1e-5) for first, _ in found), default=0)


TIMES = st.lists(st.floats(0, 50), max_size=60).map(sorted)
LATE = st.lists(st.sampled_from([0.0, 0.0, 0.01, 3.0, 12.0]), min_size=1, max_size=20).map(itertools.cycle)


@settings(deadline=None)
@given(TIMES, LATE, st.integers(1, 7))
def test_no_window_ever_holds_more_than_the_amount(times, late, amount):
    rule = Rule("requests", {"per": PER, "amount": amount})
    served = run(Queue({}), [rule], [(at, {}) for at in times], late)
    assert len(served) == len(times)
    assert most_in_a_window(served) <= amount


@settings(deadline=None)
@given(TIMES, st.integers(1, 7))
def test_who_came_first_is_served_first_and_as_soon_as_there_is_room(times, amount):
    served = run(Queue({}), [Rule("requests", {"per": PER, "amount": amount})], [(at, {}) for at in times])
    served.sort(key=lambda one: (round(one[1], 6), one[0]))  # who is served at one moment is served in no order
    assert [number for number, _, _ in served] == list(range(len(times)))
    for index, (_, at, _) in enumerate(served):
        freed = served[index - amount][1] + PER if index >= amount else 0.0
        assert at == pytest.approx(max(times[index], freed))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 12)), max_size=40).map(sorted), LATE)
def test_weights_hold_as_well_and_who_is_heavier_than_the_amount_goes_alone(arrivals, late):
    rules = [
        Rule("requests", {"per": PER, "amount": 6}),
        Rule("tokens", {"per": PER, "amount": 10, "weight": "${input.n}"}),
    ]
    served = run(Queue({}), rules, [(at, {"n": n}) for at, n in arrivals], late)
    assert len(served) == len(arrivals)
    assert most_in_a_window(served) <= 6
    light = [one for one in served if one[2]["n"] <= 10]
    assert most_in_a_window(light, lambda one: one["n"]) <= 10
    assert most_in_a_window(served, lambda one: one["n"]) <= 12


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from("ab")), max_size=40).map(sorted))
def test_each_scope_has_an_amount_of_its_own(arrivals):
    rule = Rule("requests", {**REQUESTS, "scope": "${input.model}"})
    both = run(Queue({}), [rule], [(at, {"model": model}) for at, model in arrivals])
    for model in "ab":
        alone = run(Queue({}), [rule], [(at, {"model": one}) for at, one in arrivals if one == model])
        assert [at for _, at, inputs in both if inputs["model"] == model] == pytest.approx([at for _, at, _ in alone])


@settings(deadline=None)
@given(TIMES, st.floats(0, 40), st.integers(1, 4), LATE)
def test_what_is_learned_to_be_less_holds_from_then_on_for_those_who_wait_too(times, at, amount, late):
    queue, rule = Queue({}), Rule("requests", REQUESTS)
    learn = (at, lambda now: queue.learn(rule, {"input": {}}, Told(amount, None, None), now))
    served = run(queue, [rule], [(one, {}) for one in times], late, [learn])
    assert len(served) == len(times)
    assert most_in_a_window(served, since=at + PER) <= amount


def test_what_is_learned_to_be_more_lets_those_who_wait_go_sooner():
    queue, rule = Queue({}), Rule("requests", {"per": PER, "amount": 1})
    turns = [queue.enter([rule], {"input": {}}, 0.0) for _ in range(4)]
    assert [queue.left(turn, 0.0) for turn in turns] == [0.0, 10.0, 20.0, 30.0]
    queue.learn(rule, {"input": {}}, Told(3.0, None, None), 1.0)
    assert [queue.left(turn, 1.0) for turn in turns[1:]] == [0.0, 0.0, 9.0]


@pytest.mark.parametrize(
    ("steady", "waits"),
    [(False, [0.0, 0.0, 8.0, 8.0]), (True, [0.0, 0.0, 8 / 3, 16 / 3])],
    ids=["all at once", "little by little"],
)
def test_what_remains_is_sent_and_the_rest_when_the_vendor_has_it_back(steady, waits):
    queue, rule = Queue({}), Rule("requests", {"per": PER, "amount": 5, "learn": {"steady": steady}})
    queue.learn(rule, {"input": {}}, Told(5.0, 2.0, 8.0), 0.0)
    turns = [queue.enter([rule], {"input": {}}, 0.0) for _ in range(4)]
    assert [queue.left(turn, 0.0) for turn in turns] == pytest.approx(waits)


def test_what_is_under_way_counts_against_what_remains():
    queue, rule = Queue({}), Rule("requests", REQUESTS)
    first, second = (queue.enter([rule], {"input": {}}, 0.0) for _ in range(2))
    assert queue.left(first, 0.0) == queue.left(second, 0.0) == 0.0
    queue.leave(first)
    queue.learn(rule, {"input": {}}, Told(5.0, 2.0, 8.0), 0.0)
    turns = [queue.enter([rule], {"input": {}}, 0.0) for _ in range(2)]
    assert [queue.left(turn, 0.0) for turn in turns] == [0.0, 8.0]


def test_who_leaves_the_queue_makes_room():
    queue, rule = Queue({}), Rule("requests", {"per": PER, "amount": 1})
    turns = [queue.enter([rule], {"input": {}}, 0.0) for _ in range(3)]
    assert queue.left(turns[0], 0.0) == 0.0
    queue.leave(turns[1])
    assert queue.left(turns[2], 1.0) == 9.0


@settings(deadline=None)
@given(TIMES, st.floats(0, 50), st.floats(2, 1e6))
def test_a_clock_that_is_set_back_holds_nobody_up(times, at, back):
    queue, rule = Queue({}), Rule("requests", REQUESTS)

    class Wrong:
        """A queue whose clock is set back."""

        def __getattr__(self, name):
            return lambda *given: getattr(queue, name)(*given[:-1], given[-1] - back if given[-1] >= at else given[-1]) \
                if name != "leave" else queue.leave(*given)  # fmt: skip

    served = run(Wrong(), [rule], [(one, {}) for one in times])
    assert len(served) == len(times)
    assert most_in_a_window(served) <= 5


@pytest.mark.parametrize(
    ("amounts", "declared", "told", "waits"),
    [
        ({}, None, None, False), ({}, 1, None, True), ({"requests": 1}, None, None, True), ({"requests": 9}, 1, None, False), ({"requests": 1}, 9, None, True),
        ({"requests": float("inf")}, 1, None, False), ({"requests": float("inf")}, 1, 1, False), ({"requests": 9}, 9, 1, True), ({"requests": 1}, 9, 9, True),
        ({}, None, 1, True), ({}, 1, 9, False), ({"tokens": 1}, None, None, False),
    ],
)  # fmt: skip
def test_an_amount_is_the_callers_else_what_was_learned_else_the_specs(amounts, declared, told, waits):
    rule = Rule("requests", {"per": PER, **({} if declared is None else {"amount": declared})})
    queue = Limits(**amounts).queue("one")
    if told is not None:
        queue.learn(rule, {"input": {}}, Told(told, None, None), 0.0)
    turns = [queue.enter([rule], {"input": {}}, 0.0) for _ in range(2)]
    assert [queue.left(turn, 0.0) > 0 for turn in turns] == [False, waits]
    assert queue.knows([rule]) or not waits


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, None), ({"l": "500", "r": "499", "s": "120ms"}, Told(500, 499, 0.12)), ({"r": "0"}, Told(None, 0, None)), ({"l": "500"}, Told(500, None, None)),
        ({"l": "0", "r": "many", "s": "1s"}, None), ({"l": "many", "r": "3", "s": "6m0s"}, Told(None, 3, 360)), ({"s": "1s"}, None),
    ],
)  # fmt: skip
def test_headers_are_read_as_far_as_they_say_anything(headers, told):
    assert (
        Rule("requests", {"per": 60, "learn": {"limit": "L", "remaining": "R", "reset": "S"}}).told(headers, 0.0)
        == told
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(200, 600))
def test_a_long_queue_costs_little_for_each(count):
    queue, rule = Queue({}), Rule("requests", {"per": PER, "amount": 100})
    served = run(queue, [rule], [(0.0, {}) for _ in range(count)])
    assert served[-1][1] == PER * ((count - 1) // 100)


def test_scopes_without_end_are_forgotten_when_nothing_of_them_counts():
    queue, rule = Queue({}), Rule("requests", {**REQUESTS, "scope": "${input.model}"})
    served = run(queue, [rule], [(number / 10, {"model": str(number)}) for number in range(3000)])
    assert len(served) == 3000
    assert len(queue._windows) < 1200


def test_wrong_amounts_are_refused():
    with pytest.raises(ValueError, match="requests is a number above 0, not 0"):
        Limits(requests=0)
    with pytest.raises(TypeError, match="requests is a number, not a str"):
        Limits(requests="5")
