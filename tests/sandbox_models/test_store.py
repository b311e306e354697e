"""Models, files and fine-tuning jobs, as the vendor's client sees them."""

import json
import time

import openai
import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.xdist_group("models")]

LINE = json.dumps({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]})
EXAMPLES = "\n".join([LINE] * 12).encode()
OWN = {
    "smollm2-135m-instruct",
    "all-minilm-l6-v2",
    "whisper-tiny.en",
    "minilm-prototypes-stand-in",
    "procedural-image-stand-in",
}


@pytest.fixture
def training(client):
    file = client.files.create(file=("train.jsonl", EXAMPLES), purpose="fine-tune")
    yield file.id
    client.files.delete(file.id)


def ended(client, name):
    for _ in range(100):
        job = client.fine_tuning.jobs.retrieve(name)
        if job.status in {"succeeded", "failed", "cancelled"}:
            return job
        time.sleep(0.1)
    raise AssertionError(f"the job is {job.status} after ten seconds")


def test_the_models_on_this_machine_are_listed(client):
    found = client.models.list().data
    assert {one.id for one in found} >= OWN
    for one in found:
        assert client.models.retrieve(one.id) == one


def test_a_model_that_is_not_there_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-0")
    assert caught.value.code == "model_not_found"


def test_a_model_of_the_sandbox_cannot_be_deleted(client):
    with pytest.raises(openai.PermissionDeniedError):
        client.models.delete("all-minilm-l6-v2")


def test_a_file_keeps_its_bytes_until_it_is_deleted(client):
    content = bytes(range(256)) * 40
    file = client.files.create(file=("blob.bin", content), purpose="user_data")
    assert (file.bytes, file.filename, file.purpose) == (len(content), "blob.bin", "user_data")
    assert client.files.content(file.id).read() == content
    assert client.files.retrieve(file.id) == file
    assert client.files.delete(file.id).deleted
    for gone in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError):
            gone(file.id)


def test_a_file_may_expire(client):
    expires = {"anchor": "created_at", "seconds": 3600}
    file = client.files.create(file=("a.txt", b"a"), purpose="assistants", expires_after=expires)
    assert file.expires_at == file.created_at + 3600
    client.files.delete(file.id)


def test_files_are_listed_by_cursor_in_either_order_and_by_purpose(client):
    made = [client.files.create(file=(f"{one}.txt", b"x"), purpose="vision").id for one in range(5)]
    client.files.create(file=("other.txt", b"x"), purpose="evals")
    page = client.files.list(purpose="vision", limit=2)
    assert ([one.id for one in page.data], page.has_more) == (made[:2:-1], True)
    assert [one.id for one in client.files.list(purpose="vision", limit=2)] == made[::-1]
    assert [one.id for one in client.files.list(purpose="vision", order="asc", after=made[2])] == made[3:]
    for one in client.files.list():
        client.files.delete(one.id)
    assert not client.files.list().data


@pytest.mark.parametrize(("purpose", "content"), [("whatever", b"x"), ("evals", b"")])
def test_a_file_of_no_known_purpose_or_without_bytes_is_refused(client, purpose, content):
    with pytest.raises(openai.BadRequestError):
        client.files.create(file=("a.txt", content), purpose=purpose)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "many"}, {"order": "up"}, {"after": "file-none"}])
def test_a_page_that_cannot_be_is_refused(client, query):
    with pytest.raises(openai.BadRequestError) as caught:
        client.files.list(extra_query=query)
    assert caught.value.param in query


def test_a_job_passes_its_states_and_its_model_can_be_used_and_deleted(client, training):
    found = client.fine_tuning.jobs.with_raw_response.create(
        model="smollm2-135m-instruct", training_file=training, suffix="oak", metadata={"tree": "oak"}
    )
    assert found.headers["x-koppling-sandbox"] == "simulated"
    job = found.parse()
    assert (job.status, job.fine_tuned_model) == ("validating_files", None)
    states = [job.status]
    while states[-1] != "succeeded" and len(states) < 10:
        state = client.fine_tuning.jobs.retrieve(job.id).status
        states.extend([state] if state != states[-1] else [])
        time.sleep(0.1)
    assert states == ["validating_files", "queued", "running", "succeeded"]
    name = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    assert ":simulated:oak:" in name
    owner = {one.id: one.owned_by for one in client.models.list()}[name]
    assert owner == "koppling-sandbox-simulated"
    messages = [{"role": "user", "content": "Hi"}]
    asked = client.chat.completions.create(model=name, messages=messages, max_completion_tokens=2)
    assert asked.model == "smollm2-135m-instruct"
    assert client.models.delete(name).deleted
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve(name)


def test_a_jobs_events_come_newest_first_and_by_cursor(client, training):
    name = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=training).id
    assert ended(client, name).status == "succeeded"
    events = client.fine_tuning.jobs.list_events(name).data
    assert events[0].message == "The job has completed"
    assert "Created" in events[-1].message
    assert [one.id for one in client.fine_tuning.jobs.list_events(name, limit=2)] == [one.id for one in events]
    assert client.fine_tuning.jobs.checkpoints.list(name).data == []


def test_a_job_is_cancelled_once(client, training):
    name = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=training).id
    assert client.fine_tuning.jobs.cancel(name).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.fine_tuning.jobs.cancel(name)
    assert client.fine_tuning.jobs.list_events(name).data[0].message == "The job was cancelled"


def test_jobs_are_listed_newest_first_and_by_metadata(client, training):
    made = [
        client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=training, metadata={"run": str(one)}).id
        for one in range(3)
    ]
    assert [one.id for one in client.fine_tuning.jobs.list(limit=2)][:3] == made[::-1]
    assert [one.id for one in client.fine_tuning.jobs.list(metadata={"run": "1"})] == [made[1]]


def test_a_job_over_bad_examples_fails_and_says_where(client):
    file = client.files.create(file=("bad.jsonl", LINE.encode() + b"\nno json"), purpose="fine-tune")
    job = ended(client, client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=file.id).id)
    assert job.status == "failed"
    assert job.error.message == "line 2 is not valid JSON"
    client.files.delete(file.id)


def test_a_job_needs_a_file_of_its_purpose(client):
    file = client.files.create(file=("train.jsonl", EXAMPLES), purpose="evals")
    for given, error in ((file.id, openai.BadRequestError), ("file-none", openai.NotFoundError)):
        with pytest.raises(error) as caught:
            client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=given)
        assert caught.value.param == "training_file"
    client.files.delete(file.id)
