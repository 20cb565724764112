"""A file is held by who lives, and by nobody else."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from jupyter_kf import locks

HOLDS = """
import os, sys
from jupyter_kf import locks
descriptor = os.open(sys.argv[1], os.O_RDWR)
print(locks.claim(descriptor), flush=True)
sys.stdin.read()
"""


def test_a_file_is_held_as_long_as_the_process_that_claimed_it_lives(tmp_path):
    path = tmp_path / "lock"
    assert locks.held(path) is None
    path.touch()
    assert locks.held(path) is False
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"True\n"
    assert locks.held(path) is True
    with open(path, "r+b") as stream, pytest.raises(BlockingIOError):
        locks.claim(stream.fileno())
    holder.kill()
    holder.wait()
    assert locks.held(path) is False


def test_looking_takes_no_lock_away(tmp_path):
    path = tmp_path / "lock"
    with open(path, "wb") as stream:
        assert locks.claim(stream.fileno()) is True
        assert locks.held(path) is True
        assert locks.held(path) is True


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_apart_from_one_that_fails(tmp_path, monkeypatch, code):
    said = [code]

    def refuses(*_: object) -> None:
        raise OSError(said[0], os.strerror(said[0]))

    monkeypatch.setattr(fcntl, "flock", refuses)
    with open(tmp_path / "lock", "wb") as stream:
        assert locks.claim(stream.fileno()) is False
        said[0] = errno.EIO
        with pytest.raises(OSError, match="Input/output"):
            locks.claim(stream.fileno())
