"""Multipart forms: their texts and their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from koppling_tools.sandbox.models.answers import Refused


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form."""

    filename: str
    content: bytes


async def read(request: Any) -> dict[str, Any]:
    """Return a form's fields by name: texts, `Upload`s, and lists of these where the name ends in `[]`.

    A name like `expires_after[seconds]` stays as it is.

    Raises:
        Refused: the body is no multipart form.
    """
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise Refused(f"the body must be multipart/form-data, and it is {kind or 'nothing'}", code="invalid_form")
    found: dict[str, Any] = {}
    async with request.form() as form:
        for name, value in form.multi_items():
            one = value if isinstance(value, str) else Upload(value.filename or "", await value.read())
            if name.endswith("[]"):
                found.setdefault(name.removesuffix("[]"), []).append(one)
            elif name in found:
                raise Refused(f"the form has {name!r} twice", param=name, code="invalid_form")
            else:
                found[name] = one
    return found


def file_of(form: dict[str, Any], name: str) -> Upload:
    """Return a file of a form.

    Raises:
        Refused: it is not there, or is a text or a list, or is empty.
    """
    found = form.get(name)
    if not isinstance(found, Upload):
        raise Refused(f"{name!r} must be one file", param=name, code="invalid_type")
    if not found.content:
        raise Refused(f"the file {name!r} is empty", param=name, code="invalid_value")
    return found
