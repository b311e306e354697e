"""The sandbox of local models as a process, and the vendor's own client for Python pointed at it."""

import openai
import pytest
from sandbox_process import start, stop

from koppling_tools.sandbox import models


@pytest.fixture(scope="session")
def url():
    process, address = start()
    yield address
    stop(process)


@pytest.fixture(scope="session")
def client(url):
    with openai.OpenAI(api_key="any", base_url=url, max_retries=0) as one:
        yield one


@pytest.fixture(scope="session")
def speech():
    return models.sample_speech()
