"""`koppling connection add` and `sign-in` where people sign in, in processes of their own, with a browser of the tests'."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import subprocess
import sys
import termios
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from browser import browse
from oauth_vendor import CANARIES, CLIENT, SECRET, OAuthVendor, Served

HERE = Path(__file__).parent


@pytest.fixture
def vendor():
    return OAuthVendor()


@pytest.fixture
def served(vendor):
    one = Served(vendor)
    yield one
    one.close()


@pytest.fixture
def env(folder, tmp_path, served):
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PERSON_", "MACHINE_")) and not name.lower().endswith("_proxy")
    }
    return {
        **kept, "KOPPLING_SPECS": str(HERE / "spec"), "PERSON_CLIENT_SECRET": SECRET, "PERSON_CLIENT_ID": CLIENT, "COLUMNS": "80",
        "BROWSER": f"{sys.executable} {HERE / 'browser.py'} %s", "BROWSER_LOG": str(tmp_path / "browsed"),
    }  # fmt: skip


def koppling(env, *arguments, **options):
    done = subprocess.run(
        [sys.executable, "-m", "koppling_tools.cli", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
    return done.returncode, done.stdout, done.stderr


def addresses(served):
    return [f"base_url={served.url}", f"login_url={served.url}"]


@pytest.fixture
def started():
    """Start the command; what still runs in the end is killed."""
    running = []

    def start(env, *arguments, **options):
        command = [sys.executable, "-m", "koppling_tools.cli", *arguments]
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        running.append(process)
        return process

    yield start
    for one in running:
        if one.poll() is None:
            one.kill()
        one.communicate()


def told_address(process):
    line = process.stderr.readline()
    assert line.startswith("sign in with a browser: http")
    return line.partition(": ")[2].strip()


def test_a_browser_is_opened_and_comes_back(env, served, vendor, folder, tmp_path):
    status, out, err = koppling(env, "connection", "add", "person", "--from-env", *addresses(served))
    assert (status, out) == (0, ""), err
    assert "signed in" in err
    assert "the connection works (status 200" in err
    stored = json.loads((folder / "connections.json").read_text())["connections"]["person"]
    assert stored["tokens"]["refresh_token"] == "canary-refresh-1"
    arguments = (tmp_path / "browsed").read_text()
    assert not [one for one in CANARIES if one in out + err + arguments]
    assert vendor.asked[0]["code_verifier"] not in arguments + err
    status, out, err = koppling(env, "run", "person.list_things", "limit:=1", "--connection", "person")
    assert (status, json.loads(out)) == (0, [{"id": "th_0"}])
    assert len(vendor.asked) == 1


def test_new_tokens_of_a_stored_connection_are_stored(env, served, vendor, folder):
    koppling(env, "connection", "add", "person", "--from-env", *addresses(served))
    for turn in (2, 3):
        vendor.revoke()
        status, _, err = koppling(env, "run", "person.list_things", "limit:=1", "--connection", "person")
        assert status == 0, err
        stored = json.loads((folder / "connections.json").read_text())["connections"]["person"]
        assert stored["tokens"]["refresh_token"] == f"canary-refresh-{turn}"


def test_a_sign_in_that_is_over_is_told_and_made_anew(env, served, vendor):
    koppling(env, "connection", "add", "person", "--from-env", *addresses(served))
    vendor.revoke()
    vendor.refreshing.clear()
    status, _, err = koppling(env, "run", "person.list_things", "--connection", "person")
    assert status == 1
    assert "refuses this connection: invalid_grant" in err
    assert "`koppling connection sign-in NAME` signs in" in err
    status, _, err = koppling(env, "connection", "sign-in", "person")
    assert (status, "signed in" in err) == (0, True)
    assert koppling(env, "run", "person.list_things", "--connection", "person")[0] == 0


def test_what_is_not_the_answer_is_turned_away_and_waited_on(env, served, started):
    process = started(env, "connection", "add", "person", "--from-env", "--no-browser", *addresses(served))
    address = told_address(process)
    back = dict(parse_qsl(urlsplit(address).query))["redirect_uri"]
    assert urlsplit(back).hostname == "127.0.0.1"
    for wrong, status in (
        (f"{back}?state=guessed&code=x", 400),
        (f"{back}?code=x", 400),
        (back.replace("callback", "favicon.ico"), 404),
    ):
        with pytest.raises(HTTPError) as told:
            browse(wrong)
        assert told.value.code == status
        told.value.close()
    _, headers, page = browse(address)
    assert "You may close this page" in page
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


def test_a_refusal_is_told_and_nothing_stored(env, served, folder, started):
    process = started(env, "connection", "add", "person", "--from-env", "--no-browser", *addresses(served))
    asked = dict(parse_qsl(urlsplit(told_address(process)).query))
    browse(f"{asked['redirect_uri']}?error=access_denied&state={asked['state']}")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the sign-in to person was refused: access_denied" in err
    assert not (folder / "connections.json").exists()


def test_a_connection_that_waits_does_not_keep_the_answer_away(env, served, started):
    import socket

    process = started(env, "connection", "add", "person", "--from-env", "--no-browser", *addresses(served))
    address = told_address(process)
    back = urlsplit(dict(parse_qsl(urlsplit(address).query))["redirect_uri"])
    with socket.create_connection((back.hostname, back.port)):  # as browsers do, on suspicion
        browse(address)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


def test_the_address_may_be_pasted_and_is_not_shown(env, served, vendor, started):
    master, slave = pty.openpty()

    def own():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    arguments = ["connection", "add", "person", "--from-env", "--paste", *addresses(served)]
    process = started(env, *arguments, stdin=slave, preexec_fn=own)
    os.close(slave)
    back = httpx.Client(trust_env=False).get(told_address(process)).headers["location"]
    shown = b""
    while b"Address:" not in shown:
        shown += os.read(master, 1000)
    os.write(master, f"{back}\n".encode())
    _, err = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 0, err
    assert "signed in" in err
    assert b"canary" not in shown
    assert "canary" not in err


def test_nobody_is_asked_for_what_may_be_left_out(env, served, vendor):
    vendor.public = True
    done = koppling(env, "connection", "add", "person", f"client_id={CLIENT}", *addresses(served), stdin=subprocess.DEVNULL)  # fmt: skip
    assert (done[0], "nobody is there" in done[2]) == (0, False), done[2]


def test_nobody_is_there_to_paste(env, served):
    status, _, err = koppling(
        env, "connection", "add", "person", "--from-env", "--paste", *addresses(served), stdin=subprocess.DEVNULL
    )
    assert (status, "nobody is there to be asked" in err) == (2, True)


def test_a_refresh_token_of_elsewhere_needs_no_sign_in(env, served, vendor):
    vendor.tokens()
    status, _, err = koppling(
        {**env, "PERSON_REFRESH_TOKEN": "canary-refresh-1"},
        "connection",
        "add",
        "person",
        "--from-env",
        *addresses(served),
    )
    assert (status, "sign in with" in err) == (0, False)


def test_processes_that_find_a_token_at_its_end_renew_it_once(env, served, vendor, started):
    koppling(env, "connection", "add", "person", "--from-env", *addresses(served))
    vendor.revoke()
    vendor.pause = 0.3
    running = [started(env, "run", "person.list_things", "limit:=1", "--connection", "person") for _ in range(5)]
    assert [(one.communicate(timeout=60), one.returncode)[1] for one in running] == [0] * 5
    assert len(vendor.asked) == 2


def test_a_machine_has_its_token_stored_too(env, served, vendor):
    mine = {
        **env,
        "MACHINE_CLIENT_ID": CLIENT,
        "MACHINE_CLIENT_SECRET": SECRET,
        "MACHINE_BASE_URL": served.url,
        "MACHINE_LOGIN_URL": served.url,
    }
    status, _, err = koppling(mine, "connection", "add", "machine", "--from-env")
    assert status == 0, err
    assert koppling(env, "run", "machine.list_things", "--connection", "machine")[0] == 0
    assert len(vendor.asked) == 1


def test_no_process_shows_a_secret_among_its_arguments(env, served, vendor):
    seen: list[str] = []
    vendor.pause = 0.5
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if "koppling_tools" in text or "browser.py" in text:
                    seen.append(text)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        status, _, err = koppling(
            env,
            "connection",
            "add",
            "person",
            *addresses(served),
            f"client_id={CLIENT}",
            "--stdin",
            "client_secret",
            input=SECRET,
        )
    finally:
        stop.set()
        watcher.join(30)
    assert status == 0, err
    assert any("browser.py http" in one for one in seen)
    assert not [text for text in seen for one in (*CANARIES, vendor.asked[0]["code_verifier"]) if one in text]
