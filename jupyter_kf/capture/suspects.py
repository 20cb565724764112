"""What in a transform's code may make tomorrow's answer differ from today's?

Clock, randomness, hash order, environment, files and network, found in the syntax tree with
import aliases resolved. These are warnings: the certificate proves, this only says where to
look. Pure; standard library only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_CLOCK = "depends on the clock: production would compute another value than training"
_CHANCE = "depends on chance: fix it by a seed (random_state=0), or do it in `fit`"
_ORDER = "depends on the hash seed, which differs in every process: use sorted(...)"
_PLACE = "depends on the environment, which differs where it is served"
_OUTSIDE = "reads what is outside the transform: load it in `fit` and return it as state"
_NETWORK = "uses the network, which production may not reach, and which answers differently"

_TABLE: tuple[tuple[str, str], ...] = (
    (
        "time.time time.time_ns time.monotonic time.perf_counter time.localtime time.gmtime "
        "time.ctime datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today "
        "datetime.date.today pandas.Timestamp.now pandas.Timestamp.today pandas.Timestamp.utcnow "
        "pandas.Period.now",
        _CLOCK,
    ),
    ("random.* numpy.random.* uuid.uuid1 uuid.uuid4 secrets.* os.urandom torch.rand* ", _CHANCE),
    ("hash id", _ORDER),
    (
        "os.environ os.environ.* os.getenv os.getcwd os.cpu_count os.getpid locale.* platform.* "
        "sys.argv socket.gethostname getpass.getuser time.tzname time.timezone pathlib.Path.home "
        "pathlib.Path.cwd",
        _PLACE,
    ),
    (
        "open io.open os.listdir os.scandir os.walk glob.glob glob.iglob pandas.read_* "
        "polars.read_* polars.scan_* numpy.load numpy.loadtxt numpy.genfromtxt numpy.fromfile "
        "joblib.load pickle.load pyarrow.parquet.read_table sqlite3.connect subprocess.* "
        "os.system os.popen importlib.resources.*",
        _OUTSIDE,
    ),
    (
        "requests.* urllib.request.* urllib3.* httpx.* aiohttp.* http.client.* socket.socket "
        "socket.create_connection boto3.* sqlalchemy.create_engine psycopg.* psycopg2.*",
        _NETWORK,
    ),
)
_RULES = tuple((name, why) for names, why in _TABLE for name in names.split())
_METHODS = {
    "read_text": _OUTSIDE,
    "read_bytes": _OUTSIDE,
    "iterdir": _OUTSIDE,
    "to_sql": _OUTSIDE,
}
_SEEDED = frozenset(
    {"random.Random", "numpy.random.default_rng", "numpy.random.RandomState"}
    | {f"numpy.random.{n}" for n in ("Generator", "PCG64", "SeedSequence", "MT19937", "Philox")}
)
_SEED_WORDS = frozenset({"random_state", "seed", "rng"})
_TAKES_SEED = frozenset({"train_test_split", "shuffle", "resample"})
_KEEPS_ORDER = frozenset({"list", "tuple", "enumerate", "iter", "zip", "map", "next"})


@dataclass(frozen=True)
class Found:
    """One suspicious place.

    Attributes:
        function: the top-level function it is in; empty at the top level.
    """

    line: int
    what: str
    why: str
    function: str = ""


def suspects(tree: ast.Module) -> list[Found]:
    """Suspicious places of a module, in the order of lines, each line and cause once."""
    aliases = _aliases(tree)
    found: dict[tuple[int, str], Found] = {}
    for statement in tree.body:
        inside = statement.name if isinstance(statement, _Named) else ""
        sets = _sets_in(statement)
        for line, what, why in _look(statement, aliases, sets):
            found.setdefault((line, why), Found(line, what, why, inside))
    return sorted(found.values(), key=lambda f: (f.line, f.what))


_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _look(
    root: ast.AST, aliases: Mapping[str, str], sets: frozenset[str]
) -> Iterator[tuple[int, str, str]]:
    called = {id(node.func): node for node in ast.walk(root) if isinstance(node, ast.Call)}
    for node in ast.walk(root):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            name = _dotted(node, aliases)
            call = called.get(id(node))
            why = _why(name, call) if name else None
            if why is None and call is not None and name:
                why = _now_text(name, call) or _unseeded(name, call)
            if why is None and call is not None and isinstance(node, ast.Attribute):
                why, name = _method(node.attr, call), f".{node.attr}"
            if why is not None:
                yield node.lineno, f"{name}()" if call is not None else str(name), why
        yield from _unordered(node, sets)
        if isinstance(node, ast.Global):
            why = "writes a global: an answer may depend on the rows before"
            yield node.lineno, f"global {', '.join(node.names)}", why


def _why(name: str, call: ast.Call | None) -> str | None:
    if name in _SEEDED:
        return None if call is None or _has_seed(call) else _CHANCE
    if name == "time.strftime":
        return _CLOCK if call is not None and len(call.args) < 2 else None
    for rule, why in _RULES:
        matches = name.startswith(rule[:-1]) if rule.endswith("*") else name == rule
        # A bare builtin counts only when it is called.
        if matches and ("." in rule or call is not None):
            return why
    return None


def _has_seed(call: ast.Call) -> bool:
    named = any(k.arg in _SEED_WORDS and not _is_none(k.value) for k in call.keywords)
    return named or bool(call.args and not _is_none(call.args[0]))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _method(attribute: str, call: ast.Call) -> str | None:
    if attribute == "sample":
        seeded = any(k.arg in _SEED_WORDS and not _is_none(k.value) for k in call.keywords)
        return None if seeded else _CHANCE
    return _METHODS.get(attribute)


def _now_text(name: str, call: ast.Call) -> str | None:
    if name not in ("pandas.to_datetime", "pandas.Timestamp", "numpy.datetime64"):
        return None
    first = call.args[0] if call.args else None
    return _CLOCK if isinstance(first, ast.Constant) and first.value in ("now", "today") else None


def _unseeded(name: str, call: ast.Call) -> str | None:
    if name.rpartition(".")[2] not in _TAKES_SEED or not name.startswith("sklearn."):
        return None
    seeded = any(k.arg == "random_state" and not _is_none(k.value) for k in call.keywords)
    return None if seeded else _CHANCE


def _unordered(node: ast.AST, sets: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    """Places where the order of a set becomes the order of something else."""
    taken: list[ast.expr] = []
    if isinstance(node, ast.For):
        taken = [node.iter]
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
        taken = [generator.iter for generator in node.generators]
    elif isinstance(node, ast.Call):
        simple = isinstance(node.func, ast.Name) and node.func.id in _KEEPS_ORDER
        joined = isinstance(node.func, ast.Attribute) and node.func.attr == "join"
        taken = list(node.args) if simple or joined else []
    elif isinstance(node, ast.Starred):
        taken = [node.value]
    for one in taken:
        if _is_set(one, sets):
            yield one.lineno, f"order of {ast.unparse(one)[:40]}", _ORDER


def _is_set(node: ast.expr, sets: frozenset[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Name):
        return node.id in sets
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub):
        return _is_set(node.left, sets) and not isinstance(node.left, ast.Constant)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("set", "frozenset")
    )


def _sets_in(root: ast.AST) -> frozenset[str]:
    """Names that are only ever assigned sets."""
    made: dict[str, bool] = {}
    for node in ast.walk(root):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    is_set = _is_set(node.value, frozenset())
                    made[target.id] = made.get(target.id, True) and is_set
    return frozenset(name for name, always in made.items() if always)


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Full dotted names of what import statements bind, anywhere in the module."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                full = alias.name if alias.asname else alias.name.partition(".")[0]
                names[alias.asname or full] = full
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _dotted(node: ast.expr, aliases: Mapping[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    if parts and node.id not in aliases:
        return None  # an attribute of some value
    return ".".join([aliases.get(node.id, node.id), *reversed(parts)])
