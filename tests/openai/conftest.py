"""Fixtures of the OpenAI connector's tests; what they share stands in openai_cases.py."""

from __future__ import annotations

import json

import pytest
from openai_cases import fact_file


@pytest.fixture(scope="session")
def official_examples():
    return json.loads(fact_file("openai-official-examples.json").read_text())
