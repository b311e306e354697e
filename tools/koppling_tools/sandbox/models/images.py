"""`/images`: a stand-in. The pictures are drawn by rule, and labelled so; their requests are checked all the same."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from koppling_tools.sandbox.models import fine_tuning, forms, picture, weights
from koppling_tools.sandbox.models.answers import LABEL, STAND_IN, Refused, absent, answer, event
from koppling_tools.sandbox.models.fields import Field, Table, read_form, read_json

GALLERY: Final = "/pictures/"

_DRAWN: Final[Table] = {
    "prompt": Field("text", required=True, low=1, high=32000),
    "model": Field("text", low=1),
    "n": Field("integer", low=1, high=10),
    "quality": Field("text", choices=("standard", "hd", "low", "medium", "high", "auto")),
    "response_format": Field("text", choices=("url", "b64_json")),
    "output_format": Field("text", choices=("png", "jpeg", "webp")),
    "output_compression": Field("integer", low=0, high=100),
    "stream": Field("boolean"),
    "partial_images": Field("integer", low=0, high=3),
    "size": Field("text"),
    "background": Field("text", choices=("transparent", "opaque", "auto")),
    "moderation": Field("text", choices=("low", "auto")),
    "user": Field("text"),
}
# https://platform.openai.com/docs/api-reference/images
_GENERATION: Final[Table] = {**_DRAWN, "style": Field("text", choices=("vivid", "natural"))}
_FIDELITY: Final = Field("text", choices=("high", "low"))
_EDIT_FORM: Final[Table] = {
    **_DRAWN,
    "image": Field(required=True),
    "mask": Field(),
    "input_fidelity": _FIDELITY,
}
_EDIT_JSON: Final[Table] = {
    **_DRAWN,
    "images": Field("list", required=True, low=1, high=16),
    "mask": Field("object"),
    "input_fidelity": _FIDELITY,
}
_MOST_IMAGES: Final = 16
_WIDEST: Final = 3840
_KEPT: Final = 64
_STARTS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
_DATA_URL: Final = re.compile(r"data:image/[a-z]+;base64,(.+)", re.DOTALL)


class Gallery:
    """The last pictures whose addresses were given out, by name."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def hang(self, content: bytes) -> str:
        """Keep a picture; returns its name."""
        name = hashlib.sha256(content).hexdigest()[:32]
        self._kept[name] = content
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return name

    def find(self, name: str) -> bytes | None:
        """Return a picture by its name."""
        return self._kept.get(name)


async def generate(request: Any) -> Any:
    """Answer `POST /images/generations`."""
    body = await read_json(request, _GENERATION)
    return await _answered(request, body, body["prompt"], "image_generation")


async def edit(request: Any) -> Any:
    """Answer `POST /images/edits`, a form with files or JSON that points at files."""
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await read_json(request, _EDIT_JSON)
        references = [*body["images"], *([body["mask"]] if "mask" in body else [])]
        given = [_referred(request, one) for one in references]
    else:
        form = await forms.read(request)
        body = read_form(form, _EDIT_FORM)
        images = body["image"] if isinstance(body["image"], list) else [body["image"]]
        if len(images) > _MOST_IMAGES:
            raise Refused(f"there may be up to {_MOST_IMAGES} images", param="image", code="above_maximum")
        given = [forms.file_of({"image": one}, "image").content for one in images]
        if "mask" in body:
            given.append(forms.file_of(body, "mask").content)
    for one in given:
        if not one.startswith(_STARTS):
            raise Refused("an image must be PNG, JPEG or WebP", param="image", code="invalid_image")
    digests = "".join(hashlib.sha256(one).hexdigest() for one in given)
    return await _answered(request, body, digests + body["prompt"], "image_edit")


async def shown(request: Any) -> Any:
    """Answer with a picture whose address was given out; it needs no key, as the vendor's addresses need none."""
    name = request.path_params["name"]
    found = request.app.state.parts.pictures.find(name)
    if found is None:
        raise absent("picture", name)
    return Response(found, media_type="image/png", headers={LABEL: STAND_IN})


def _referred(request: Any, reference: Any) -> bytes:
    """Return the image that a reference points at: an uploaded file, or a data URL."""
    store = request.app.state.parts.store
    if isinstance(reference, dict) and isinstance(reference.get("file_id"), str):
        if store.file(reference["file_id"]) is None:
            raise absent("file", reference["file_id"], param="images")
        content: bytes = store.path(reference["file_id"]).read_bytes()
        return content
    held = _DATA_URL.fullmatch(str(reference.get("image_url"))) if isinstance(reference, dict) else None
    if held is None:
        raise Refused(
            "an image is a 'file_id' or an 'image_url' with base64 data", param="images", code="invalid_value"
        )
    try:
        return base64.b64decode(held[1], validate=True)
    except ValueError:
        raise Refused("the base64 of an image cannot be read", param="images", code="invalid_value") from None


async def _answered(request: Any, body: dict[str, Any], seed: str, kind: str) -> Any:
    parts = request.app.state.parts
    model = body.get("model", "")
    fine_tuning.check_model(parts.store, model, weights.IMAGES)
    width, height = _size(body.get("size", "auto"))
    about = {
        "created": int(time.time()),
        "background": "opaque",
        "output_format": "png",
        "quality": "low",
        "size": f"{width}x{height}",
    }
    count = body.get("n", 1)
    if body.get("stream"):
        if count != 1:
            raise Refused("a stream is of one image", param="n", code="unsupported_value")
        events = _events(kind, seed, (width, height), about, body.get("partial_images", 0))
        return StreamingResponse(events, media_type="text/event-stream", headers={LABEL: STAND_IN})
    drawn = [await run_in_threadpool(picture.draw, f"{seed}/{number}", width, height) for number in range(count)]
    # The older models answer with addresses, the newer with the pictures themselves.
    if body.get("response_format", "url" if model.startswith("dall-e") else "b64_json") == "url":
        base = f"{request.url.scheme}://{request.url.netloc}{GALLERY}"
        data = [{"url": f"{base}{parts.pictures.hang(one)}.png"} for one in drawn]
    else:
        data = [{"b64_json": base64.b64encode(one).decode()} for one in drawn]
    return answer({**about, "data": data, "usage": _usage()}, STAND_IN)


def _events(kind: str, seed: str, size: tuple[int, int], about: dict[str, Any], partial: int) -> Iterator[bytes]:
    shared = {name: value for name, value in about.items() if name != "created"} | {"created_at": about["created"]}
    for index in range(partial):
        drawn = base64.b64encode(picture.draw(f"{seed}/0", *size, coarse=64 >> index)).decode()
        yield event({"type": f"{kind}.partial_image", "b64_json": drawn, "partial_image_index": index, **shared})
    drawn = base64.b64encode(picture.draw(f"{seed}/0", *size)).decode()
    yield event({"type": f"{kind}.completed", "b64_json": drawn, **shared, "usage": _usage()})


def _usage() -> dict[str, Any]:
    """Return the usage of something that has no tokens."""
    details = {"text_tokens": 0, "image_tokens": 0}
    return {"input_tokens": 0, "input_tokens_details": details, "output_tokens": 0, "total_tokens": 0}


def _size(text: str) -> tuple[int, int]:
    if text == "auto":
        return 1024, 1024
    found = re.fullmatch(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})", text)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    fine = found and width % 16 == height % 16 == 0 and max(width, height) <= _WIDEST
    if not fine or not width <= height * 3 <= width * 9:
        said = f"'size' is WIDTHxHEIGHT, in steps of 16, up to {_WIDEST}, no side three times the other"
        raise Refused(said, param="size", code="invalid_value")
    return width, height
