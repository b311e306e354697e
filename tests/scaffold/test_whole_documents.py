"""Large documents of a real vendor, whole: everything holds, and a second opinion finds nothing wrong with a request."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from oracle import Oracle

from koppling.read import parse_document
from koppling_tools.openapi.document import load

# A folder of documents; KOPPLING_DOCUMENTS names another one.
FOLDER = Path(os.environ.get("KOPPLING_DOCUMENTS") or Path(__file__).parents[2] / "../shared/facts/openapi")
LONG = 200_000  # bytes; a longer one takes more than five seconds on a busy machine
DOCUMENTS = [
    pytest.param(one, id=one.stem, marks=[pytest.mark.heavy] if one.stat().st_size > LONG else [])
    for one in sorted(FOLDER.glob("*"))
    if one.suffix in {".yaml", ".json"}
]
Said = Callable[..., tuple[int, list[str], str]]


@pytest.mark.skipif(not DOCUMENTS, reason="there are no documents here")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_operation_of_a_large_document_becomes_a_module_that_holds(
    document: Path, said: Said, holds: Callable[[], None]
) -> None:
    status, out, err = said("import", "openapi", str(document), "--name", "vendor")
    assert status == 0, err
    modules = [one for one in out if "/modules/" in one]
    assert len(modules) == len(load(document).operations)
    holds()
    oracle = Oracle(document.read_text())
    examples = [Path(one) for one in out if "/examples/" in one]
    assert len({one.parent for one in examples}) == len(modules)
    faults = []
    for path in examples:
        request = parse_document(path.read_bytes(), str(path)).value["request"]
        faults += [f"{path.parent.name}/{path.stem}: {one}" for one in oracle.faults(request)]
    assert faults == []
    defaults = [one for one in modules if re.search(r"^\s*default:|\bdefault: ", _code(Path(one)))]
    assert defaults == []


def _code(path: Path) -> str:
    """Return what a file says, without its texts for people."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', path.read_text())


def test_the_second_opinion_is_one() -> None:
    oracle = Oracle(
        """
        paths:
          /things/{id}:
            parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
            post:
              parameters: [{name: size, in: query, required: true, schema: {type: array, items: {enum: [big]}}}]
              requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
        components: {schemas: {Thing: {type: object, required: [n], properties: {n: {type: integer, minimum: 0, exclusiveMinimum: true}}}}}
        """
    )
    right = {"method": "POST", "path": "/things/7", "query": {"size": "big"}, "json": {"n": 1}}
    assert list(oracle.faults(right)) == []
    for wrong, told in (
        ({"path": "/things/a"}, "id: "),
        ({"query": {}}, "query size is missing"),
        ({"query": {"size": ["big", "small"]}}, "size: $[1]"),
        ({"query": {"size": "big", "colour": "red"}}, "query colour is unknown"),
        ({"json": {}}, "'n' is a required property"),
        ({"json": {"n": 0}}, "less than or equal to the minimum of 0"),
    ):
        faults = list(oracle.faults({**right, **wrong}))
        assert len(faults) == 1, (wrong, faults)
        assert told in faults[0]
