"""Inputs on a command line."""

from __future__ import annotations

import click
import pytest

from koppling.files import File
from koppling.model import FieldSpec
from koppling_tools.console.mistakes import InputUnreadable
from koppling_tools.running.values import read_inputs, settle_files


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("a=b", {"a": "b"}),
        ("a=", {"a": ""}),
        ("a=3", {"a": "3"}),
        ("url=https://acme.example/?a=b@c", {"url": "https://acme.example/?a=b@c"}),
        ("a=@everyone", {"a": "@everyone"}),
        ("a=:=3", {"a": ":=3"}),
        ("a:=3", {"a": 3}),
        ("a:=-0.5", {"a": -0.5}),
        ('a:={"b": [true, null]}', {"a": {"b": [True, None]}}),
        ('a:="text"', {"a": "text"}),
        ("a=line one\nline two", {"a": "line one\nline two"}),
    ],
)
def test_an_argument_gives_text_or_json(argument, value):
    assert read_inputs([argument], None).values == value


@pytest.mark.parametrize("argument", ["a", "", "=b", ":=3", "@x", "a:b", "a:b=c"])
def test_what_is_no_argument_is_an_error_of_use(argument):
    with pytest.raises(click.UsageError, match="write key=value"):
        read_inputs([argument], None)


def test_a_key_that_is_given_twice_is_an_error_of_use():
    with pytest.raises(click.UsageError, match="twice"):
        read_inputs(["a=1", "a=2"], None)


@pytest.mark.parametrize("argument", ["a:=", "a:=yes", "a:=NaN", "a:=[1", "a:='x'"])
def test_what_is_no_json_is_named(argument):
    with pytest.raises(InputUnreadable, match=r"input a: .*is no JSON"):
        read_inputs([argument], None)


def test_text_given_as_json_is_told_how_to_be_text():
    with pytest.raises(InputUnreadable) as caught:
        read_inputs(["a:=hello there"], None)
    assert caught.value.__notes__ == ["for a text write a=hello there"]


@pytest.mark.parametrize("argument", ["pin:=hush", "pin:=[hush", "pin@hush", "pin:=@hush"])
def test_a_secret_that_cannot_be_read_is_not_quoted(argument):
    with pytest.raises(InputUnreadable, match=r"input pin: .*\*\*\*") as caught:
        read_inputs([argument], None, {"pin"})
    assert "hush" not in f"{caught.value} {getattr(caught.value, '__notes__', '')}"


def test_an_at_sign_after_the_colon_reads_json_from_a_file(tmp_path):
    (tmp_path / "m.json").write_text("[1, 2]")
    assert read_inputs([f"a:=@{tmp_path}/m.json"], None).values == {"a": [1, 2]}


def test_an_at_sign_gives_a_file_and_several_give_a_list(tmp_path):
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    inputs = read_inputs([f"a@{one}", f"b@{one}", f"b@{two}", f"c@{one}"], None)
    fields = {
        "a": FieldSpec("a", {"format": "file"}, required=False, place=""),
        "b": FieldSpec(
            "b",
            {"anyOf": [{"format": "file"}, {"type": "array", "items": {"format": "file"}}]},
            required=False,
            place="",
        ),
        "c": FieldSpec("c", {"type": "array", "items": {"format": "file"}}, required=False, place=""),
    }
    values = settle_files(inputs, fields)
    assert values == {"a": File(one), "b": [File(one), File(two)], "c": [File(one)]}


@pytest.mark.parametrize("name", ["missing.png", "."])
def test_a_file_that_cannot_be_read_is_named(name, tmp_path):
    with pytest.raises(InputUnreadable, match=r"input a: the file .* cannot be read"):
        read_inputs([f"a@{tmp_path / name}"], None)


@pytest.mark.parametrize(
    ("name", "text"),
    [("i.json", '{"a": "x", "n": 3}'), ("i.yaml", "a: x\nn: 3\n"), ("inputs", "a: x\nn: 3"), ("i", '{a: x, "n": 3}')],
)
def test_an_input_file_is_json_or_yaml_and_arguments_win(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    assert read_inputs(["a=y"], str(tmp_path / name)).values == {"a": "y", "n": 3}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("i.json", '{"a": }', "is no JSON"),
        ("i.yaml", "a: [1", "i.yaml:"),
        ("i.yaml", "- 1", "holds no object"),
        ("i.json", "3", "holds no object"),
        ("i.yaml", "", "is empty"),
    ],
)
def test_an_input_file_that_is_no_object_is_told_where(name, text, said, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputUnreadable, match=said):
        read_inputs([], str(tmp_path / name))


def test_a_path_is_opened_at_file_fields_only_and_beside_the_input_file(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"data")
    (tmp_path / "i.json").write_text('{"f": {"path": "a.bin", "name": "b.bin"}, "t": {"path": "a.bin"}}')
    inputs = read_inputs([], str(tmp_path / "i.json"))
    values = settle_files(inputs, {"f": FieldSpec("f", {"format": "file"}, required=True, place="")})
    assert values == {"f": File(b"data", name="b.bin"), "t": {"path": "a.bin"}}


def test_a_path_with_unknown_keys_is_refused(tmp_path):
    (tmp_path / "i.json").write_text('{"f": {"path": "a.bin", "nmae": "b.bin"}}')
    inputs = read_inputs([], str(tmp_path / "i.json"))
    with pytest.raises(InputUnreadable, match="input f: a file is"):
        settle_files(inputs, {"f": FieldSpec("f", {"format": "file"}, required=True, place="")})
