"""A request written as a line is read back as the same request, by the words and by a notebook."""

from __future__ import annotations

import atexit
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from jupyter_kf.errors import KfError, SpecError
from jupyter_kf.specs import SPECS
from jupyter_kf.specs.flags import flags_of, parse
from jupyter_kf.specs.line import cell_of, words_of
from jupyter_kf.verbs import VERBS, read_call
from jupyter_kf.verbs import words_of as split

PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
TEXT = PLAIN | st.text("$a{x}'\"\\ -=?!%", max_size=6)
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9_-]{0,8}[a-z0-9])?", fullmatch=True)
WORDS = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True).filter(
    lambda word: word not in {"kf", "if", "is", "in", "as", "or", "do", "def", "del", "for", "not"}
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
KNOWN = {
    "cpu": st.sampled_from(["2", "500m"]),
    "memory": st.sampled_from(["4Gi", "512Mi"]),
    "max_body": st.sampled_from(["1Mi", "2Gi"]),
    "time_limit": st.sampled_from(["90s", "2h"]),
    "timeout": st.sampled_from(["1s", "2m"]),
    "idle_stop": st.sampled_from(["2h"]),
    "split": st.sampled_from(["0.7/0.3", "0.6/0.2/0.2"]),
    "state": st.sampled_from(["FAILED", "READY"]),
    "log_rate": st.floats(0, 1),
    "name": NAMES,
    "data": NAMES,
    "transform": NAMES,
}


def value_of(field: str, flag, schema) -> st.SearchStrategy:
    if field in KNOWN:
        return KNOWN[field]
    if flag.choices:
        return st.sampled_from(flag.choices)
    if flag.shape == "switch":
        return st.booleans()
    if flag.shape == "switch or list":
        return st.booleans() | st.lists(WORDS, min_size=1, max_size=2, unique=True)
    if flag.shape == "map":
        return st.dictionaries(WORDS, TEXT if flag.plain else VALUES, max_size=3)
    if flag.shape == "list":
        least = schema.get("minItems", 0)
        return st.lists(TEXT, min_size=least, max_size=3)
    kinds = {schema.get("type")} | {one.get("type") for one in schema.get("anyOf", ())}
    if kinds & {"integer", "number"}:
        return st.integers(1, 60_000)
    return TEXT


@st.composite
def requests(draw):
    """A request of any verb, with any of its fields."""
    kind = draw(st.sampled_from([k for k in VERBS.values() if k.kind != "tune"]))
    schema = kind.model_json_schema()["properties"]
    fields = {}
    for flag in flags_of(kind):
        if flag.required or draw(st.booleans()):
            fields[flag.field] = draw(value_of(flag.field, flag, schema[flag.field]))
    return kind.of(**fields)


@example(VERBS["data"].of(name="one", source="--"))
@example(VERBS["train"].of(name="one", pickle=("--", "-", "x=--"), image="--"))
@example(VERBS["compare"].of(runs=("--", "-n", "--")))
@given(requests())
def test_what_is_written_is_read_back(request):
    words = words_of(request)
    assert type(request).of(**parse((type(request),), words)) == request


@pytest.fixture(scope="module")
def notebook():
    """A shell in which what looks like a variable is one."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.user_ns |= dict.fromkeys("abcxyz0_", "wrong")
    yield shell
    atexit.unregister(shell.atexit_operations)
    InteractiveShell.clear_instance()


@example(asked=VERBS["data"].of(name="one", source="$0"))
@example(asked=VERBS["data"].of(name="one", source="it's $a, $$b and {x} '$c'"))
@given(asked=requests())
def test_a_cells_line_means_the_same_to_a_notebook(notebook, asked):
    line = cell_of(asked).removeprefix("%kf ")
    call = read_call(split(notebook.var_expand(line)))
    if call.verb == "help":  # a value that is itself a question
        return
    assert type(asked).of(**call.fields) == asked


def test_a_search_is_written_with_its_space():
    fields = {"name": "delay", "params": {"lr": "loguniform(1e-4, 0.3)", "depth": "int(3, 12)"}}
    spec = SPECS["tune"].of(**fields, metric=("auc", "loss"), maximize=("auc",), trials=30)
    assert cell_of(spec) == (
        "%kf tune delay --param 'lr=loguniform(1e-4, 0.3)' --param 'depth=int(3, 12)' "
        "--metric auc --metric loss --maximize auc --trials 30"
    )
    assert SPECS["tune"].of(**parse((SPECS["tune"],), words_of(spec))) == spec


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\x0b"])
def test_a_value_with_a_lines_end_is_refused(end):
    spec = SPECS["train"].of(name="one", env={"K": f"a{end}b"})
    with pytest.raises(SpecError) as refused:
        cell_of(spec)
    assert refused.value.code == 1033


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_has_not_are_refused_before_a_line_is_written(number):
    with pytest.raises(SpecError) as refused:
        SPECS["train"].of(name="one", params={"a": number})
    assert refused.value.code == 1026


def test_the_errors_of_a_bad_line_are_ours():
    with pytest.raises(KfError):
        parse((SPECS["train"],), ["one", "--param", "=1"])
