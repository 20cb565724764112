from __future__ import annotations

import ast

import pytest

from jupyter_kf.capture.suspects import suspects

HEAD = """
import time, random, os, locale, requests, uuid, datetime as dt, numpy as np, pandas as pd
import urllib.request, glob, pickle, joblib, polars as pl
from datetime import datetime, date
from pathlib import Path
from os import environ as env
from numpy.random import rand
from sklearn.model_selection import train_test_split
"""


def found(line: str) -> list[str]:
    tree = ast.parse(f"{HEAD}\ndef transform(df):\n    {line}\n")
    return [f"{f.why.split(':')[0].split(',')[0]}" for f in suspects(tree)]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("return datetime.now()", "clock"),
        ("return dt.datetime.utcnow()", "clock"),
        ("return date.today()", "clock"),
        ("return time.time()", "clock"),
        ("return pd.Timestamp.now()", "clock"),
        ("return pd.to_datetime('today')", "clock"),
        ("return time.strftime('%Y')", "clock"),
        ("f = dt.date.today", "clock"),
        ("return random.random()", "chance"),
        ("return np.random.normal(size=3)", "chance"),
        ("return np.random.default_rng().normal()", "chance"),
        ("return rand(3)", "chance"),
        ("return df.sample(10)", "chance"),
        ("return df.sample(frac=1, random_state=None)", "chance"),
        ("return uuid.uuid4()", "chance"),
        ("return train_test_split(df)", "chance"),
        ("return hash('a')", "hash seed"),
        ("return [x for x in {1, 2}]", "hash seed"),
        ("return list(set(df.a))", "hash seed"),
        ("s = set(df.a)\n    for x in s: pass", "hash seed"),
        ("return ','.join({*df.a})", "hash seed"),
        ("return os.environ['HOME']", "environment"),
        ("return env.get('HOME')", "environment"),
        ("return os.getenv('HOME')", "environment"),
        ("locale.setlocale(locale.LC_ALL, '')", "environment"),
        ("return open('x').read()", "outside"),
        ("return pd.read_csv('x')", "outside"),
        ("return pl.scan_parquet('x')", "outside"),
        ("return Path('x').read_text()", "outside"),
        ("return joblib.load('x')", "outside"),
        ("return requests.get('http://x')", "network"),
        ("return urllib.request.urlopen('http://x')", "network"),
        ("global count\n    count = 1", "global"),
    ],
)
def test_what_may_differ_tomorrow_is_found(line, word):
    assert any(word in why for why in found(line)), found(line)


@pytest.mark.parametrize(
    "line",
    [
        "return df.sample(10, random_state=0)",
        "return np.random.default_rng(0)",
        "return random.Random(3)",
        "return train_test_split(df, random_state=1)",
        "return sorted(set(df.a))",
        "return 1 in {1, 2}",
        "return len(set(df.a))",
        "return datetime(2024, 1, 1)",
        "return dt.date.fromisoformat('2024-01-01')",
        "return time.strftime('%Y', t)",
        "return df.time.open",
        "return df.now()",
        "return pd.to_datetime(df.a)",
        "return os.path.join('a', 'b')",
        "return df.hash",
        "open = df.open\n    return [c for c in [1, 2]]",
    ],
)
def test_what_is_safe_is_left_alone(line):
    assert found(line) == []


def test_each_place_says_its_line_and_function():
    tree = ast.parse("import time\nT = time.time()\ndef fit(df):\n    return time.time()\n")
    assert [(f.line, f.function, f.what) for f in suspects(tree)] == [
        (2, "", "time.time()"),
        (4, "fit", "time.time()"),
    ]
