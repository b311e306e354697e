"""A value of another kind than belongs somewhere: told where it is, and nothing that looks at the file stumbles over it."""

import copy
import itertools
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import koppling
from koppling.compile import check_connector, check_example, check_module
from koppling.compile.grammar import check_grammar, grammar
from koppling.errors import SpecError
from koppling.read import parse_document
from koppling_tools import rules
from koppling_tools.check import check
from koppling_tools.check.own_fault import OWN_FAULT
from koppling_tools.cli import main

HERE = Path(__file__).parent
MISTAKES = YAML(typ="safe").load(HERE / "shape_faults.yaml")
DAY = "2026-11-23"


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", "")
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)
    shutil.copytree(HERE / "newcomer", tmp_path / "spec")
    shutil.copytree(HERE / "newcomer", tmp_path / "before")
    monkeypatch.chdir(tmp_path)
    return Path("spec")


def written(spec, mistake):
    """Write a mistake; return its file, and the line that it stands on."""
    path = spec / "acme" / mistake["file"]
    text = path.read_text()
    margin = len(mistake["key"]) - len(mistake["key"].lstrip())
    block = re.compile(
        rf"^{re.escape(mistake['key'])}:.*\n(?:(?: {{{margin + 1},}}| {{{margin}}}- ).*\n)*", re.MULTILINE
    )
    found = block.search(text)
    start, end = found.span() if found else (len(text), len(text))
    path.write_text(f"{text[:start]}{mistake['new']}\n{text[end:]}")
    return path, text.count("\n", 0, start) + 1


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: f"{Path(one['file']).parts[0]} {one['new'].strip()}")
def test_a_value_of_another_kind_is_told_on_its_line_alone(spec, mistake):
    path, line = written(spec, mistake)
    errors = [one for one in check([spec], [], DAY).diagnostics if one.severity == "error"]
    places = [(one.location.path, one.location.line, one.rule) for one in errors]
    assert places == [(str(path), line, mistake.get("rule", "grammar"))], errors
    assert mistake["message"] in errors[0].message


COMMANDS = (
    ["validate", "spec"], ["test", "spec"], ["list", "--all"], ["diff", "before", "spec"], ["diff", "spec", "before"],
    ["lifecycle", "spec"], ["show", "acme.get_thing"], ["explain", "acme.get_thing", "id=th_1"],
    ["run", "acme.get_thing", "id=th_1", "--dry-run"], ["docs", "--out", "site"],
    ["test", "spec", "--mutate", "--sample", "1"],
)  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES[::8], ids=lambda one: one["new"].strip())
def test_every_command_lives_with_it(spec, capsys, mistake):
    written(spec, mistake)
    for words in COMMANDS:
        status = main(words)
        said = "".join(capsys.readouterr())
        assert (status in {0, 1}, "fault of Koppling" in said, "Traceback" in said) == (True, False, False), (
            words,
            said,
        )


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit"])
def test_a_broken_file_hides_no_other(spec, capsys, form):
    written(spec, {"file": "connector.yaml", "key": "auth", "new": "auth: bearer"})
    written(spec, {"file": "modules/get_thing.v1.yaml", "key": "  since", "new": "  since: string"})
    written(spec, {"file": "modules/make_thing.v2.yaml", "key": "  path", "new": "  path: '/things/${input.titel}'"})
    assert main(["validate", "spec", "--format", form]) == 1
    said = capsys.readouterr().out
    for told in ("`auth` must be a map", "`since` must be a map", "`input.titel` is no field"):
        assert re.search(re.escape(told), said, re.IGNORECASE), said


def test_a_new_state_that_is_not_the_language_is_no_difference(spec, capsys):
    written(spec, {"file": "modules/get_thing.v1.yaml", "key": "  since", "new": "  since: string"})
    assert main(["diff", "before", "spec"]) == 1
    said = capsys.readouterr()
    assert ("`since` must be a map" in said.err, said.out) == (True, "")


def test_a_call_says_that_the_spec_is_wrong(spec):
    written(spec, {"file": "connector.yaml", "key": "auth", "new": "auth: bearer"})
    with (
        koppling.Client(specs=spec, connection=None) as client,
        pytest.raises(SpecError, match="`auth` must be a map"),
    ):
        client.execute("acme.get_thing", {"id": "th_1"})
    shutil.copy(HERE / "newcomer/acme/connector.yaml", spec / "acme")
    written(spec, {"file": "modules/get_thing.v1.yaml", "key": "  path", "new": '  path: "/x/${"'})
    with koppling.Client(specs=spec) as client, pytest.raises(SpecError, match="never closed"):
        client.execute("acme.get_thing", {"id": "th_1"})


# ---- every node of some specs, of every kind ----

KINDS = ("text", "/x/${", 7, True, None, [], {}, ["text"], {"a": "text"})
CONNECTOR = """\
koppling: 1
name: acme
title: Acme
version: 1.0.0
lifecycle: {deprecated: 2026-01-01, reason: Why not.}
connection:
  fields:
    key: {type: string, title: Key, secret: true, env: KEY}
    id: {type: string, title: ID, default: x}
  required: [key]
  test: {module: get, inputs: {id: a}}
auth: {oauth2: {grant: client_credentials, token_url: "https://a.example/", client_id: "${connection.id}", client_secret: "${connection.key}", scopes: [a]}}
request: {base_url: "https://a.example/", headers: {X-Id: "${connection.id}"}}
style: {arrays: repeat}
errors: [{status: [401, 500-599], when: "code == 'a'", kind: data}]
error_body: {message: error.message}
retry: {attempts: 2, when: [connect, 429], wait: {base: 1, after: [retry-after, {header: x-wait, form: seconds}]}}
limits: {requests: {amount: 5, per: 60, weight: "${input.n}", learn: {limit: x-limit, reset: {header: x-reset, form: seconds}}}}
telemetry: {provider: acme}
$defs: {size: {enum: [small, large]}}
"""
MODULE = """\
name: get
version: 2.0.0
title: Get
kind: search
source: {page: "https://a.example/", verified: 2026-01-01}
fields:
  id: {type: string, title: ID, values: {a: {title: A, retired: 2026-01-01, reason: Gone.}}, options: {module: get, inputs: {id: a}, value: id, label: name}}
  n: {type: [integer, "null"], title: N, anyOf: [{minimum: 1}, {const: 0}], default: 1}
  size: {$ref: "connector#/$defs/size", title: Size}
required: [id]
validation: {dependentRequired: {n: [id]}, if: {properties: {n: {const: 1}}}, then: {required: [size]}}
adapts: {1: {rename: {ID: id}, drop: [old], map: {size: {s: small}}, default: {n: 1}}}
$defs: {own: {type: object, properties: {a: {items: {type: string}}}}}
request: {method: POST, path: "/x/${input.id}", query: {page: "${page.after}", size: "${page.size}"}, headers: {X-A: "${call.id}"}, json: {id: "${input.id}", list: ["${input.n}"]}}
response:
  items: data
  limit: ${input.n}
  output: {id: id, file: {value: b64, as: file, name: "${input.id}"}}
  usage: {input_tokens: usage.in}
  pages: {next: {after: "data[-1].id"}, while: more, size: {max: 100}}
  wait: {path: "/x/${body.id}", until: "state == 'done'", every: 2, deadline: 60}
  stream: {set: {n: 1}, delta: {text: delta}, done: {when: end}, fold: {text: concat, list: {by: index, index: first, a: {concat: b}}}}
errors: [{status: 404, kind: data}]
retry: {attempts: 3, idempotency: {header: Key}}
limits: {requests: {amount: 5, per: 60}}
telemetry: {operation: chat}
"""
SELECTING = """\
name: ask
version: 1.0.0
title: Ask
select: {field: about, title: About, default: a}
operations:
  a: {title: A, fields: {x: {type: string, title: X}}, required: [x], request: {method: GET, path: "/${input.x}"}, response: [{when: "${status == `200`}", output: {id: id}}, {output: id}], errors: [{status: 404, kind: data}]}
  b: {title: B, request: {target: "https://a.example/"}, lifecycle: {retired: 2026-01-01, reason: Gone.}}
"""
EXAMPLE = """\
title: All
inputs: {id: a}
as_of: 2026-01-01
connection: {id: b}
exchanges:
  - {request: {method: GET, path: /a, query: {b: [c]}, json: {a: 1}}, response: {status: 200, headers: {a: b}, json: {id: a}}, times: 2}
output: {id: a}
"""
SPECS = {
    "connector": ("connector", "acme/connector.yaml", CONNECTOR),
    "module": ("module", "acme/modules/get.v2.yaml", MODULE),
    "module that selects": ("module", "acme/modules/ask.v1.yaml", SELECTING),
    "example": ("example", "acme/examples/get.v2/all.yaml", EXAMPLE),
}


def nodes(value, pointer=()):
    yield pointer
    for key, one in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        yield from nodes(one, (*pointer, key))


def put(value, pointer, new):
    if not pointer:
        return copy.deepcopy(new)
    found = copy.copy(value)
    found[pointer[0]] = put(value[pointer[0]], pointer[1:], new)
    return found


def checked(kind, document, connector):
    if kind == "connector":
        return check_connector(document)
    return check_module(document, connector) if kind == "module" else check_example(document)


def changed(document):
    """Yield the document with each of its nodes made another kind of value, one at a time; some kinds for each node."""
    for pointer, new in itertools.islice(itertools.product(nodes(document.value), KINDS), None, None, 5):
        yield pointer, new, replace(document, value=put(document.value, pointer, new))


@pytest.mark.parametrize("name", SPECS)
def test_no_kind_of_value_anywhere_ends_a_check(name):
    kind, path, text = SPECS[name]
    document, connector = parse_document(text.encode(), path), parse_document(CONNECTOR.encode(), "acme/connector.yaml")
    module = parse_document(SELECTING.encode(), "acme/modules/ask.v1.yaml")
    assert check_grammar(document, kind) == []
    for pointer, new, broken in changed(document):
        if kind == "connector":
            found = check_connector(broken)
            check_module(module, broken)
        else:
            found = check_module(broken, connector) if kind == "module" else check_example(broken)
        assert grammar(kind).is_valid(broken.value) or any(one.severity == "error" for one in found), (pointer, new)


@pytest.mark.parametrize("name", SPECS)
def test_nor_ends_it_a_rule_of_this_file_or_another(name, tmp_path, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", "")
    for _, path, text in SPECS.values():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    kind, path, text = SPECS[name]
    for pointer, new, broken in itertools.islice(changed(parse_document(text.encode(), path)), None, None, 4):
        (tmp_path / path).write_text(json.dumps(broken.value))  # JSON is YAML, too
        found = check([tmp_path], [], DAY).diagnostics
        assert [one for one in found if one.rule == OWN_FAULT] == [], (pointer, new)
        assert grammar(kind).is_valid(broken.value) or any(one.severity == "error" for one in found), (pointer, new)


# ---- what nobody foresaw ----


def test_a_rule_that_fails_is_told_with_its_file_and_hides_nothing(spec, capsys, monkeypatch):
    def broken(view):
        raise KeyError(view.value["name"])
        yield

    known = rules.all_rules()
    failing = {"no-connector": replace(known["no-connector"], of_module=broken)}
    monkeypatch.setattr(rules, "all_rules", lambda: known | failing)
    written(spec, {"file": "connector.yaml", "key": "auth", "new": "auth: bearer"})
    assert main(["validate", "spec"]) == 2
    said = capsys.readouterr().out
    assert "`auth` must be a map" in said
    assert (
        "spec/acme/modules/get_thing.v1.yaml: error: this is a fault of Koppling itself, met with the rule no-connector: KeyError: 'get_thing'"
        in said
    )
    assert "help: please report it" in said


def test_a_check_that_fails_is_told_with_its_file_and_hides_nothing(spec, capsys, monkeypatch):
    def broken(document):
        raise TypeError(document.path)

    monkeypatch.setattr("koppling_tools.check.unit.check_example", broken)
    written(spec, {"file": "modules/get_thing.v1.yaml", "key": "  since", "new": "  since: string"})
    assert main(["validate", "spec", "--format", "json"]) == 2
    found = json.loads(capsys.readouterr().out)
    own = {one["path"] for one in found if one["rule"] == OWN_FAULT}
    assert own == {str(path) for path in spec.rglob("examples/*/*.yaml")}
    assert "`since` must be a map" in str(found)
