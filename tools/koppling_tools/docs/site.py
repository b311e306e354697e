"""A whole site: the text of each of its files, by path."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from koppling_tools.docs.atlas import Atlas, page_of, page_of_connector
from koppling_tools.docs.connector_page import connector_page
from koppling_tools.docs.example_part import Calls
from koppling_tools.docs.module_page import module_page
from koppling_tools.docs.overview import dates_page, index_page
from koppling_tools.docs.rules_page import rules_page
from koppling_tools.docs.search import script
from koppling_tools.rules import Rule

ASSETS: Final = ("icon.svg", "site.css", "site.js")


def build(atlas: Atlas, rules: Sequence[Rule] = ()) -> dict[str, str]:
    """Return the site: the same texts for the same specs, whatever the machine, the folder and the hour.

    Args:
        atlas: what it is about.
        rules: the rules of `koppling validate`; without any there is no page of them.

    Raises:
        SpecError: an example has faults.
    """
    named = bool(rules)
    found = {"index.html": index_page(atlas, rules=named), "dates.html": dates_page(atlas, rules=named)}
    if rules:
        found["rules.html"] = rules_page(rules)
    calls = Calls(atlas)
    for name, connector in atlas.connectors.items():
        found[page_of_connector(name)] = connector_page(atlas, connector, rules=named)
        for module in atlas.modules[name]:
            found[page_of(module)] = module_page(atlas, module, calls, rules=named)
    found["search.js"] = script(atlas)
    folder = files("koppling_tools.docs") / "assets"
    for asset in ASSETS:
        found[asset] = (folder / asset).read_text(encoding="utf-8")
    return found
