from __future__ import annotations

import pytest

from jupyter_kf.capture.parse import parse_cell
from jupyter_kf.errors import CaptureError


def refused(source: str) -> CaptureError:
    with pytest.raises(CaptureError) as caught:
        parse_cell(source)
    return caught.value


def test_a_syntax_error_is_shown_at_its_line_with_a_caret():
    error = refused("x = 1\ny = (2 +\nz = = 3\n")
    assert error.code == 1201
    assert "line 3" in error.what or "line 2" in error.what
    assert "^" in error.what


def test_the_caret_points_at_the_wrong_token():
    error = refused("a = 1\nfor i in range(3) print(i)\n")
    assert error.what.startswith("line 2 of the cell: ")
    shown, caret = error.what.splitlines()[1:]
    assert shown.strip() == "for i in range(3) print(i)"
    assert shown[caret.index("^") :].startswith(("range", "print", " print", ")"))
    assert "nothing was submitted" in error.cause


@pytest.mark.parametrize("source", ["return 3", "x = 1\nbreak", "def f():\n  x = 1\n   y = 2"])
def test_what_only_the_compiler_notices_is_a_syntax_error_too(source: str):
    assert refused(source).code == 1201


@pytest.mark.parametrize(
    "line",
    ["!pip install x", "%%bash", "files = !ls", "df?", "%time fit()", "t = %timeit 1", "%run x.py"],
)
def test_ipython_syntax_is_refused_with_its_line(line: str):
    error = refused(f"x = 1\n{line}\ny = 2\n")
    assert error.code == 1202
    assert error.what.startswith("line 2 ")
    assert line in error.what


def test_a_top_level_await_says_how_to_write_it():
    error = refused("import asyncio\nawait asyncio.sleep(0)")
    assert (error.code, "asyncio.run" in error.fix) == (1202, True)


def test_harmless_magics_are_left_out_and_lines_keep_their_numbers():
    cell = parse_cell("%matplotlib inline\nx = 1\nif x:\n    %config A.b = 1\ny = 2")
    assert cell.left_out == ((1, "%matplotlib inline"), (4, "%config A.b = 1"))
    lines = cell.source.splitlines()
    assert (lines[1], lines[4], len(lines)) == ("x = 1", "y = 2", 5)
    assert all("left out" in lines[n] for n in (0, 3))


def test_a_percent_sign_that_is_python_is_kept():
    source = 'x = (10\n  %matplotlib)\ns = """\n%matplotlib inline\n"""\n'
    assert parse_cell(source).source == source


@pytest.mark.parametrize("source", ["", "\n\n", "# only a comment\n", "%matplotlib inline"])
def test_an_empty_cell_is_refused(source: str):
    assert refused(source).code == 1206


@pytest.mark.parametrize("source", ["x = '\0'", "(" * 500 + ")" * 500, "x = '\ud800'"])
def test_text_that_is_no_python_at_all_is_refused_politely(source: str):
    assert refused(source).code == 1201
