"""The page of a connector: how to connect, and its modules by state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from koppling.model import ConnectorSpec, ModuleSpec, lifecycle_of
from koppling_tools.describing.field_rows import life_words, sentence
from koppling_tools.docs.atlas import STATES, Atlas, page_of, page_of_connector
from koppling_tools.docs.code import expression
from koppling_tools.docs.fields import FieldList
from koppling_tools.docs.html import Element, Node, tag
from koppling_tools.docs.layout import Place, badge, document, outside, prose, rows
from koppling_tools.docs.schema_tree import of_schemas
from koppling_tools.docs.timeline import chart


def connector_page(atlas: Atlas, connector: ConnectorSpec, *, rules: bool) -> str:
    """Return the page of a connector."""
    place = Place(page_of_connector(connector.name), connector.title, (("Connectors", "index.html"),))
    body: list[Node] = [_head(atlas, connector)]
    modules = atlas.modules[connector.name]
    for state in STATES:
        found = [one for one in modules if atlas.state(one) == state]
        if found:
            body.append(
                tag(
                    "section",
                    place.heading(2, f"{state.capitalize()} modules", f"modules-{state}", _count(len(found))),
                    tag("ul", [_card(atlas, place, one) for one in found], class_="cards"),
                )
            )
    body.append(tag("section", place.heading(2, "Connection", "connection"), list(_connection(atlas, connector))))
    things = [one for one in atlas.dated[connector.name] if one.kind in {"connector", "module", "operation"}]
    if things:
        body.append(
            tag(
                "section",
                place.heading(2, "Lifecycle", "lifecycle"),
                chart(atlas, place, things, label=f"Dates of the modules of {connector.title}", named=True),
                tag("p", tag("a", "All dates, those of fields and values too", href=place.link("dates.html"))),
            )
        )
    return document(place, body, atlas.span, rules=rules)


def _count(number: int) -> Node:
    return [" ", tag("span", str(number), class_="count")]


def _head(atlas: Atlas, connector: ConnectorSpec) -> Element:
    api: dict[str, Any] = connector.plan.get("api") or {}
    life = lifecycle_of(connector.plan)
    facts: list[tuple[Node, Node]] = [("Version", connector.version)]
    facts += [("API", str(api["version"]))] if api.get("version") else []
    facts += [("Vendor's pages", outside(str(api["docs"])))] if api.get("docs") else []
    facts.append(("Spec", tag("code", f"{connector.name}/connector.yaml")))
    summary = str(connector.plan.get("summary") or "")
    words = life_words(life, atlas.day)
    return tag(
        "header",
        tag("h1", connector.title),
        tag(
            "p", tag("code", connector.name, data_copy=connector.name), " ", badge(life.state(atlas.day)), class_="name"
        ),
        tag("p", prose(summary), class_="summary") if summary else None,
        tag("p", sentence(words), class_=f"notice {life.state(atlas.day)}") if words else None,
        rows(facts),
        class_="head",
    )


def _card(atlas: Atlas, place: Place, module: ModuleSpec) -> Element:
    operations = [one.title for one in module.operations.values() if one.name is not None]
    life = life_words(module.lifecycle, atlas.day)
    return tag(
        "li",
        tag("a", module.title, href=place.link(page_of(module)), class_="whole"),
        tag("p", tag("code", f"{module.name}@{module.major}"), class_="name"),
        tag("p", prose(module.summary)) if module.summary else None,
        tag("p", " · ".join(operations), class_="operations") if operations else None,
        tag("p", sentence(life), class_="life") if life else None,
        class_=f"card {atlas.state(module)}",
    )


def _connection(atlas: Atlas, connector: ConnectorSpec) -> Iterator[Node]:
    stated = connector.plan["connection"]
    fields = of_schemas(stated["fields"], set(stated.get("required", ())))
    if fields:
        yield from FieldList(None, atlas.day, lambda _: {}, lambda _: None).whole(fields)
    else:
        yield tag("p", "Nothing to fill in.")
    facts: list[tuple[Node, Node]] = [("Authentication", _auth(connector.plan.get("auth") or {}))]
    if address := (connector.plan.get("request") or {}).get("base_url"):
        facts.append(("Address", expression(str(address), lambda _: None)))
    if test := stated.get("test"):
        inputs = " ".join(f"{key}={value}" for key, value in (test.get("inputs") or {}).items())
        facts.append(("Tested by", tag("code", f"{connector.name}.{test['module']} {inputs}".strip())))
    yield rows(facts)


def _auth(auth: dict[str, Any]) -> Node:
    def said(value: Any) -> Element:
        return expression(str(value), lambda _: None)

    if "bearer" in auth:
        return ["a bearer token, ", said(auth["bearer"])]
    if "basic" in auth:
        basic = auth["basic"]
        return ["basic, with ", said(basic.get("username", "")), " and ", said(basic.get("password", ""))]
    if "api_key" in auth:
        key = auth["api_key"]
        where = "header" if key.get("in") == "header" else "query parameter"
        return [f"a key in the {where} ", tag("code", str(key.get("name"))), ", ", said(key.get("value", ""))]
    if "oauth2" in auth:
        return _oauth(auth["oauth2"], said)
    return "none"


def _oauth(oauth: dict[str, Any], said: Callable[[Any], Element]) -> Node:
    person = oauth.get("grant") == "authorization_code"
    words: list[Node] = ["OAuth 2, ", "a person signs in at " if person else "client credentials, for a token of "]
    words.append(said(oauth.get("authorize_url" if person else "token_url", "")))
    scopes = oauth.get("scopes")
    if isinstance(scopes, list) and scopes:
        listed: list[Node] = [one for scope in scopes for one in (", ", tag("code", str(scope)))]
        words += [", asking for ", *listed[1:]]
    elif scopes:
        words += [", asking for ", said(scopes)]
    return words
