from __future__ import annotations

import pytest
from jupyter_client.manager import start_new_kernel

PATIENCE_S = 120


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel()
    client.execute_interactive(
        "%load_ext jupyter_kf", timeout=PATIENCE_S, output_hook=lambda _: None
    )
    yield client
    client.stop_channels()
    manager.shutdown_kernel()


def inspect(client, code: str, cursor: int | None = None) -> str:
    message = client.inspect(code, len(code) if cursor is None else cursor)
    while True:
        reply = client.get_shell_msg(timeout=PATIENCE_S)
        if reply["parent_header"].get("msg_id") == message:
            return reply["content"]["data"].get("text/plain", "")


def test_a_verb_under_the_cursor_shows_its_help(kernel):
    assert "%%kf train NAME" in inspect(kernel, "%%kf train")


def test_a_flag_under_the_cursor_shows_its_sentence_and_unit(kernel):
    said = inspect(kernel, "%%kf train delay --memory 4Gi", len("%%kf train delay --mem"))
    assert said.startswith("--memory  (4Gi or 512Mi)")


def test_the_magic_itself_shows_all_verbs(kernel):
    assert "predict" in inspect(kernel, "%kf", 2)


def test_other_code_is_still_inspected_by_the_kernel(kernel):
    assert "Docstring" in inspect(kernel, "print", 3)


def test_completion_is_offered_by_the_kernel(kernel):
    message = kernel.complete("%kf trai", 8)
    while True:
        reply = kernel.get_shell_msg(timeout=PATIENCE_S)
        if reply["parent_header"].get("msg_id") == message:
            break
    assert "train" in reply["content"]["matches"]
