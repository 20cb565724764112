"""Names and ids: what may be called what, and how one name becomes another.

A name must work as a folder, a DNS label (RFC 1123, 63 characters), a Kubernetes label value
and a URL segment at once, so that the same name can move from a laptop to a cluster.
Standard library only.
"""

from __future__ import annotations

import re
import secrets
import time

from jupyter_kf.errors import SpecError

LABEL_PREFIX = "jupyter-kf.org/"
LABEL_RUN = LABEL_PREFIX + "run"
LABEL_KIND = LABEL_PREFIX + "kind"
LABEL_NAME = LABEL_PREFIX + "name"

_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,38}[a-z0-9])?")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_EPOCH_S = 1_577_836_800  # 2020-01-01; six base-32 digits of seconds last until 2054
_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{64}")
_RUN_ID = re.compile(rf"[a-z0-9][a-z0-9-]*-[{_ALPHABET}]{{10}}")  # as new_run_id makes it
_SHORT_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{6,64}")


def check_name(name: str, what: str = "name") -> str:
    """`name` itself when it may name a dataset, transform, run, model or endpoint.

    Raises:
        SpecError: kf-1002, with the rule and a spelling that would do.
    """
    if _NAME.fullmatch(name):
        return name
    bare, at, n = name.partition("@")
    if at and n.isdigit() and _NAME.fullmatch(bare):
        raise SpecError(
            1002,
            f"{what} {name!r} can't be used",
            cause="it means a version, and what is made here gets its version by itself",
            fix=f"give {bare!r} alone; what it uses is an option, as in --model {name}",
        )
    raise SpecError(
        1002,
        f"{what} {name if len(name) <= 60 else name[:57] + '...'!r} can't be used",
        cause="a name is 1 to 40 of a-z, 0-9, - and _, beginning and ending with a letter or digit",
        fix=f"call it {slug(name)!r}",
    )


def check_ref(text: str) -> str:
    """`text` itself when it may mean a thing's version: a name, name@3 or a digest.

    Raises:
        SpecError: kf-1002.
    """
    if not is_short_digest(text):
        check_name(text.partition("@")[0])
    return text


def versioned(name: str, n: int) -> str:
    """What means version `n` of a name, for `check_ref` and whoever types it: ``name@3``."""
    return f"{name}@{n}"


def slug(text: str, longest: int = 40) -> str:
    """A DNS label made from any text: lower case, runs of other characters become one dash."""
    if not text.isascii():
        import unicodedata  # not at the top: every worker imports this module

        parts = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(part for part in parts if not unicodedata.combining(part))
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:longest].strip("-")
    return label or "x"


def new_run_id(name: str, *, now_s: float | None = None) -> str:
    """A DNS label that sorts by second of creation among runs of one name.

    Four random digits (20 bits) part runs of the same second; the store creates the folder
    exclusively and asks again on a collision.
    """
    stamp = int(time.time() if now_s is None else now_s) - _EPOCH_S
    digits = "".join(_ALPHABET[stamp >> shift & 31] for shift in range(25, -1, -5))
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(4))
    return f"{slug(name)}-{digits}{tail}"


def is_run_id(text: str) -> bool:
    """Whether `text` is a whole run id: what is nearly one is of another run, not misspelt."""
    return bool(_RUN_ID.fullmatch(text))


def is_digest(text: str) -> bool:
    """Whether `text` is a full sha256 digest, with or without its prefix."""
    return bool(_DIGEST.fullmatch(text))


def is_short_digest(text: str) -> bool:
    """Whether `text` can abbreviate a digest: six hexadecimal digits or more."""
    return bool(_SHORT_DIGEST.fullmatch(text))


def short(digest: str) -> str:
    """The first 12 digits, as people read them."""
    return digest.removeprefix("sha256:")[:12]
