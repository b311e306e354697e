"""An explanation as JSON. Its keys are stable; new ones may come.

    module       {asked, name, version, path, state, why, versions: [{name, version, state, told, path}]}
    as_of        the day that lifecycles were read at
    operation    {name, field, why, place, others}, or null where the module has one; name null: none was chosen
    stream       whether streaming was asked for
    connection   [{name, value, by, place}]; `by` is `variable NAME`, `stored as NAME`, `default`, `placeholder…`
    inputs       [{pointer, value, by, place, wrong}]; `by` is caller, default or stream
    request      {method, url, headers, and body, parts or file}; null where there are problems
    trace        [{part, name, value, template, place, inputs, missing, others, refused}], in the order of the request
    dropped      the same with `why` in place of `value` and `refused`: what is not in the request
    warnings     [text]
    problems     [{pointer, message, allowed, place}]
    error        what kept the call from being explained further, or null

`part` is one of method, base_url, path, target, query, header, json, form, multipart, raw. `name` is the parameter's or
the header's; of a body in JSON the JSON Pointer. A path has a leaf for each literal piece and each `${…}`. A `place` is
`file:line:column`, empty where no line of the spec says it. `inputs` are JSON Pointers into the inputs, `missing` those
that are not there, `others` what else was read (`connection.tenant`, `page.after`, `call.id`). Secrets are `***`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from koppling.diagnostics import Problem, join_pointer
from koppling.trace import Leaf, Trace
from koppling_tools.explain.explanation import Explanation
from koppling_tools.explain.shown import given_value, leaf_value, template


def as_json(found: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON, secrets masked; see the top of this file."""
    module, trace = found.module, found.trace
    operation = found.operation
    return {
        "module": {
            "asked": found.asked.module,
            "name": module.full_name,
            "version": module.version,
            "path": module.path,
            "state": module.lifecycle.state(found.asked.as_of),
            "why": found.why_version,
            "versions": [
                {key: value for key, value in asdict(one).items() if key != "chosen"} for one in found.versions
            ],
        },
        "as_of": found.asked.as_of,
        "operation": None if operation is None else asdict(operation),
        "stream": found.asked.stream,
        "connection": [asdict(one) for one in found.connection],
        "inputs": _inputs(trace),
        "request": None if trace is None or trace.request is None else trace.request.as_json(),
        "trace": [
            {**_leaf(leaf, trace), "value": leaf_value(leaf, trace), "refused": trace.masker.text(leaf.refused)}
            for leaf in (trace.sent if trace else ())
            if trace
        ],
        "dropped": [
            {**_leaf(leaf, trace), "why": trace.masker.text(leaf.dropped)}
            for leaf in (trace.dropped if trace else ())
            if trace
        ],
        "warnings": [] if trace is None else list(trace.warnings),
        "problems": [_problem(one) for one in found.problems],
        "error": None if found.error is None else str(found.error),
    }


def _inputs(trace: Trace | None) -> list[dict[str, Any]]:
    return [
        {
            "pointer": join_pointer(one.name),
            "value": given_value(one, trace),
            "by": one.by,
            "place": one.place,
            "wrong": one.wrong,
        }
        for one in (trace.inputs if trace else ())
        if trace
    ]


def _leaf(leaf: Leaf, trace: Trace) -> dict[str, Any]:
    return {
        "part": leaf.part,
        "name": leaf.name,
        "template": template(leaf, trace),
        "place": leaf.place,
        "inputs": list(leaf.inputs),
        "missing": list(leaf.missing),
        "others": list(leaf.others),
    }


def _problem(one: Problem) -> dict[str, Any]:
    return {"pointer": one.pointer, "message": one.message, "allowed": list(one.allowed), "place": one.place}
