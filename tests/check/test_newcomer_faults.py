"""What a careful newcomer gets wrong: told on the line, by a rule that means it, with what mends it, and never as a traceback."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from koppling_tools.check import check

HERE = Path(__file__).parent
FAULTS = YAML(typ="safe").load(HERE / "newcomer_faults.yaml")
DAY = "2026-11-23"


def test_without_a_mistake_there_is_none(monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", "")
    assert check([HERE / "newcomer"], [], DAY).diagnostics == []
    assert len(FAULTS) > 60


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one["fault"])
def test_a_mistake_is_told_on_its_line_with_what_mends_it(fault, tmp_path, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", "")
    shutil.copytree(HERE / "newcomer", tmp_path, dirs_exist_ok=True)
    path = tmp_path / "acme" / fault["file"]
    whole = path.read_text()
    assert fault["old"] in whole
    broken = whole.replace(fault["old"], fault["new"], 1)
    path.write_text(broken)
    before, after = whole.splitlines(), broken.splitlines()
    line = next(at for at, text in enumerate(after, 1) if at > len(before) or text != before[at - 1])
    found = check([tmp_path], [], DAY).diagnostics
    own = [one for one in found if one.rule == fault["rule"] and one.location.path == str(path)]
    assert {one.location.line for one in own} == {line}, found
    assert fault["help"]
    assert own[0].help.startswith(fault["help"])


# Maps that have a `value` and are data, sent as the style says.
DATA = [
    '{value: "${input.since}"}',
    '{value: "${input.since}", op: eq}',
    '{value: "${input.since}", type: day}',
    '{value: "${input.since}", name: since}',
    '{value: "${input.since}", stile: x, op: eq}',
    '{style: comma, of: "${input.since}"}',
]


@pytest.mark.parametrize("value", DATA)
def test_a_map_with_a_value_and_keys_of_its_own_is_data(value, tmp_path, monkeypatch):
    found = after(tmp_path, monkeypatch, "modules/get_thing.v1.yaml", 'since: "${input.since}"', f"since: {value}")
    assert [one for one in found if one.rule != "failing-example"] == []


def test_requests_without_an_address_are_told_at_each_module_and_no_field_is_called_idle(tmp_path, monkeypatch):
    found = after(tmp_path, monkeypatch, "connector.yaml", "  base_url: ${connection.base_url}\n", "")
    assert {(one.rule, one.message) for one in found} == {("missing-key", "requests have no `base_url`")}
    told = {Path(one.location.path).name: one.location.line for one in found}
    assert told == {path.name: line_of_request(path) for path in (tmp_path / "acme" / "modules").iterdir()}
    assert "in connector.yaml" in found[0].help


def line_of_request(path):
    return next(at for at, line in enumerate(path.read_text().splitlines(), 1) if line.lstrip().startswith("request:"))


def test_an_address_of_the_modules_own_is_enough(tmp_path, monkeypatch):
    after(tmp_path, monkeypatch, "connector.yaml", "  base_url: ${connection.base_url}\n", "")
    for path in (tmp_path / "acme" / "modules").iterdir():
        own = 'base_url: "${connection.base_url}"'
        text = path.read_text().replace("request: {", f"request: {{{own}, ")
        path.write_text(text.replace("request:\n", f"request:\n  {own}\n"))
    assert [one for one in check([tmp_path], [], DAY).diagnostics if one.rule == "missing-key"] == []


def test_a_misspelt_address_is_told_once(tmp_path, monkeypatch):
    found = after(tmp_path, monkeypatch, "connector.yaml", "  base_url: $", "  baseurl: $")
    assert [one.message for one in found] == ["unknown key 'baseurl'"]


def after(folder, monkeypatch, file, old, new):
    """Return what is said of a copy in which one text stands in place of another."""
    monkeypatch.setenv("KOPPLING_CACHE", "")
    shutil.copytree(HERE / "newcomer", folder, dirs_exist_ok=True)
    path = folder / "acme" / file
    whole = path.read_text()
    assert old in whole
    path.write_text(whole.replace(old, new, 1))
    return check([folder], [], DAY).diagnostics


GET, MAKE = "modules/get_thing.v1.yaml", "modules/make_thing.v2.yaml"
QUERY = 'query: {lang: "${input.language || \'en\'}", since: "${input.since}"}'
OUTPUT = 'output: {id: id, name: name, parts: "parts[].name"}'
#: What is written in place of what, and all that is said of it: one cause, one message.
WORDS = {
    "a query that is a text": (GET, QUERY, 'query: "size=${input.language}"', "`query` must be a map of names to values, or one whole `${…}`, not 'size=${input.language}'"),
    "headers that are a text": (MAKE, 'headers: {X-Trace: "${call.id}"}', 'headers: "X-A: b"', "`headers` must be a map of names to values, or one whole `${…}`, not 'X-A: b'"),
    "headers of a connector that are a text": ("connector.yaml", 'headers: {X-Tenant: "${connection.tenant}"}', 'headers: "${connection.tenant}"', "`headers` must be a map, not '${connection.tenant}'"),
    "an output that is a list": (GET, OUTPUT, "output: [id, name]", "`output` must be an expression, or a map of them, not a list"),
    "an output that is a number": (GET, OUTPUT, "output: 3", "`output` must be an expression, or a map of them, not 3"),
    "a title that is a map": (GET, "title: Since", "title: {an object: 1}", "`title` must be text, not a map"),
    "a key that is quoted as it is": (GET, "title: Since", "title: [an object]", "`title` must be text, not a list"),
    "a kind that quotes an object": (GET, "source:", "kind: an object\nsource:", "`kind` must be one of 'action', 'search', not 'an object'"),
    "a path without a slash": (GET, "path: /things", "path: things", "`path` must begin with a /, not 'things/${input.id}'"),
    "a comment in place of a text": (GET, "title: Get a thing", "title: #1 thing", "`title` must be text, and holds nothing: a # after a blank begins a comment"),
    "a null in place of a text": (GET, "title: Get a thing", "title: null", "`title` must be text, not null"),
    "a field that says that it is required": (GET, "id: {type: string,", "id: {type: string, required: true,", "`required` must be a list, not true"),
    "a type that is none": (GET, "id: {type: string,", "id: {type: str,", "`type` must be one of 'string', 'number', 'integer', 'boolean', 'array', 'object', 'null', not 'str'"),
    "a brace that is never closed": (GET, QUERY, "query: {lang: x", "is no YAML: did not find expected ',' or '}' while parsing a map in {…}"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "message"), WORDS.values(), ids=WORDS)
def test_a_mistake_is_told_once_in_the_words_of_the_language(file, old, new, message, tmp_path, monkeypatch):
    found = after(tmp_path, monkeypatch, file, old, new)
    own = [one for one in found if one.rule != "failing-example" and one.location.path.endswith(file)]
    assert [one.message for one in own if one.rule != "unused-field"] == [message]
