"""Each rule's own documentation is its test: what it calls wrong breaks it, what it calls right breaks none."""

import re
from pathlib import Path

import pytest

from koppling_tools import rules
from koppling_tools.check import check, check_text

DAY = "2026-11-23"
BASE = {
    "connector.yaml": """\
koppling: 1
name: acme
title: Acme
version: 1.0.0
connection:
  fields:
    api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
    base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_BASE_URL, advanced: true}
  required: [api_key]
auth: {bearer: "${connection.api_key}"}
request: {base_url: "${connection.base_url}"}
""",
    "modules/get_thing.v1.yaml": """\
name: get_thing
version: 1.0.0
title: Get a thing
fields:
  id: {type: string, title: ID}
required: [id]
request: {method: GET, path: "/things/${input.id}"}
response: {output: {name: name}}
""",
    "examples/get_thing.v1/smallest.yaml": """\
title: The smallest call
inputs: {id: th_1}
request: {method: GET, path: /things/th_1}
response: {json: {id: th_1, name: Anvil}}
output: {name: Anvil}
""",
}


def chunks(text):
    """Split a file at its top-level keys."""
    found = {}
    for chunk in re.split(r"^(?=\S)", text, flags=re.MULTILINE):
        if chunk.strip():
            found[chunk.split(":", 1)[0]] = chunk
    return found


def laid(text):
    """Return the files of an example: those of the base, with its keys in place of theirs."""
    files = dict(BASE)
    for part in re.split(r"^# (?=\S+\.ya?ml)", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        name, _, how = head.partition(" ")
        if how == "absent":
            del files[name]
        elif how == "whole":
            files[name] = body
        elif how == "unreadable":
            files[name] = None
        else:
            merged = chunks(files.get(name, "")) | chunks(body)
            times = int(how.removeprefix("repeated ")) if how else 1
            files[name] = "".join(one if one.endswith("\n") else one + "\n" for one in merged.values()) * times
    return files


def said(text, folder, monkeypatch):
    for name, body in laid(text).items():
        path = folder / "acme" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if body is None:
            path.symlink_to("/nowhere")
        else:
            path.write_text(body)
    monkeypatch.chdir(folder)
    return check([Path("acme")], [], DAY).diagnostics


@pytest.mark.parametrize("name", rules.names())
def test_what_a_rule_calls_wrong_breaks_it(name, tmp_path, monkeypatch):
    rule = rules.all_rules()[name]
    found = said(rule.wrong, tmp_path, monkeypatch)
    assert name in {one.rule for one in found}, found
    assert {one.severity for one in found if one.rule == name} == {rule.severity}


@pytest.mark.parametrize("name", rules.names())
def test_what_a_rule_calls_right_breaks_none(name, tmp_path, monkeypatch):
    assert said(rules.all_rules()[name].right, tmp_path, monkeypatch) == []


@pytest.mark.parametrize("name", rules.names())
def test_a_rule_is_told_in_a_sentence_and_its_examples_differ(name):
    rule = rules.all_rules()[name]
    assert rule.summary.endswith(".")
    assert rule.wrong != rule.right


def test_every_rule_that_the_interpreter_names_is_documented():
    package = Path(rules.__file__).parents[3] / "interpreter" / "koppling"
    named = {
        word
        for path in package.rglob("*.py")
        for word in re.findall(r"(?:\bdocument\.fault|\bself\._fault|Diagnostic)\(\s*\"([a-z-]+)\"", path.read_text())
    }
    assert named - set(rules.names()) == set()
    assert "undefined-reference" in named


# ---- comments that let faults stand ----

RETRY = "retry: {methods: [POST]}"
MODULE = BASE["modules/get_thing.v1.yaml"]


@pytest.fixture
def module(tmp_path, monkeypatch):
    said("", tmp_path, monkeypatch)
    return lambda text: [
        f"{one.location.line}: {one.severity}: {one.message} [{one.rule}]"
        for one in check_text(Path("acme/modules/get_thing.v1.yaml"), text, [], DAY)
    ]


POST = "a POST that is repeated may be carried out twice, and nothing says why that is right [unsafe-retry]"
COMMENTS = {
    "a fault is told": (RETRY, [f"9: warning: {POST}"]),
    "a comment on its line lets it stand": (
        f"{RETRY}  # koppling: ignore[unsafe-retry] it finds and changes nothing",
        [],
    ),
    "a comment on the line above does": (
        f"# koppling: ignore[unsafe-retry] it finds, and changes nothing\n{RETRY}",
        [],
    ),
    "a comment for the whole file does": (f"{RETRY}\n# koppling: ignore-file[unsafe-retry] it changes nothing", []),
    "a comment on another line does not": (
        f"{RETRY}\nx-more: 1  # koppling: ignore[unsafe-retry] it changes nothing",
        [f"9: warning: {POST}", "10: warning: nothing here breaks unsafe-retry [suppression]"],
    ),
    "a comment without a reason is a fault": (
        f"{RETRY}  # koppling: ignore[unsafe-retry]",
        [f"9: warning: {POST}", "9: error: say why: `# koppling: ignore[unsafe-retry] …` [suppression]"],
    ),
    "a comment that names no rule is a fault": (
        f"{RETRY}  # koppling: ignore",
        [f"9: warning: {POST}", "9: error: name the rules: `# koppling: ignore[RULE] why` [suppression]"],
    ),
    "a misspelt rule is a fault": (
        f"{RETRY}  # koppling: ignore[unsafe-rety] why",
        [f"9: warning: {POST}", "9: error: there is no rule 'unsafe-rety'; did you mean 'unsafe-retry'? [suppression]"],
    ),
    "a misspelt word is a fault": (
        f"{RETRY}  # koppling: ignor[unsafe-retry] why",
        [
            f"9: warning: {POST}",
            "9: error: `koppling: ignor` is no comment that is known here; did you mean 'ignore'? [suppression]",
        ],
    ),
    "an error stands in spite of it": (
        "reqest: {}  # koppling: ignore[unknown-key] later",
        ["9: error: unknown key 'reqest' [unknown-key]"],
    ),
}


@pytest.mark.parametrize(("line", "expected"), COMMENTS.values(), ids=COMMENTS.keys())
def test_a_comment_lets_a_fault_stand(module, line, expected):
    assert module(f"{MODULE}{line}\n") == expected


def test_faults_of_grammar_do_not_hide_the_others(module):
    text = (
        MODULE.replace("title: ID", "titel: ID")
        .replace("${input.id}", "${input.ids}")
        .replace("name: name", 'name: "name["')
    )
    assert [one.rpartition(" ")[2] for one in module(text)] == [
        "[unknown-key]",
        "[undefined-reference]",
        "[expression-syntax]",
    ]
