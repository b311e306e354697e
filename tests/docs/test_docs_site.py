from __future__ import annotations

import json
import re
import shutil

import pytest
from built_site import DAY, SPECS, broken_links, pages, site

from koppling.builtin import builtin_folder
from koppling.catalog import Catalog
from koppling.errors import SpecError, UnknownModule
from koppling_tools.cli import main
from koppling_tools.docs.atlas import survey
from koppling_tools.docs.html import is_safe, tag
from koppling_tools.docs.site import build

ALL = ("acme", "hostile", "openai")
THING = "acme/get_thing.v2.html"


@pytest.fixture(scope="module")
def whole():
    return site(*ALL)


def section(text, anchor):
    """Return the markup from a heading on, to the next of its level."""
    level, rest = re.search(rf'<(h\d) id="{anchor}">(.*)', text, re.DOTALL).groups()
    return rest.partition(f"<{level} ")[0]


def test_every_page_is_well_formed_html(whole):
    import html5lib

    for path, text in whole.items():
        if path.endswith(".html"):
            parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
            parser.parse(text)  # raises where a browser would have to guess
            assert not parser.errors, path


def test_every_link_and_anchor_leads_somewhere(whole):
    assert list(broken_links(whole)) == []


def test_no_id_stands_twice_on_a_page(whole):
    for path, page in pages(whole).items():
        assert len(page.ids) == len(set(page.ids)), path


def test_every_address_of_the_search_is_there(whole):
    index = json.loads(whole["search.js"].removeprefix("window.kopplingIndex = ").removesuffix(";\n"))
    read = pages(whole)
    assert {row[0] for row in index} == {"connector", "module", "operation", "field"}
    for row in index:
        path, mark, anchor = row[4].partition("#")
        assert path in read, row
        assert not mark or anchor in read[path].ids, row


def test_what_specs_say_is_text_and_never_markup(whole):
    own = {"../site.js", "site.js"}
    for path, page in pages(whole).items():
        for name, attributes in page.elements:
            assert name not in {"img", "iframe", "object", "embed", "base", "style"}, path
            assert name != "script" or attributes["src"] in own, path
            assert not [key for key in attributes if key.startswith("on")], (path, attributes)
        assert all(is_safe(link) for link in page.links), path
    text = pages(whole)["hostile/mark_up.v1.html"].text
    for number in (*range(4, 6), *range(8, 16)):
        assert f"alert({number})" in text
    assert pages(whole)["hostile/index.html"].text.count("<script>alert(1)</script>") >= 2


def test_an_address_that_a_browser_would_run_is_no_link():
    for address in ("javascript:x", " JaVaScript:x", "\tjava\nscript:x", "data:text/html,x", "vbscript:x", "file:///x"):
        assert not is_safe(address) or ":" not in address.split("\n")[0], address
        assert "href" not in str(tag("a", "x", href=address)) or "\n" in address
    assert str(tag("a", "x", href="https://x.example/?a=1&b=2")) == '<a href="https://x.example/?a=1&amp;b=2">x</a>'


def test_a_script_never_holds_text():
    with pytest.raises(ValueError, match="link to a file"):
        tag("script", "alert(1)")


def test_required_fields_are_bold_and_advanced_ones_are_folded(whole):
    text = whole[THING]
    assert '<strong class="title">ID</strong>' in text
    assert '<span class="title">Kind</span>' in text
    fields = section(text, "fields")
    seen, folded = fields.split('<details class="advanced">')
    assert 'id="field-kind"' in seen
    assert 'id="field-part"' in folded
    assert 'id="field-part.wing_span"' in folded


def test_a_schema_that_holds_itself_is_shown_once(whole):
    ids = pages(whole)[THING].ids
    assert "field-part.parts" in ids
    assert not [one for one in ids if one.startswith("field-part.parts.parts")]


def test_dated_fields_and_values_say_so(whole):
    text = pages(whole)[THING].text
    assert "Deprecated since 2026-03-01, gone from 2027-03-01 on; use small instead." in text
    assert "Gone since 2026-02-01; use small instead." in text
    assert 'class="field' in whole[THING]
    assert "Deprecated since 2026-05-01; use kind instead." in text


def test_a_retired_module_names_its_replacement_and_links_to_it(whole):
    text = whole["acme/get_thing.v1.html"]
    assert 'class="badge retired"' in text
    assert (
        "Gone since 2025-06-01; use get_thing@2 instead. The vendor numbers things anew."
        in pages(whole)["acme/get_thing.v1.html"].text
    )
    assert 'use <a href="get_thing.v2.html">get_thing@2</a> instead' in text
    assert '<a href="get_thing.v2.html"><code>get_thing@2</code></a>' in text


def test_a_dynamic_select_names_the_module_that_lists_its_values(whole):
    text = whole["acme/get_things.v1.html"]
    assert 'The values come from <a href="get_things.v1.html">Get things</a> (action: list).' in " ".join(text.split())


def test_each_reference_of_a_request_is_marked_and_leads_to_its_field(whole):
    request = section(whole[THING], "request")
    assert '<span class="ref">${<a href="#field-kind">input.kind</a>}</span>' in request
    assert """<span class="ref">${<a href="#field-colour">input.colour</a> || '}'}</span>""" in request
    assert '<span class="method post">POST</span>' in request


def test_pages_limits_and_errors_are_said_in_words(whole):
    text = pages(whole)["acme/get_things.v1.html"].text
    assert "A list of bundles, one for each of data:" in text
    assert "Page by page: the next one's page.after is data[-1].id, as long as has_more, 100 a page at most." in text
    assert "Tried up to 3 times on: 429, 500-599." in text
    assert "A POST is never tried again." in pages(whole)[THING].text


def test_output_keys_are_described_by_the_schema_of_the_answer(whole):
    assert "What it is called." in section(whole[THING], "output")


def test_each_example_is_shown_as_python_as_a_command_and_as_curl(whole):
    examples = section(whole[THING], "examples")
    for name in ("Python", "Command", "curl"):
        assert f'data-tab="{name}"' in examples
    text = pages(whole)[THING].text
    assert 'koppling.execute("acme.get_thing@2"' in text
    assert "koppling run acme.get_thing@2 id=th_1" in text
    assert "curl -X POST https://api.acme.example/v2/things/th_1" in text


def test_a_streamed_example_streams(whole):
    text = whole["openai/create_chat_completion.v1.html"]
    assert "client.stream(" in pages(whole)["openai/create_chat_completion.v1.html"].text
    assert "--stream" in text


def test_python_shown_names_the_folder_of_the_specs_by_its_name_alone(whole, tmp_path):
    assert ', specs="spec")' in pages(whole)[THING].text
    assert "specs=" not in whole["openai/create_chat_completion.v1.html"]
    openai = builtin_folder() / "openai"
    shutil.copytree(openai, tmp_path / "mine/openai")
    own = build(survey(Catalog([tmp_path / "mine"]), DAY, ["openai"]), [])
    text = pages(own)["openai/create_chat_completion.v1.html"].text
    assert 'koppling.Client(specs="mine") as client' in text
    assert ', specs="mine")' in text
    assert str(tmp_path) not in text


def test_python_shown_is_python(whole):
    for path, text in whole.items():
        for shown in re.findall(r'<section data-tab="Python">.*?<code>(.*?)</code>', text, re.DOTALL):
            from html import unescape

            compile(unescape(re.sub(r"<[^>]+>", "", shown)), path, "exec")


def test_no_secret_stands_anywhere(whole):
    for text in whole.values():
        assert "acme-very-secret-key" not in text
        assert "a-token-nobody-may-see" not in text
    assert "authorization: Bearer ***" in pages(whole)[THING].text


def test_everything_with_a_date_is_on_the_page_of_dates(whole):
    page = pages(whole)["dates.html"]
    coming, _, past = page.text.partition("2026#")
    assert "retires acme.get_thing@2 · kind: large value use small" in coming
    assert "retires acme.get_things@1 · find operation use list" in coming
    assert "retires acme.get_thing@1 module use get_thing@2. The vendor numbers things anew." in past


def test_the_same_specs_give_the_same_bytes(whole, tmp_path):
    there = tmp_path / "elsewhere" / SPECS.name
    shutil.copytree(SPECS, there)
    again = build(survey(Catalog([there]), DAY, ("hostile", "acme")))
    first = build(survey(Catalog([SPECS]), DAY, ("acme", "hostile")))
    assert again == first


def test_a_site_changes_on_the_days_of_lifecycles_and_on_no_other():
    assert site("acme", day="2026-11-23") == site("acme", day="2026-10-01") == site("acme", day="2027-02-28")
    before, after = site("acme", day="2027-02-28"), site("acme", day="2027-03-01")
    assert "States as of" in before[THING]
    assert pages(before)[THING].text.endswith("States as of 2026-08-01, until 2027-03-01.")
    assert pages(after)[THING].text.endswith("States as of 2027-03-01, until 2027-08-01.")


def test_the_page_of_rules_shows_wrong_and_right(whole):
    page = pages(whole)["rules.html"]
    assert "unknown-key" in page.ids
    assert "https://example.org/keys" in page.links
    assert (
        "; see https://example.org/keys. It is probably a slip of the pen. Wrong nam: get_thing # <script> Right name: get_thing"
        in page.text
    )
    assert "rules.html" in page.links
    without = build(survey(Catalog([SPECS]), DAY, ("acme",)))
    assert "rules.html" not in without
    assert "rules.html" not in without["index.html"]


def test_a_connector_that_is_not_there_is_named_with_the_near_miss(tmp_path, capsys):
    with pytest.raises(UnknownModule):
        survey(Catalog([SPECS]), DAY, ("acne",))
    assert main(["docs", "--out", str(tmp_path / "x"), "--specs", str(SPECS), "acne"]) == 1
    assert "acme" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_the_faults_of_all_specs_are_shown_and_nothing_is_written(tmp_path):
    shutil.copytree(SPECS, tmp_path / "spec")
    for name in ("get_thing.v1", "get_thing.v2"):
        path = tmp_path / "spec/acme/modules" / f"{name}.yaml"
        path.write_text(path.read_text() + "no_such_key: 1\n")
    with pytest.raises(SpecError) as found:
        survey(Catalog([tmp_path / "spec"]), DAY, ("acme",))
    assert len(found.value.diagnostics) == 2
