"""`/files`."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import FileResponse

from koppling_tools.sandbox.models import forms
from koppling_tools.sandbox.models.answers import absent, answer
from koppling_tools.sandbox.models.fields import Field, Table, read_form
from koppling_tools.sandbox.models.lists import page, whole_number
from koppling_tools.sandbox.models.storage import Store

_PURPOSES: Final = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
# https://platform.openai.com/docs/api-reference/files/create
_FIELDS: Final[Table] = {
    "file": Field(required=True),
    "purpose": Field("text", required=True, choices=_PURPOSES),
    "expires_after[anchor]": Field("text", choices=("created_at",)),
    "expires_after[seconds]": Field("integer", low=3600, high=2592000),
}
_LONGEST_PAGE: Final = 10000
_ORDERS: Final[Table] = {"order": Field("text", choices=("asc", "desc"))}


async def index(request: Any) -> Any:
    """Answer `GET /files`: newest first, unless told otherwise, by cursor."""
    query = request.query_params
    order = read_form({"order": query.get("order", "desc")}, _ORDERS)["order"]
    kept = _store(request).files()
    items = [one for one in kept if query.get("purpose", one["purpose"]) == one["purpose"]]
    if order == "desc":
        items.reverse()
    limit = whole_number(request, "limit", default=_LONGEST_PAGE, most=_LONGEST_PAGE)
    data, more = page(items, query.get("after"), limit)
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return answer({"object": "list", "data": data, **ends, "has_more": more})


async def create(request: Any) -> Any:
    """Answer `POST /files`."""
    form = read_form(await forms.read(request), _FIELDS)
    file = forms.file_of(form, "file")
    lives = form.get("expires_after[seconds]")
    return answer(_store(request).add_file(file.content, file.filename, form["purpose"], lives))


async def retrieve(request: Any) -> Any:
    """Answer `GET /files/{file}`."""
    return answer(_found(request))


async def delete(request: Any) -> Any:
    """Answer `DELETE /files/{file}`."""
    name = _found(request)["id"]
    _store(request).delete_file(name)
    return answer({"id": name, "object": "file", "deleted": True})


async def content(request: Any) -> Any:
    """Answer `GET /files/{file}/content`: its bytes."""
    found = _found(request)
    path = _store(request).path(found["id"])
    return FileResponse(path, filename=found["filename"], media_type="application/octet-stream")


def _store(request: Any) -> Store:
    store: Store = request.app.state.parts.store
    return store


def _found(request: Any) -> dict[str, Any]:
    name = request.path_params["file"]
    found = _store(request).file(name)
    if found is None:
        raise absent("file", name, param="id")
    return found
