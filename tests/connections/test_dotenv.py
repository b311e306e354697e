"""Files of NAME=value lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from koppling import Client, Connection, ConnectionInvalid
from koppling.dotenv import parse_dotenv

SPECS = Path(__file__).parents[1] / "command/spec"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=b", {"A": "b"}),
        ("", {}),
        ("\n\n# A=b\n  # c\n", {}),
        ("A=b\nB=c\n", {"A": "b", "B": "c"}),
        ("A=b\r\nB=c\r\n", {"A": "b", "B": "c"}),
        ("  export A=b", {"A": "b"}),
        ("export\tA = b c ", {"A": "b c"}),
        ("exported=1", {"exported": "1"}),
        ("A=", {"A": ""}),
        ("A=\nB=c", {"A": "", "B": "c"}),
        ("A=b # comment", {"A": "b"}),
        ("A= # comment", {"A": ""}),
        ("A=b#c", {"A": "b#c"}),
        ("A=#c", {"A": "#c"}),
        ("A='b # c' # d", {"A": "b # c"}),
        ("A='$B ${B} $(b) \\n'", {"A": "$B ${B} $(b) \\n"}),
        ("A=$B${C}`d`", {"A": "$B${C}`d`"}),
        ('A="b\\nc\\t\\"d\\" \\\\ \\$e"', {"A": 'b\nc\t"d" \\ $e'}),
        ('A="$B"', {"A": "$B"}),
        ('A="b # c"# ', None),
        ("A='b\nc'\nB=d", {"A": "b\nc", "B": "d"}),
        ('A="b\nc"\nB=d', {"A": "b\nc", "B": "d"}),
        ("A=''", {"A": ""}),
        ("A=it's", {"A": "it's"}),
        ("A=b=c==", {"A": "b=c=="}),
        ("A=b\nA=c", {"A": "c"}),
        ("A=å", {"A": "å"}),
        ("A", None),
        ("A b=c", None),
        ("1A=b", None),
        ("A-B=c", None),
        ("A='b", None),
        ('A="b', None),
        ("A='b' c", None),
        ("=b", None),
    ],
)
def test_lines_are_read_as_a_shell_reads_them_and_nothing_is_put_into_them(text, found):
    if found is None:
        with pytest.raises(ValueError, match=r"^line 1 is no NAME=value$"):
            parse_dotenv(text)
    else:
        assert parse_dotenv(text) == found


def test_the_line_that_is_none_is_told_and_not_what_it_holds():
    with pytest.raises(ValueError, match=r"^line 4 is no NAME=value$") as told:
        parse_dotenv("A='b\nc'\n\nKEY: canary\n")
    assert "canary" not in str(told.value)


def test_a_long_line_without_an_end_is_refused_at_once():
    with pytest.raises(ValueError, match="line 1"):
        parse_dotenv('A="' + "\\a" * 200_000)


@pytest.fixture
def env_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ACME_API_KEY", "ACME_TENANT", "ACME_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text("ACME_API_KEY=canary-of-file\nexport ACME_TENANT='of file'\n")
    return tmp_path / ".env"


def sent(connection=None):
    return Client(connection, SPECS).render("acme.get_thing", {"id": "th_1"}).headers


def test_a_file_is_read_where_it_is_named_and_the_environment_wins_over_it(env_file, monkeypatch):
    monkeypatch.setenv("ACME_TENANT", "of environment")
    headers = sent(Connection.from_env("acme", env_file=env_file))
    assert (headers["authorization"], headers["x-tenant"]) == ("Bearer canary-of-file", "of environment")


def test_a_variable_that_is_set_to_nothing_does_not_win(env_file, monkeypatch):
    monkeypatch.setenv("ACME_TENANT", "")
    assert sent(Connection.from_env("acme", env_file=str(env_file)))["x-tenant"] == "of file"


def test_no_file_is_read_unasked(env_file):
    for connection in (None, Connection.from_env("acme")):
        with pytest.raises(ConnectionInvalid, match="needs api_key"):
            sent(connection)


@pytest.mark.parametrize(
    ("data", "words"),
    [(None, "No such file"), (b"\xff", "it is not UTF-8"), (b"A", "line 1 is no NAME=value")],
)
def test_a_file_that_cannot_be_read_is_told(env_file, data, words):
    env_file.unlink() if data is None else env_file.write_bytes(data)
    with pytest.raises(ConnectionInvalid, match=rf"the variables of .*\.env cannot be read: {words}"):
        sent(Connection.from_env("acme", env_file=env_file))
