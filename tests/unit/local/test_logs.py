"""Reading what a run printed."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf.backends.local import logs


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))))
def test_lines_come_back_as_they_were_printed(tmp_path_factory, printed):
    path = tmp_path_factory.mktemp("log") / "log.txt"
    path.write_bytes("".join(line + "\n" for line in printed).encode())
    assert list(logs.lines(path)) == printed


@given(st.binary(max_size=300))
def test_any_bytes_are_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("log") / "log.txt"
    path.write_bytes(data)
    assert len(list(logs.lines(path))) == len(data.split(b"\n")) - data.endswith(b"\n") - (not data)


def test_no_log_yet_is_no_lines(tmp_path):
    assert list(logs.lines(tmp_path / "log.txt")) == []


def test_following_waits_for_the_file_and_reads_what_came_last(tmp_path):
    path = tmp_path / "log.txt"
    steps = iter([None, b"one\ntw", b"o\n", b"last"])

    def is_over() -> bool:
        more = next(steps, b"")
        if more:
            with open(path, "ab") as out:
                out.write(more)
        return more == b"last"

    assert list(logs.lines(path, is_over)) == ["one", "two", "last"]


def test_a_large_log_is_streamed(tmp_path):
    path = tmp_path / "log.txt"
    line = b"x" * 9_999 + b"\n"
    with open(path, "wb") as out:
        for _ in range(200):
            out.write(line * 100)
    tracemalloc.start()
    count = sum(1 for _ in logs.lines(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 5_000_000


def test_a_line_that_never_ends_comes_in_pieces(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(b"." * 5_000_000)
    pieces = list(logs.lines(path))
    assert len(pieces) > 2
    assert sum(map(len, pieces)) == 5_000_000
