"""The site as a person sees it: in Chromium, from the disk, without a network."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from built_site import site
from chromium_pipe import Browser, chromium

from koppling_tools.docs.folder import write

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(
        chromium() is None and not os.environ.get("CI"), reason="no Chromium here: apt-get install chromium"
    ),
]

CHAT = "openai/create_chat_completion.v1.html"
FILES = "openai/manage_files.v1.html"

# Each text with the colours that it is seen in, as the standard defines contrast:
# https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
CONTRASTS = """(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) => top.slice(0, 3).map((one, at) => one * top[3] + under[at] * (1 - top[3])).concat(1);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script") || !element.getClientRects().length) continue;
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.unshift(parse(getComputedStyle(one).backgroundColor));
    const ground = layers.reduce((under, top) => over(top, under), [255, 255, 255, 1]);
    const style = getComputedStyle(element);
    const ink = over(parse(element.closest("svg") ? style.fill : style.color), ground);
    const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const key = `${element.tagName}.${element.getAttribute("class") || ""}`;
    if (!(key in found) || ratio < found[key]) found[key] = ratio;
  }
  return found;
})()"""
WIDER = """[...document.querySelectorAll('body *')].filter((one) => {
  const box = one.getBoundingClientRect();
  if (!box.width || one.closest('.unseen, .skip')) return false;
  for (let up = one.parentElement; up; up = up.parentElement) {
    if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(up).overflowX)) return false;
  }
  return box.right > innerWidth + 1;
}).map((one) => one.outerHTML.slice(0, 120))"""
SETTLED = "new Promise((done) => setTimeout(done, 150))"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("a site") / "with 100% & more"  # an address that has to be escaped
    write(found, site("acme", "hostile", "openai"))
    return found


@pytest.fixture
def browser():
    assert chromium(), "CI has to install Chromium: apt-get install --yes --no-install-recommends chromium"
    with Browser() as found:
        found.size(1280)
        yield found
        assert found.complaints == []
        assert [one for one in found.requests if not one.startswith(("file://", "data:", "about:"))] == []


def every_page(folder):
    return sorted(folder.rglob("*.html"))


def test_no_page_complains_or_asks_the_network(browser, folder):
    for page in every_page(folder):
        browser.open(page)
        assert browser.run("document.title.length > 0 && document.styleSheets.length === 1"), page
        assert browser.run("document.querySelectorAll('main').length") == 1, page


def test_no_page_is_wider_than_a_phone(browser, folder):
    browser.size(360, 800, phone=True)
    for page in every_page(folder):
        browser.open(page)
        browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert browser.run("document.documentElement.scrollWidth") <= 360, (page, browser.run(WIDER))
        assert browser.run(WIDER) == [], page


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_text_has_enough_contrast(browser, folder, colours):
    browser.prefer(colours)
    for page in every_page(folder):
        browser.open(page)
        browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        low = {key: round(ratio, 2) for key, ratio in browser.run(CONTRASTS).items() if ratio < 4.5}
        assert not low, page


def test_the_system_chooses_the_colours_until_somebody_does_and_that_is_remembered(browser, folder):
    ground = "getComputedStyle(document.body).backgroundColor"
    browser.prefer("light")
    browser.open(folder / "index.html")
    light = browser.run(ground)
    browser.prefer("dark")
    browser.run(SETTLED)
    dark = browser.run(ground)
    assert dark != light
    browser.run("document.querySelector('.theme button').click()")
    assert browser.run(ground) == light
    browser.open(folder / CHAT)
    assert browser.run(ground) == light
    browser.run("document.querySelector('.theme button').click()")
    assert browser.run(ground) == dark


def test_without_scripts_all_is_readable_and_dark_where_the_system_is(browser, folder):
    browser.script(on=False)
    browser.prefer("dark")
    browser.open(folder / FILES)
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(15, 21, 27)"
    hidden = (
        "[...document.querySelectorAll('[data-tab]')].filter((one) => getComputedStyle(one).display === 'none').length"
    )
    assert browser.run(hidden) == 0


def test_a_field_is_found_by_its_name_and_enter_opens_it(browser, folder):
    browser.open(folder / "index.html")
    browser.key("/")
    assert browser.run("document.activeElement.type") == "search"
    browser.type("wing_span")
    browser.run(SETTLED)
    assert "Get a thing" in browser.run("document.querySelector('[aria-selected=true]').textContent")
    browser.wait_for_load(lambda: browser.key("Enter"))
    assert browser.run("location.href").endswith("/acme/get_thing.v2.html#field-part.wing_span")
    shown = "document.getElementById('field-part.wing_span').checkVisibility()"
    assert browser.run(shown), "the folded settings around it open"


def test_arrows_move_through_what_was_found_and_escape_closes_it(browser, folder):
    browser.open(folder / CHAT)
    browser.key("/")
    browser.type("model")
    browser.run(SETTLED)
    chosen = "document.querySelector('[role=combobox]').getAttribute('aria-activedescendant')"
    assert browser.run(chosen) == "found-0"
    browser.key("ArrowDown")
    assert browser.run(chosen) == "found-1"
    browser.key("ArrowUp")
    browser.key("ArrowUp")
    assert browser.run(chosen) != "found-0"
    browser.key("Escape")
    assert browser.run("document.querySelector('.found').hidden")


def test_what_is_not_there_is_said(browser, folder):
    browser.open(folder / "index.html")
    browser.key("/")
    browser.type("zzzz")
    browser.run(SETTLED)
    assert browser.run("document.querySelector('.found').textContent") == "Nothing found."


def test_tabs_of_operations_switch_by_pointer_and_by_key(browser, folder):
    browser.open(folder / FILES)
    shown = "[...document.querySelectorAll('.operation')].filter((one) => one.checkVisibility()).map((one) => one.dataset.tab)"
    assert browser.run(shown) == ["list"]
    browser.run("document.querySelectorAll('.operations > .tablist button')[1].click()")
    assert browser.run(shown) == ["retrieve"]
    browser.run("document.querySelector('.operations > .tablist [aria-selected=true]').focus()")
    browser.key("ArrowRight")
    assert browser.run(shown) == ["retrieve_content"]


def test_a_link_into_a_tab_opens_it(browser, folder):
    browser.open(folder / FILES, "#upload-field-purpose")
    shown = "document.getElementById('upload-field-purpose').checkVisibility()"
    assert browser.run(shown)
    browser.run("location.hash = '#delete-errors'")
    browser.run(SETTLED)
    assert browser.run("document.getElementById('delete-errors').checkVisibility()")


def test_the_form_of_a_call_is_chosen_for_all_examples_and_kept(browser, folder):
    browser.open(folder / CHAT)
    browser.run(
        "[...document.querySelectorAll('.example .tablist button')].find((one) => one.textContent === 'curl').click()"
    )
    browser.open(folder / FILES)
    shown = "[...document.querySelectorAll('.example[open] [data-tab]')].filter((one) => one.checkVisibility()).map((one) => one.dataset.tab)"
    assert set(browser.run(shown)) == {"curl"}


def test_headings_leave_out_no_level(browser, folder):
    for page in every_page(folder):
        browser.open(page)
        levels = browser.run(
            "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((one) => Number(one.tagName[1]))"
        )
        assert levels[0] == 1, page
        assert all(after <= before + 1 for before, after in pairwise(levels)), page


def test_everything_that_acts_has_a_name_and_shows_its_focus(browser, folder):
    for page in (folder / "index.html", folder / CHAT, folder / FILES):
        browser.open(page)
        unnamed = """[...document.querySelectorAll('a, button, input, [role=tab]')].filter(
            (one) => !(one.textContent.trim() || one.getAttribute('aria-label'))).map((one) => one.outerHTML)"""
        assert browser.run(unnamed) == []
        browser.key("Tab")
        browser.key("Tab")
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_page_says_when_a_date_has_passed_since_it_was_made(browser, folder):
    browser.send(
        "Page.addScriptToEvaluateOnNewDocument",
        source="Date = class extends Date { constructor() { super(Math.max(0, window.kopplingNow ?? 4e12)); } }",
    )
    browser.open(folder / CHAT)
    assert browser.run("document.querySelector('.stale').checkVisibility()")
    browser.send("Page.addScriptToEvaluateOnNewDocument", source="window.kopplingNow = 0")
    browser.open(folder / FILES)
    assert not browser.run("document.querySelector('.stale').checkVisibility()")
