"""The wheel, installed where nothing of the checkout is in sight: what the README's section on the first connector shows, run."""

import json
import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

pytestmark = [pytest.mark.heavy, pytest.mark.xdist_group("wheel")]


def files_of_the_readme():
    """Return the files that the README shows, by the name in the comment of their first line; the last version of each."""
    found: dict[str, list[str]] = {}
    for block in re.findall(r"```yaml\n# (specs/\S+)\n(.*?)```", README, re.DOTALL):
        found.setdefault(block[0], []).append(block[1])
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the command of a fresh virtual environment in which the wheel is installed, and an empty folder."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = place.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True)
    pip = [str(place / "venv/bin/python"), "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "tools/locks/run.txt")], check=True)
    subprocess.run([*pip, str(wheel)], check=True)
    folder = place / "empty"
    folder.mkdir()
    return place / "venv/bin", folder


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    """Return the address of a server that gives the files of a folder, as `python -m http.server` does."""
    folder = tmp_path_factory.mktemp("vendor")
    (folder / "anvil.json").write_text('{"stock": 3}')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def run(installed, vendor):
    commands, folder = installed
    keep = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}

    def koppling(*words):
        environment = keep | {"SHOP_URL": vendor, "KOPPLING_CACHE": str(folder.parent / "cache")}
        return subprocess.run(
            [str(commands / "koppling"), *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return koppling


def write(installed, version):
    for name, versions in files_of_the_readme().items():
        path = installed[1] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(versions[min(version, len(versions) - 1)])


def test_the_readme_adds_a_connector_of_twelve_lines():
    lines = [line for versions in files_of_the_readme().values() for line in versions[0].splitlines() if line.strip()]
    assert len(lines) == 12


def test_the_built_in_connector_came_with_the_wheel(run, installed):
    ran = run("list", "--json")
    assert {one["connector"] for one in json.loads(ran.stdout)} == {"openai"}
    code = "import koppling, koppling.builtin as g; print(koppling.__file__); print(g.builtin_folder())"
    shown = subprocess.run(
        [str(installed[0] / "python"), "-c", code], cwd=installed[1], capture_output=True, text=True, check=True
    ).stdout
    assert str(ROOT) not in shown
    assert shown.splitlines()[1].endswith("site-packages/koppling/spec")


def test_a_connector_of_twelve_lines_runs(run, installed):
    write(installed, 0)
    assert run("validate", "specs").returncode == 0
    ran = run("run", "shop.get_stock", "item=anvil", "--specs", "specs")
    assert (ran.returncode, json.loads(ran.stdout)) == (0, {"stock": 3})


def test_a_field_is_added_by_editing_the_file(run, installed):
    write(installed, 0)
    refused = run("run", "shop.get_stock", "item=anvil", "unit=kg", "--specs", "specs")
    assert refused.returncode == 1
    assert "unit" in refused.stderr
    write(installed, 1)
    ran = run("run", "shop.get_stock", "item=anvil", "unit=kg", "--specs", "specs", "--dry-run")
    assert ran.returncode == 0
    assert "anvil.json?unit=kg" in ran.stdout + ran.stderr
    assert run("run", "shop.get_stock", "item=anvil", "unit=kg", "--specs", "specs").returncode == 0


def test_a_module_is_retired_by_a_date(run, installed):
    write(installed, 2)
    ran = run("run", "shop.get_stock", "item=anvil", "--specs", "specs")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "retired on 2026-01-01" in ran.stderr
    assert run("run", "shop.get_stock", "item=anvil", "--specs", "specs", "--as-of", "2025-12-31").returncode == 0


def test_a_built_in_module_is_shadowed_by_a_file_of_the_same_name(run, installed):
    source = next(
        (installed[0].parent / "lib").glob("python*/site-packages/koppling/spec/openai/modules/get_models.v1.yaml")
    )
    target = installed[1] / "specs/openai/modules/get_models.v1.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(source.read_text().replace("title: Get Models", "title: Get OUR Models"))
    listed = json.loads(run("list", "openai", "--json", "--specs", "specs").stdout)
    assert {one["name"].split("@")[0].removeprefix("openai."): one["title"] for one in listed}[
        "get_models"
    ] == "Get OUR Models"
