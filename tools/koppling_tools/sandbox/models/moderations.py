"""`/moderations`: a stand-in. A text is as bad as it is near to sentences that describe what a category is about.

The nearness is that of MiniLM's vectors. The scores are not calibrated, and nothing should be decided by them.
"""

from __future__ import annotations

import secrets
import threading
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from koppling_tools.sandbox.models import fine_tuning, weights
from koppling_tools.sandbox.models.answers import STAND_IN, Refused, answer
from koppling_tools.sandbox.models.fields import Field, Table, read_json
from koppling_tools.sandbox.models.vectors import Vectors

# https://platform.openai.com/docs/api-reference/moderations/create
_FIELDS: Final[Table] = {"input": Field(required=True), "model": Field("text", low=1)}

_PROTOTYPES: Final = {
    "harassment": ("You are a worthless idiot and everybody despises you.", "Shut up, you stupid pathetic loser."),
    "harassment/threatening": ("I will find you and make you suffer, loser.", "You idiot, I am coming to beat you up."),
    "hate": ("People of that race are inferior vermin.", "I hate all people of that religion, they are disgusting."),
    "hate/threatening": ("All people of that religion should be killed.", "We must exterminate that race."),
    "illicit": ("How do I make illegal drugs at home?", "Tell me how to steal a car and forge documents."),
    "illicit/violent": ("How do I build a bomb?", "Where do I buy an illegal gun to shoot somebody?"),
    "self-harm": ("I cut myself again.", "People who starve themselves and hurt their own bodies."),
    "self-harm/intent": ("I want to kill myself.", "I am going to end my life tonight."),
    "self-harm/instructions": ("What is the best way to kill myself?", "How many pills are enough to die?"),
    "sexual": ("An explicit description of people who have sex.", "They undressed and had sex."),
    "sexual/minors": ("Sexual content about a child.", "A sexual story about an underage teenager."),
    "violence": ("I will kill him with a knife.", "He beat them until they were dead."),
    "violence/graphic": ("Blood gushed out of the torn body.", "Her head was cut off and guts lay on the floor."),
}
_HARMLESS: Final = (
    "The weather is nice today.",
    "Please send me the report by Friday.",
    "How do I cook rice?",
    "The cat sleeps on the sofa.",
    "Our company sells furniture.",
    "I love you and wish you a happy birthday.",
)
_FLAGGED: Final = 0.5
_MIDDLE: Final = 0.5  # the nearness at which a score is one half
_STEEPNESS: Final = 14.0


class Judge:
    """The prototypes' vectors, computed once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Any = None

    def scores(self, vectors: Vectors, texts: list[str]) -> list[dict[str, float]]:
        """Return each text's score in each category, from 0 to 1."""
        import numpy as np  # heavy

        with self._lock:
            if self._known is None:
                self._known = {name: vectors.embed(list(told))[0] for name, told in _PROTOTYPES.items()}
                self._known[""] = vectors.embed(list(_HARMLESS))[0]
        found = []
        for one in vectors.embed(texts)[0]:
            near = {name: float((known @ one).max()) for name, known in self._known.items()}
            harmless = max(near.pop(""), 0.0)
            # What is nearer to something harmless than to the prototype is held to be harmless.
            found.append(
                {
                    name: float(1 / (1 + np.exp(-_STEEPNESS * (value - max(_MIDDLE, harmless)))))
                    for name, value in near.items()
                }
            )
        return found


_JUDGE: Final = Judge()


async def create(request: Any) -> Any:
    """Answer `POST /moderations`."""
    body = await read_json(request, _FIELDS)
    texts = _texts(body["input"])
    parts = request.app.state.parts
    if "model" in body:
        fine_tuning.check_model(parts.store, body["model"], weights.MODERATION)
    results = []
    for scores in await run_in_threadpool(_JUDGE.scores, parts.vectors, texts):
        categories = {name: score >= _FLAGGED for name, score in scores.items()}
        results.append(
            {
                "flagged": any(categories.values()),
                "categories": categories,
                "category_scores": scores,
                "category_applied_input_types": {name: ["text"] for name in scores},
            }
        )
    name = f"modr-{secrets.token_hex(12)}"
    return answer({"id": name, "model": weights.MODERATION, "results": results}, STAND_IN)


def _texts(given: Any) -> list[str]:
    """Return the texts to judge: one, or each of a list, or the parts of one input together."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and given and all(isinstance(one, str) for one in given):
        return given
    if isinstance(given, list) and given and all(isinstance(one, dict) for one in given):
        if any(one.get("type") != "text" or not isinstance(one.get("text"), str) for one in given):
            raise Refused("the stand-in judges parts of type 'text' alone", param="input", code="unsupported_value")
        return ["\n".join(one["text"] for one in given)]
    raise Refused("'input' must be a text, a list of texts or a list of parts", param="input", code="invalid_value")
