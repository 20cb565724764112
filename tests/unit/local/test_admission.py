"""The queue of a machine: who starts, who waits, and that nobody waits for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf.backends.local.admission import (
    MOST_OVERTAKES,
    Capacity,
    Decision,
    Grant,
    Need,
    Place,
    Ticket,
    decide,
)

GIB = 2**30
TWO_CORES = Capacity(2, 4 * GIB)


def running(number: int, cpu: float = 1, memory: int = 0, gpu: int = 0) -> Ticket:
    return Ticket(number, f"run-{number}", Need(cpu, memory, gpu), running=True)


def waiting(
    number: int, cpu: float = 1, memory: int = 0, gpu: int = 0, overtaken: int = 0
) -> Ticket:
    return Ticket(number, f"run-{number}", Need(cpu, memory, gpu), overtaken=overtaken)


def test_an_idle_machine_admits_at_once():
    assert decide(waiting(1), [], TWO_CORES).reason == ""


def test_a_full_machine_says_what_is_missing_and_who_is_in_front():
    tickets = [running(1), running(2), waiting(3)]
    got = decide(waiting(4), tickets, TWO_CORES)
    assert got.reason == "waiting for 1 core: 2 running, 1 ahead in the queue"
    assert got.ahead == 1


def test_memory_and_gpus_are_waited_for_as_cores_are():
    machine = Capacity(8, 4 * GIB, ["0", "1"])
    held = [running(1, memory=3 * GIB, gpu=1)]
    assert decide(waiting(2, memory=2 * GIB), held, machine).reason.startswith(
        "waiting for 2Gi of memory"
    )
    assert decide(waiting(2, gpu=2), held, machine).reason.startswith("waiting for 2 GPUs")
    assert decide(waiting(2, memory=GIB, gpu=1), held, machine).reason == ""


def test_the_first_in_line_starts_first():
    assert decide(waiting(3), [running(1), waiting(2)], TWO_CORES).reason
    assert not decide(waiting(2), [running(1), waiting(3)], TWO_CORES).reason


def test_a_small_run_passes_a_large_one_that_does_not_fit_yet():
    got = decide(waiting(3), [running(1), waiting(2, cpu=2)], TWO_CORES)
    assert got.reason == ""
    assert [ticket.number for ticket in got.passed] == [2]


def test_a_large_run_is_not_passed_for_ever():
    large = waiting(2, cpu=2, overtaken=MOST_OVERTAKES)
    got = decide(waiting(3), [running(1), large], TWO_CORES)
    assert "its turn after run-2" in got.reason


def test_an_idle_endpoint_starts_on_a_full_machine():
    assert decide(waiting(4, cpu=0), [running(1), running(2), waiting(3)], TWO_CORES).reason == ""


def test_a_run_larger_than_the_machine_starts_when_it_is_alone():
    assert decide(waiting(1, cpu=64), [], TWO_CORES).reason == ""


def test_the_number_of_runs_can_be_limited():
    one = Capacity(8, 4 * GIB, runs=1)
    assert decide(waiting(2), [running(1)], one).reason.startswith("waiting for one of 1 places")


needs = st.builds(
    Need, st.sampled_from([0.5, 1, 2, 4]), st.integers(0, 4).map(lambda n: n * GIB), st.just(0)
)


@given(st.lists(needs, min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_every_run_gets_its_turn_and_the_machine_is_never_overfull(wanted, chance):
    """Looks in any order, ends in any order: all start, within the capacity."""
    machine = Capacity(4, 4 * GIB)
    tickets = {n: Ticket(n, f"run-{n}", need) for n, need in enumerate(wanted, 1)}
    for _ in range(3000):
        if not tickets:
            return
        ticket = chance.choice(list(tickets.values()))
        if ticket.running:
            del tickets[ticket.number]
        else:
            got = decide(ticket, list(tickets.values()), machine)
            if not got.reason:
                ticket.running = True
                for passed in got.passed:
                    passed.overtaken += 1
        held = [t.need for t in tickets.values() if t.running]
        assert sum(need.cpu for need in held) <= machine.cpu
        assert sum(need.memory for need in held) <= machine.memory
        assert all(t.overtaken <= MOST_OVERTAKES for t in tickets.values())
    raise AssertionError(f"still waiting: {tickets}")


@given(st.integers(1, 10**8), st.booleans(), needs, st.integers(0, 99))
def test_a_ticket_is_what_its_file_name_says(number, is_running, need, overtaken):
    ticket = Ticket(number, "a-run-0000000001", need, running=is_running, overtaken=overtaken)
    again = Ticket.parse(ticket.name)
    assert again is not None
    assert again.name == ticket.name


@given(st.text("0123456789.wr-x", max_size=20))
def test_other_files_in_the_queue_are_no_tickets(name):
    assert Ticket.parse(name) is None or name.count(".") == 6


@pytest.fixture
def queue(tmp_path: Path) -> str:
    return str(tmp_path / "queue")


def test_what_is_given_back_goes_to_the_next(queue):
    first, second = (Place(queue, name, Need(2), [0, 1]) for name in ("first", "second"))
    assert isinstance(first.look(TWO_CORES), Grant)
    assert isinstance(second.look(TWO_CORES), Decision)
    first.leave()
    assert isinstance(second.look(TWO_CORES), Grant)
    second.leave()
    assert {p.name for p in Path(queue).iterdir()} == {"mutex"}


def test_a_dead_run_is_out_of_the_queue(queue):
    import os

    dead, second = (Place(queue, name, Need(2), [0, 1]) for name in ("dead", "second"))
    assert isinstance(dead.look(TWO_CORES), Grant)
    os.close(dead._file)  # what the kernel does when a process dies
    assert isinstance(second.look(TWO_CORES), Grant)
    second.leave()


def test_cores_and_gpus_are_not_given_twice(queue):
    machine = Capacity(4, 4 * GIB, ["0", "1", "2"])
    places = [Place(queue, f"run-{n}", Need(2, 0, 1), [0, 1, 2, 3]) for n in range(2)]
    grants = [place.look(machine) for place in places]
    assert [grant.cores for grant in grants] == [[0, 1], [2, 3]]
    assert [grant.gpus for grant in grants] == [["0"], ["1"]]
    for place in places:
        place.leave()


def test_overtaking_is_counted_on_the_ticket_of_the_overtaken(queue):
    first, large, small = (
        Place(queue, name, Need(cpu)) for name, cpu in (("a", 1), ("b", 2), ("c", 1))
    )
    assert isinstance(first.look(TWO_CORES), Grant)
    assert isinstance(large.look(TWO_CORES), Decision)
    assert isinstance(small.look(TWO_CORES), Grant)
    assert isinstance(large.look(TWO_CORES), Decision)
    assert large.ticket.overtaken == 1
    for place in (first, large, small):
        place.leave()
