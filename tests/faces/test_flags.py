from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf.errors import KfError, SpecError
from jupyter_kf.specs.flags import literal
from jupyter_kf.specs.jobs import BatchSpec, TuneSpec
from jupyter_kf.specs.queries import CallOptions
from jupyter_kf.verbs import VERBS, explain, offered, read_call, words_of


def fields(line: str) -> dict:
    return dict(read_call(words_of(line)).fields)


def test_the_line_of_the_design_reads_as_its_spec():
    line = (
        "train delay --data flights --transform prepare --split 0.8/0.2 "
        "--param lr=0.1 --param depth=6 --gpu 1 --memory 4Gi"
    )
    assert fields(line) == {
        "name": "delay",
        "data": "flights",
        "transform": "prepare",
        "split": "0.8/0.2",
        "params": {"lr": 0.1, "depth": 6},
        "gpu": "1",
        "memory": "4Gi",
    }


def test_a_search_space_stays_as_it_was_typed():
    got = fields('tune delay --param "lr=loguniform(1e-3, 0.3)" --metric auc --maximize')
    assert got["params"] == {"lr": "loguniform(1e-3, 0.3)"}
    assert got["maximize"] is True


def test_brackets_hold_a_word_together_as_quotes_do():
    got = fields(
        "tune delay --param lr=loguniform(1e-3, 0.3) --param k=choice('a b', \"c\") --trials 3"
    )
    assert got["params"] == {"lr": "loguniform(1e-3, 0.3)", "k": "choice('a b', \"c\")"}
    rows = {"hour": 9, "carrier": "A A"}
    assert fields(f"predict delay {rows}")["rows"] == str(rows)
    assert fields("predict delay df[df['a b'] > 3].head( 2 )")["rows"].endswith("> 3].head( 2 )")
    assert fields("data d 'my (file.csv'")["source"] == "my (file.csv"


@given(st.lists(st.text()))
def test_what_a_shell_would_quote_is_read_back(words):
    assert words_of(shlex.join(words)) == words


@given(st.text(alphabet="a '\"\\([{", max_size=30))
def test_a_bracket_that_is_not_closed_is_a_letter_as_in_a_shell(line):
    def read(split):
        try:
            return split(line)
        except (ValueError, SpecError):
            return None

    assert read(words_of) == read(shlex.split)


def test_some_metrics_are_maximized_and_others_not():
    got = fields("tune d --param x=int(1,2) --metric auc --metric size --maximize auc")
    assert (got["metric"], got["maximize"]) == (("auc", "size"), ("auc",))


def test_a_name_comes_before_what_it_is_made_of():
    assert fields("data flights df --time when") == {
        "name": "flights",
        "source": "df",
        "time": "when",
    }


def test_options_of_the_call_are_kept_apart_from_the_spec():
    call = read_call(words_of("train d --no-wait --dry-run -o result"))
    assert (call.options.wait, call.options.dry_run, call.options.bind_to) == (
        False,
        True,
        "result",
    )
    assert dict(call.fields) == {"name": "d"}


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("trian d", 1016, "did you mean `train`"),
        ("train d --dat x", 1001, "did you mean `--data`"),
        ("data d x --force", 1001, "known: --time"),
        ("tune d --space x=int(1,2)", 1001, "known: -"),
        ("train d e", 1009, "it has all the words it takes"),
        ("batch d 'ice cream.csv'", 1009, "files go in --input"),
        ("tune d --metric mae --minimize", 1001, "smaller is better already"),
        ("train d --param lr", 1009, "NAME=VALUE"),
        ("train d --param 1x=3", 1009, "NAME"),
        ("serve d --timeout", 1009, ""),
        ('train "d', 1015, ""),
    ],
)
def test_a_mistyped_line_is_answered_with_what_was_meant(line, code, says):
    with pytest.raises(SpecError) as refused:
        read_call(words_of(line))
    assert refused.value.code == code
    assert says in refused.value.cause


def test_a_file_too_many_is_answered_with_the_line_that_takes_it():
    with pytest.raises(SpecError) as refused:
        read_call(words_of("batch sales 'ice cream.csv' --wait"))
    assert "--input 'ice cream.csv' --output FOLDER" in refused.value.fix


def test_all_options_that_must_be_given_are_named_at_once_as_they_are_typed():
    with pytest.raises(SpecError) as refused:
        BatchSpec.of(name="sales")
    assert "--input" in refused.value.fix and "--output" in refused.value.fix
    with pytest.raises(SpecError) as refused:
        TuneSpec.of(name="sales", minimize=True)
    assert refused.value.fix == "leave it out"


@given(st.text(max_size=60))
def test_no_line_breaks_the_reader(line):
    try:
        words = words_of(line)
        if words:
            read_call(words)
    except KfError as error:
        assert error.cause and error.fix


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4))
def test_a_parameter_typed_as_python_comes_back(value):
    assert literal(repr(value)) == value or isinstance(value, str)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_each_of_its_flags(verb):
    text = explain(verb)
    for flag in offered(verb):
        assert flag.flag in text
        assert flag.help, f"{verb} {flag.flag} has no help sentence"
    for name in VERBS[verb].idle:
        assert f"--{name}" not in text


def test_the_units_of_a_spec_are_in_its_json_schema():
    schema = VERBS["train"].model_json_schema()
    assert schema["properties"]["memory"]["unit"] == "4Gi or 512Mi"
    assert all("description" in field for field in schema["properties"].values())


def test_no_option_of_the_call_hides_a_field_of_a_spec():
    for request in VERBS.values():
        assert not set(request.model_fields) & set(CallOptions.model_fields)


def test_help_says_how_to_turn_off_what_is_on():
    assert "--combine, --no-combine" in explain("serve")


def test_the_name_says_whose_it_is_where_it_is_that_of_something_else():
    for verb, words in (("tune", "train cell"), ("serve", "model"), ("batch", "model")):
        (line,) = (text for text in explain(verb).splitlines() if text.startswith("  NAME "))
        assert words in line
