"""Does a back end keep its word? A class of tests that each back end must pass.

Subclass `BackendContract` in a test module and give it two fixtures. The programs it runs are
small real programs, started as the back end starts a worker. May import `base`, `records`,
`specs`, and pytest, which is not needed otherwise.

```python
class TestLocal(BackendContract):
    @pytest.fixture
    def backend(self, store_dir): ...            # a back end; a second call makes an equal one
    @pytest.fixture
    def submit_program(self, backend): ...       # (source, **spec fields) -> Ref
```

A program is Python source. It finds `folder`, its run folder, and begins and ends like a worker:
it says that it has started, and leaves an outcome that says ok and carries the dict `outputs`,
unless it raises, exits or is killed: ``python -c PROGRAM folder source`` does that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyter_kf.backends.base import Backend, Observation, Ref
from jupyter_kf.errors import BackendError
from jupyter_kf.records import State
from jupyter_kf.specs import TrainSpec

Submit = Callable[..., Ref]
_ORDER = [State.PENDING, State.RUNNING, State.READY]
# Says that it has started, runs a program and gives an account of its end, as the worker does.
PROGRAM = """
import json, os, sys, traceback
folder, outputs = sys.argv[1], {}
ok, error = True, None
if os.environ.get("RANK", "0") == "0":
    open(folder + "/started.json", "w").close()
try:
    exec(sys.argv[2], {"folder": folder, "outputs": outputs, "__name__": "__main__"})
except Exception as caught:
    traceback.print_exc()
    said = f"the cell raised {type(caught).__name__}: {caught}"
    ok, error = False, {"code": "kf-2050", "message": said, "cause": "a test", "fix": "none"}
if os.environ.get("RANK", "0") == "0":
    with open(folder + "/.outcome", "w") as out:
        json.dump({"ok": ok, "outputs": outputs, "error": error}, out)
    os.rename(folder + "/.outcome", folder + "/outcome.json")
sys.exit(0 if ok else 1)
"""
WAITS = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


class BackendContract:
    """What holds on every back end.

    Attributes:
        patience_s: how long a small program may take to its end.
        impossible: fields of a spec that this back end can't honour.
    """

    patience_s: float = 60.0
    impossible: dict[str, Any] = {"image": "somewhere/else"}  # noqa: RUF012

    @pytest.fixture
    def backend(self) -> Backend:
        """The back end under test; the subclass gives it."""
        raise AssertionError("the subclass gives the fixture `backend`")

    @pytest.fixture
    def submit_program(self) -> Submit:
        """Starts a program as a job; the subclass gives it."""
        raise AssertionError("the subclass gives the fixture `submit_program`")

    def seen(self, backend: Backend, ref: Ref) -> Iterator[Observation]:
        """Observations until the end."""
        until = time.monotonic() + self.patience_s
        while time.monotonic() < until:
            got = backend.observe([ref])[ref.run_id]
            yield got
            if got.state.ended:
                return
            time.sleep(0.02)
        raise AssertionError(f"{ref.run_id} has not ended after {self.patience_s} s: {got}")

    def end(self, backend: Backend, ref: Ref) -> Observation:
        """The last observation."""
        return list(self.seen(backend, ref))[-1]

    def begun(self, backend: Backend, ref: Ref) -> None:
        """Returns when the program has printed its first line."""
        assert next(iter(backend.logs(ref, follow=True))) == "begun"

    # planning

    def test_a_plan_is_pure_and_repeatable(self, backend: Backend) -> None:
        spec = TrainSpec.of(name="delay", cpu="1", memory="64Mi", env={"A": "b"})
        plans = [backend.plan(spec, "delay-0000000001") for _ in range(2)]
        assert plans[0] == plans[1]
        assert plans[0].backend == backend.name
        assert json.dumps(plans[0].objects)
        assert backend.plan(spec, "delay-0000000002") != plans[0]

    def test_what_it_cannot_do_stands_in_the_plan_with_a_way_out(self, backend: Backend) -> None:
        plan = backend.plan(TrainSpec.of(name="delay", **self.impossible), "delay-0000000001")
        assert {item.field for item in plan.unsupported} == set(self.impossible)
        assert all(item.reason and item.fix for item in plan.unsupported)

    def test_an_unsupported_plan_is_refused_before_anything_starts(
        self, submit_program: Submit
    ) -> None:
        with pytest.raises(BackendError) as refusal:
            submit_program("", **self.impossible)
        assert refusal.value.code == 2040

    # from the start to the end

    def test_a_program_runs_to_its_end(self, backend: Backend, submit_program: Submit) -> None:
        ref = submit_program("outputs['rows'] = 3")
        states = [got.state for got in self.seen(backend, ref)]
        assert states[-1] is State.SUCCEEDED
        ranks = [_ORDER.index(state) for state in states[:-1]]
        assert ranks == sorted(ranks), "a state never goes back"

    def test_an_end_is_final_and_dated(self, backend: Backend, submit_program: Submit) -> None:
        begun_s = time.time()
        ref = submit_program("")
        last = self.end(backend, ref)
        assert last.started_s is not None
        assert last.ended_s is not None
        assert begun_s - 60 < last.started_s <= last.ended_s < time.time() + 60
        backend.cancel(ref)
        assert backend.observe([ref])[ref.run_id] == last

    def test_an_exception_is_a_failure(self, backend: Backend, submit_program: Submit) -> None:
        ref = submit_program("raise ValueError('no rows')")
        last = self.end(backend, ref)
        assert last.state is State.FAILED
        assert "no rows" in last.reason
        assert any("ValueError" in line for line in backend.logs(ref))

    def test_an_exit_code_is_a_failure_that_is_named(
        self, backend: Backend, submit_program: Submit
    ) -> None:
        last = self.end(backend, submit_program("import os; os._exit(7)"))
        assert last.state is State.FAILED
        assert "exit code 7" in last.reason

    def test_leaving_without_a_word_is_a_failure(
        self, backend: Backend, submit_program: Submit
    ) -> None:
        assert self.end(backend, submit_program("import os; os._exit(0)")).state is State.FAILED

    def test_a_signal_is_a_failure_that_is_named(
        self, backend: Backend, submit_program: Submit
    ) -> None:
        last = self.end(backend, submit_program("import os; os.kill(os.getpid(), 11)"))
        assert last.state is State.FAILED
        assert "SIGSEGV" in last.reason

    def test_a_time_limit_ends_it(self, backend: Backend, submit_program: Submit) -> None:
        last = self.end(backend, submit_program(WAITS, time_limit="0.5s"))
        assert last.state is State.FAILED
        assert "time limit" in last.reason

    def test_its_variables_reach_it(self, backend: Backend, submit_program: Submit) -> None:
        source = "import os; print(os.environ['GREETING'], os.environ['JUPYTER_KF_RUN'])"
        ref = submit_program(source, env={"GREETING": "good day, $HOME"})
        assert list(backend.logs(ref, follow=True)) == [f"good day, $HOME {ref.run_id}"]

    # output

    def test_output_follows_until_the_end(self, backend: Backend, submit_program: Submit) -> None:
        ref = submit_program("for n in range(3): print(n, flush=True)")
        assert list(backend.logs(ref, follow=True)) == ["0", "1", "2"]
        assert backend.observe([ref])[ref.run_id].state is State.SUCCEEDED
        assert list(backend.logs(ref)) == ["0", "1", "2"]

    def test_output_of_any_bytes_is_text_with_its_last_line(
        self, backend: Backend, submit_program: Submit
    ) -> None:
        ref = submit_program(r"import os; os.write(1, b'a\xff\nno end')")
        assert list(backend.logs(ref, follow=True)) == ["a\ufffd", "no end"]

    # ending early

    def test_cancelling_ends_it_and_is_idempotent(
        self, backend: Backend, submit_program: Submit
    ) -> None:
        ref = submit_program(WAITS)
        self.begun(backend, ref)
        assert backend.observe([ref])[ref.run_id].state is State.RUNNING
        backend.cancel(ref)
        assert backend.observe([ref])[ref.run_id].state is State.CANCELLED
        backend.cancel(ref)
        assert backend.observe([ref])[ref.run_id].state is State.CANCELLED
        assert list(backend.logs(ref, follow=True)) == ["begun"]

    def test_deleting_ends_it_and_is_idempotent(
        self, backend: Backend, submit_program: Submit
    ) -> None:
        ref = submit_program(WAITS)
        self.begun(backend, ref)
        backend.delete(ref)
        assert backend.observe([ref])[ref.run_id].state.ended
        backend.delete(ref)

    # observing

    def test_many_are_observed_at_once(self, backend: Backend, submit_program: Submit) -> None:
        good, bad = submit_program(""), submit_program("raise ValueError")
        self.end(backend, good), self.end(backend, bad)
        got = backend.observe([good, bad])
        assert {run: seen.state for run, seen in got.items()} == {
            good.run_id: State.SUCCEEDED,
            bad.run_id: State.FAILED,
        }
        assert backend.observe([]) == {}

    def test_a_run_nobody_heard_of_is_lost(self, backend: Backend) -> None:
        ref = Ref("nobody-0000000001", backend.name)
        assert backend.observe([ref])[ref.run_id].state is State.LOST
        backend.cancel(ref)
        backend.delete(ref)
