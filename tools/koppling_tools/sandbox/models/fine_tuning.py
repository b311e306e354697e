"""`/fine_tuning/jobs`: simulated. A job's state and its events follow from the clock; no weights are changed.

What is kept of a job is what it was asked and when; everything else is computed from that and the time.
https://platform.openai.com/docs/api-reference/fine-tuning
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any, Final

from koppling_tools.sandbox.models import weights
from koppling_tools.sandbox.models.answers import NOT_FOUND, SIMULATED, Refused, absent, answer
from koppling_tools.sandbox.models.fields import Field, Table, read_json
from koppling_tools.sandbox.models.lists import page, whole_number
from koppling_tools.sandbox.models.storage import Store

OWNER: Final = "koppling-sandbox-simulated"

_FIELDS: Final[Table] = {
    "model": Field("text", required=True, low=1),
    "training_file": Field("text", required=True, low=1),
    "validation_file": Field("text"),
    "hyperparameters": Field("object"),
    "suffix": Field("text", low=1, high=64),
    "integrations": Field("list"),
    "seed": Field("integer", low=0, high=2147483647),
    "method": Field("object"),
    "metadata": Field("object"),
}
# When each state begins, in seconds after the job was created.
_STATES: Final = ((0.0, "validating_files"), (0.5, "queued"), (1.0, "running"), (3.0, "succeeded"))
_RUNNING: Final = 1.0
_DONE: Final = 3.0
_VALIDATED: Final = 0.5
_STEPS: Final = 3
_LONGEST_PAGE: Final = 100
_LEAST_EXAMPLES: Final = 10


async def create(request: Any) -> Any:
    """Answer `POST /fine_tuning/jobs`."""
    body = await read_json(request, _FIELDS)
    store: Store = request.app.state.parts.store
    for name in ("training_file", "validation_file"):
        file = store.file(body[name]) if name in body else None
        if name in body and file is None:
            raise absent("file", body[name], param=name, code="file_not_found")
        if file and file["purpose"] != "fine-tune":
            raise Refused(f"the purpose of {body[name]!r} is not 'fine-tune'", param=name, code="invalid_value")
    if body["model"] in {weights.EMBEDDINGS, weights.SPEECH, weights.MODERATION, weights.IMAGES}:
        raise Refused(f"{body['model']!r} is not fine-tuned here", param="model", code="model_not_available")
    fault = fault_of(store.path(body["training_file"]).read_bytes())
    about = {
        "id": f"ftjob-{secrets.token_hex(12)}",
        "asked": body,
        "at": time.time(),
        "fault": fault,
        "cancelled": None,
    }
    store.add_job(about)
    return answer(shown(about), SIMULATED)


async def index(request: Any) -> Any:
    """Answer `GET /fine_tuning/jobs`: newest first, by cursor, perhaps those with some metadata alone."""
    wanted = {
        name.removeprefix("metadata[").removesuffix("]"): value
        for name, value in request.query_params.items()
        if name.startswith("metadata[") and name.endswith("]")
    }
    jobs = [shown(one) for one in reversed(request.app.state.parts.store.jobs())]
    chosen = [one for one in jobs if all((one["metadata"] or {}).get(name) == to for name, to in wanted.items())]
    return _listed(request, chosen)


async def retrieve(request: Any) -> Any:
    """Answer `GET /fine_tuning/jobs/{id}`."""
    return answer(shown(_found(request)), SIMULATED)


async def cancel(request: Any) -> Any:
    """Answer `POST /fine_tuning/jobs/{id}/cancel`."""
    about = _found(request)
    state = state_of(about)
    if state in {"succeeded", "failed", "cancelled"}:
        raise Refused(f"the job {about['id']} has {state} and cannot be cancelled", code="invalid_job_state")
    about["cancelled"] = time.time()
    request.app.state.parts.store.replace_job(about)
    return answer(shown(about), SIMULATED)


async def events(request: Any) -> Any:
    """Answer `GET /fine_tuning/jobs/{id}/events`: newest first, by cursor."""
    return _listed(request, list(reversed(events_of(_found(request)))))


async def checkpoints(request: Any) -> Any:
    """Answer `GET /fine_tuning/jobs/{id}/checkpoints`: there are none."""
    _found(request)
    return _listed(request, [])


def fault_of(content: bytes) -> str | None:
    """Return what is wrong with a training file: JSON lines, each with messages or with a prompt and a completion."""
    lines = [line for line in content.decode(errors="replace").splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            example = json.loads(line)
        except ValueError:
            return f"line {number} is not valid JSON"
        fine = isinstance(example, dict) and ("messages" in example or {"prompt", "completion"} <= example.keys())
        if not fine:
            return f"line {number} has neither messages nor a prompt and a completion"
    if len(lines) < _LEAST_EXAMPLES:
        return f"there must be at least {_LEAST_EXAMPLES} examples, and there are {len(lines)}"
    return None


def state_of(about: dict[str, Any], now: float | None = None) -> str:
    """Return the state of a job at a time; now, unless told."""
    if about["cancelled"] is not None:
        return "cancelled"
    age = (time.time() if now is None else now) - about["at"]
    if about["fault"] and age >= _VALIDATED:
        return "failed"
    return [name for begins, name in _STATES if age >= begins or begins == 0][-1]


def model_of(about: dict[str, Any]) -> str:
    """Return the name of the model that a job makes."""
    asked = about["asked"]
    return f"ft:{asked['model']}:simulated:{asked.get('suffix', '')}:{about['id'][-8:]}"


def models(store: Store) -> list[dict[str, Any]]:
    """Return the models that jobs have made and nobody deleted, in OpenAI's shape."""
    return [
        {"id": model_of(one), "object": "model", "created": int(one["at"] + _DONE), "owned_by": OWNER}
        for one in store.jobs(deleted=False)
        if state_of(one) == "succeeded"
    ]


def delete_model(store: Store, name: str) -> bool:
    """Forget the model of a job; returns whether there was one."""
    for one in store.jobs(deleted=False):
        if model_of(one) == name and state_of(one) == "succeeded":
            store.delete_model_of(one["id"])
            return True
    return False


def check_model(store: Store, name: str, serves: str) -> None:
    """Check that a model can be asked for: any name of the vendor's, the local one, a fine-tuned one that is there.

    Args:
        store: what is remembered.
        name: the model that the caller asked for.
        serves: the local model that answers.

    Raises:
        Refused: it is a local model of another kind, or a fine-tuned one that is not there.
    """
    local = {weights.CHAT, weights.EMBEDDINGS, weights.SPEECH, weights.MODERATION, weights.IMAGES}
    if name in local - {serves}:
        raise Refused(f"{name!r} cannot do this; {serves!r} can", param="model", code="model_not_supported")
    if name.startswith("ft:") and name not in {one["id"] for one in models(store)}:
        raise Refused(f"there is no model {name!r}", status=NOT_FOUND, param="model", code="model_not_found")


def shown(about: dict[str, Any]) -> dict[str, Any]:
    """Return a job in OpenAI's shape, as it is now."""
    asked = about["asked"]
    state = state_of(about)
    finished = state == "succeeded"
    error = {"code": "invalid_training_file", "message": about["fault"], "param": "training_file"}
    given = asked.get("hyperparameters", {})
    return {
        "id": about["id"],
        "object": "fine_tuning.job",
        "created_at": int(about["at"]),
        "model": asked["model"],
        "fine_tuned_model": model_of(about) if finished else None,
        "organization_id": "org-koppling-sandbox",
        "status": state,
        "training_file": asked["training_file"],
        "validation_file": asked.get("validation_file"),
        "hyperparameters": {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto", **given},
        "method": asked.get("method", {"type": "supervised", "supervised": {"hyperparameters": given}}),
        "integrations": asked.get("integrations", []),
        "seed": asked.get("seed", 0),
        "metadata": asked.get("metadata"),
        "result_files": [],
        "trained_tokens": 0 if finished else None,
        "finished_at": int(about["at"] + _DONE) if finished else None,
        "estimated_finish": int(about["at"] + _DONE) if state == "running" else None,
        "error": error if state == "failed" else None,
    }


def events_of(about: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what has happened to a job so far, oldest first."""
    told: list[tuple[float, str, str, dict[str, Any]]] = [
        (0.0, "info", f"Created fine-tuning job {about['id']} (simulated: no weights will change)", {}),
        (0.0, "info", f"Validating training file {about['asked']['training_file']}", {}),
    ]
    if about["fault"]:
        told.append((_VALIDATED, "error", f"The training file is no good: {about['fault']}", {}))
    else:
        told.append((_VALIDATED, "info", "The files are valid; the job is queued", {}))
        told.append((_RUNNING, "info", "Fine-tuning has begun (simulated)", {}))
        every = (_DONE - _RUNNING) / (_STEPS + 1)
        for step in range(1, _STEPS + 1):
            said = f"Step {step}/{_STEPS} (simulated)"
            told.append((_RUNNING + step * every, "info", said, {"step": step, "total_steps": _STEPS}))
        told.append((_DONE, "info", f"New model created: {model_of(about)} (simulated)", {}))
        told.append((_DONE, "info", "The job has completed", {}))
    until = (about["cancelled"] or time.time()) - about["at"]
    past = [one for one in told if one[0] <= until]
    if about["cancelled"] is not None:
        past.append((about["cancelled"] - about["at"], "warn", "The job was cancelled", {}))
    return [
        {
            "id": f"ftevent-{about['id'].removeprefix('ftjob-')}{number:02d}",
            "object": "fine_tuning.job.event",
            "created_at": int(about["at"] + offset),
            "level": level,
            "message": message,
            "type": "metrics" if data else "message",
            "data": data,
        }
        for number, (offset, level, message, data) in enumerate(past)
    ]


def _found(request: Any) -> dict[str, Any]:
    name = request.path_params["job"]
    found: dict[str, Any] | None = request.app.state.parts.store.job(name)
    if found is None:
        raise absent("fine-tuning job", name, param="fine_tuning_job_id", code="fine_tune_not_found")
    return found


def _listed(request: Any, items: list[dict[str, Any]]) -> Any:
    limit = whole_number(request, "limit", default=20, most=_LONGEST_PAGE)
    chosen, more = page(items, request.query_params.get("after"), limit)
    return answer({"object": "list", "data": chosen, "has_more": more}, SIMULATED)
