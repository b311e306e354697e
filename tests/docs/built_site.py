"""The sites that tests look at: of specs of ours with every part, and of specs that mean harm."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from posixpath import join, normpath
from urllib.parse import unquote

from koppling.catalog import Catalog
from koppling_tools.docs.atlas import survey
from koppling_tools.docs.site import build
from koppling_tools.rules import Rule

SPECS = Path(__file__).parent / "spec"
DAY = "2026-11-23"
RULE = Rule(
    "unknown-key",
    "error",
    "A key that the language does not have; see https://example.org/keys.",
    "It is probably a slip of the `pen`.",
    "nam: get_thing   # <script>",
    "name: get_thing",
    None,
    None,
    None,
)


@cache
def site(*names, day=DAY):
    """Return the site of some connectors, a rule included."""
    return build(survey(Catalog([SPECS]), day, names), [RULE])


class Page(HTMLParser):
    """What a page holds: ids, links, texts, elements with their attributes."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.ids, self.links, self.texts, self.elements = [], [], [], []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        found = dict(attributes)
        self.elements.append((name, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[key] for key in ("href", "src") if key in found]

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


def pages(files):
    """Return the pages of a site, read."""
    return {path: Page(text) for path, text in files.items() if path.endswith(".html")}


def broken_links(files):
    """Yield (page, link) of each link of a site that leads nowhere."""
    read = pages(files)
    for path, page in read.items():
        for link in page.links:
            if "://" in link:
                continue
            target, mark, anchor = link.partition("#")
            full = normpath(join(path.rpartition("/")[0], target)) if target else path
            if full not in files or (mark and unquote(anchor) not in read[full].ids):
                yield path, link
