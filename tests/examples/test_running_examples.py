"""Examples run as tests: those that hold, those that do not and what is said then, and what has none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from koppling.catalog import Catalog
from koppling_tools.examples import run as running
from koppling_tools.examples.load import load
from koppling_tools.report.examples import Outcome, outcomes

HERE = Path(__file__).parent
DAY = "2026-11-23"
HOLDING = sorted((HERE / "spec").rglob("examples/*/*.yaml"))
FAILING = sorted((HERE / "failing").rglob("*.yaml"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def said(*paths: str, specs: tuple[str, ...] = ("spec",), word: str = "", day: str = DAY) -> str:
    return "\n".join(line for one in outcomes_of(*paths, specs=specs, word=word, day=day) for line in one.lines())


def outcomes_of(*paths: str, specs: tuple[str, ...] = ("spec",), word: str = "", day: str = DAY) -> list[Outcome]:
    return list(outcomes([Path(path) for path in paths], [Path(one) for one in specs], day, word))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("path", HOLDING, ids=named)
def test_an_example_that_holds_has_no_faults(path: Path) -> None:
    (outcome,) = outcomes([path.relative_to(HERE)], [], DAY)
    assert "\n".join(outcome.lines()) == f"FAILED {outcome.name}"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("path", FAILING, ids=named)
def test_an_example_that_does_not_hold_says_where_and_what(path: Path) -> None:
    found = said(str(path.relative_to(HERE)))
    assert found + "\n" == path.with_suffix(".out").read_text(encoding="utf-8")


@pytest.mark.usefixtures("here")
def test_all_examples_of_a_folder_run_in_stable_order() -> None:
    names = [one.name for one in outcomes_of("spec")]
    assert len(names) == len(HOLDING)
    assert names == sorted(names)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("spec/acme", len(HOLDING)),
        ("spec/acme/modules", len(HOLDING)),
        ("spec/acme/modules/create_thing.v1.yaml", 4),
        ("spec/acme/examples/list_things.v1", 2),
        ("spec/acme/examples/list_things.v1/red.yaml", 1),
    ],
)
def test_a_path_chooses_the_examples_below_it(path: str, count: int) -> None:
    assert len(outcomes_of(path, specs=())) == count


@pytest.mark.usefixtures("here")
def test_a_word_chooses_by_the_name() -> None:
    assert [one.name for one in outcomes_of("spec", word="SMALLEST")] == [
        "acme.create_thing@1/smallest",
        "acme.get_thing@1/smallest",
        "acme.weigh_thing@1/smallest",
    ]


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the connector that a test may break."""
    shutil.copytree(HERE / "spec", tmp_path / "spec")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "spec" / "acme"


def test_an_operation_without_an_example_that_sends_a_request_is_a_failure(specs: Path) -> None:
    (specs / "examples/manage_pictures.v1/replace.yaml").write_text(
        "title: Nothing is sent\ninputs: {action: replace}\n"
        "error: {type: InputInvalid, problems: [{pointer: /id}, {pointer: /picture}]}\n"
    )
    found = said("spec", word="pictures", specs=())
    assert "FAILED acme.manage_pictures@1/replace\n" in found
    assert "the operation 'replace' of acme.manage_pictures@1 has no example that sends a request [no-example]" in found
    assert "help: write spec/acme/examples/manage_pictures.v1/replace.yaml" in found


def test_a_module_without_examples_is_a_failure(specs: Path) -> None:
    shutil.rmtree(specs / "examples" / "list_things.v1")
    found = said("spec", word="list_things", specs=())
    assert found.startswith("FAILED acme.list_things@1\n  ")
    assert "modules/list_things.v1.yaml" in found
    assert "acme.list_things@1 has no example that sends a request" in found


def test_a_module_with_faults_is_told_once_and_its_examples_are_not_run(specs: Path) -> None:
    path = specs / "modules" / "get_thing.v1.yaml"
    path.write_text(path.read_text().replace("id: id", 'id: "id["'))
    found = outcomes_of("spec", word="get_thing", specs=())
    assert [one.name for one in found] == ["acme.get_thing@1"]
    assert "get_thing.v1.yaml:11:" in "\n".join(found[0].lines())


def test_a_connector_with_faults_is_told_once(specs: Path) -> None:
    path = specs / "connector.yaml"
    path.write_text(path.read_text().replace("${connection.api_key}", "${connection.key}"))
    found = outcomes_of("spec", specs=())
    assert [one.name for one in found] == ["acme"]
    assert "connector.yaml:13:16" in "\n".join(found[0].lines())


def test_an_earlier_folder_may_hold_a_module_alone_whose_examples_stand_in_a_later_one(specs: Path) -> None:
    mine = specs.parents[1] / "mine" / "acme" / "modules"
    mine.mkdir(parents=True)
    text = (specs / "modules" / "get_thing.v1.yaml").read_text()
    (mine / "get_thing.v1.yaml").write_text(text.replace("query: {", 'query: {fresh: "true", '))
    found = outcomes_of("mine", specs=("spec",))
    assert [one.name for one in found] == [
        f"acme.get_thing@1/{name}"
        for name in (
            "every_field",
            "missing_key",
            "no_key",
            "not_found",
            "own_keys",
            "second_attempt",
            "smallest",
            "without_id",
        )
    ]
    assert [one.name for one in found if one.passed] == [
        "acme.get_thing@1/missing_key",
        "acme.get_thing@1/own_keys",
        "acme.get_thing@1/without_id",
    ]
    assert "request.query.fresh is not stated" in "\n".join(found[0].lines())


def test_a_folder_without_connector_yaml_is_said_to_lack_one(tmp_path: Path) -> None:
    (tmp_path / "zeta" / "modules").mkdir(parents=True)
    found = said(str(tmp_path), specs=())
    assert "there is no connector 'zeta'" in found


@pytest.mark.usefixtures("here")
def test_a_retired_module_needs_a_day_on_which_it_lived() -> None:
    path = "spec/acme/examples/weigh_thing.v1/retired.yaml"
    assert outcomes_of(path, day="2020-12-31")[0].passed is False
    assert "the call did not fail" not in said(path, day="2020-12-31")  # it sent what nothing states
    assert "nothing may be sent, and a request was" in said(path, day="2020-12-31")
    assert outcomes_of(path, day="2021-01-01")[0].passed


@pytest.mark.usefixtures("here")
@pytest.mark.filterwarnings("error::DeprecationWarning")
def test_deprecations_do_not_disturb_a_run() -> None:
    assert outcomes_of("spec/acme/examples/create_thing.v1/every_field.yaml")[0].passed


@pytest.mark.usefixtures("here")
def test_what_only_one_world_does_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(running.Stage):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.headers.pop("authorization")
            return await super().handle_async_request(request)

    monkeypatch.setattr(running, "Stage", Forgetful)
    found = said("spec/acme/examples/get_thing.v1/no_key.yaml")
    assert "request.headers.authorization was not sent, async only [request]" in found


@pytest.mark.usefixtures("here")
def test_a_fault_of_the_interpreter_is_a_failure_and_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(running.Client, "execute", broken)
    found = said("spec/acme/examples/get_thing.v1/smallest.yaml")
    assert "the interpreter itself failed, sync only [failed]" in found
    assert "ZeroDivisionError: division by zero (" in found


def test_retries_and_polls_take_no_time(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_seconds: float) -> None:
        raise AssertionError("somebody slept")

    monkeypatch.setattr("time.sleep", never)
    examples = [
        load(here / "spec/acme/examples" / one)
        for one in ("get_thing.v1/second_attempt.yaml", "order_things.v1/until_shipped.yaml")
    ]
    with running.Runner(Catalog([here / "spec"]), DAY) as runner:
        assert [runner.run(example) for example in examples] == [[], []]


def test_an_example_elsewhere_is_told_where_it_belongs(tmp_path: Path) -> None:
    path = tmp_path / "lonely.yaml"
    path.write_text("title: Lonely\ninputs: {}\noutput: null\n")
    (fault,) = load(path).faults
    assert fault.rule == "example-place"
    assert "CONNECTOR/examples/MODULE.vMAJOR/CASE.yaml" in fault.help
