"""What must travel so that these names mean in a job what they mean in the notebook?

A `Resolver` follows each name to its value and adds what makes it again: an import line, the
source of a definition with what that uses, an expression, a file. What can't travel is noted;
all of it is reported together at the end.
"""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from jupyter_kf.capture import changes, refusals
from jupyter_kf.capture.definitions import NoSource, definition_of, is_code, is_notebooks
from jupyter_kf.capture.frames import Unpackable
from jupyter_kf.capture.imports import (
    home_of,
    local_file,
    module_line,
    module_name,
    object_line,
    singleton_home,
    submodules,
)
from jupyter_kf.capture.literals import Unwritable, Writer, is_plain_json, type_name
from jupyter_kf.capture.modules import LocalModules
from jupyter_kf.capture.reads import Reads, Sureness, is_builtin, reads_of
from jupyter_kf.capture.refusals import Refusal, Refused
from jupyter_kf.capture.values import (
    LARGEST_BYTES,
    TooLarge,
    Value,
    data_value,
    json_value,
    pickle_value,
    too_large_fix,
)
from jupyter_kf.errors import CaptureError
from jupyter_kf.units import format_memory

LONGEST_LITERAL = 2_000  # characters; longer JSON goes into a file, where nobody reads past it
LONGEST_EXPRESSION = 16 << 20
_OF_THE_JOB = frozenset({"display", "open", "exit", "quit"})  # IPython has its own of these


@dataclass(frozen=True)
class Rules:
    """What a resolver may do.

    Attributes:
        bound: names that the job itself binds.
        pickle: names that may travel as a pickle.
        text_only: whether everything must travel as text (a transform), `freeze_bytes` at most
            for one value.
    """

    bound: Collection[str] = ()
    pickle: Collection[str] = ()
    text_only: bool = False
    freeze_bytes: int = 64 << 10


@dataclass
class Resolver:
    """Collects what travels.

    Attributes:
        imports: import lines, in the order of first use.
        blocks: definitions and assignments, each after what it needs.
        values: what travels as a file, by name.
        listing: what travelled, for people.
    """

    namespace: Mapping[str, Any]
    rules: Rules
    directory: Path
    imports: dict[str, None] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    listing: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    future: bool = False

    def __post_init__(self) -> None:
        self.modules = LocalModules(self.directory)
        self._done: set[str] = set()
        self._via: list[str] = []
        self._quiet = 0
        self._writer = Writer(self._reference)

    def need(self, reads: Reads) -> None:
        """Adds everything that a piece of code takes from outside itself."""
        self.modules.add_imports(reads.imports)
        for name, sureness in reads.names.items():
            self._need_one(name, sureness, reads)
            module = self.namespace.get(name)
            if isinstance(module, ModuleType) and name not in self.rules.bound:
                self._need_submodules(name, module, reads)

    def finish(self, subject: str, code: int = 1203) -> None:
        """Reports what can't travel and what is not defined.

        Raises:
            CaptureError: `code`, with every refusal; kf-1204, a name that nothing defines.
        """
        self._list_modules()
        refusals.raise_all(self.refused, code, subject)
        for name, place in self.unknown.items():
            where = f"{place} of {subject}" if place.startswith("line") else place
            raise refusals.undefined(name, where, {*self.namespace, *self.rules.bound})

    def _need_one(self, name: str, sureness: Sureness, reads: Reads) -> None:
        if name in self._done or name in self.rules.bound or name in _OF_THE_JOB:
            return
        if name not in self.namespace:
            is_new = not is_builtin(name) and not hasattr(builtins, name)
            if name == "get_ipython":
                self._refuse(refusals.refuse(name, None), reads.lines.get(name), sureness)
            elif is_new and sureness is Sureness.SURE and not reads.star and not self._quiet:
                self.unknown.setdefault(name, self._place(name, reads))
            return
        value = self.namespace[name]
        if is_builtin(name) and getattr(builtins, name, None) is value:
            return
        if name == "__name__":
            return
        self._done.add(name)
        quiet = sureness is Sureness.MAYBE
        self._quiet += quiet
        try:
            self._travel(name, value)
        except Refused as error:
            self._refuse(error.refusal, reads.lines.get(name), sureness)
        finally:
            self._quiet -= quiet

    def _place(self, name: str, reads: Reads) -> str:
        return f"`{self._via[-1]}`" if self._via else f"line {reads.lines.get(name, 1)}"

    def _refuse(self, refusal: Refusal, line: int | None, sureness: Sureness) -> None:
        if self._quiet or sureness is Sureness.MAYBE:
            return
        via = self._via[-1] if self._via else ""
        one = Refusal(refusal.name, refusal.what, refusal.cause, refusal.fix, line, via)
        if one.name not in {r.name for r in self.refused}:
            self.refused.append(one)

    def _travel(self, name: str, value: Any) -> None:
        """Adds one value under a name.

        Raises:
            Refused: it can't travel.
        """
        if refusals.is_history(name) or name == "get_ipython":
            raise Refused(refusals.refuse(name, value))
        if isinstance(value, ModuleType):
            self._import_module(name, value)
        elif is_code(value) and is_notebooks(value):
            self._define(name, value)
        elif (home := home_of(value)) is not None and not self._is_data(value):
            self._import_object(name, value, home)
        else:
            self._send(name, value)

    def _is_data(self, value: Any) -> bool:
        return not (is_code(value) or callable(value))

    def _import_module(self, name: str, module: ModuleType) -> None:
        text = module_line(name, module)
        if text is None:
            raise Refused(self._refusal(name, module, "no import statement leads to this module"))
        self.imports[text] = None
        full = module_name(module) or module.__name__
        if local_file(module, self.directory) or not hasattr(module, "__file__"):
            self.modules.add(full)
        self._list(name, "import", full)

    def _need_submodules(self, name: str, module: ModuleType, reads: Reads) -> None:
        for full in submodules(module, reads.chains.get(name, ())):
            own = full.startswith(name + ".")
            alias = "" if own else f" as _{full.replace('.', '_')}"
            self.imports[f"import {full}{alias}"] = None
            self.modules.add(full)

    def _import_object(self, name: str, value: Any, home: tuple[str, str]) -> None:
        self.imports[object_line(name, home)] = None
        self.modules.add(home[0])
        own = getattr(value, "__module__", None)
        self.modules.add(own if isinstance(own, str) else home[0])
        self._list(name, "import", f"{home[0]}.{home[1]}")

    def _define(self, name: str, value: Any) -> None:
        try:
            found = definition_of(name, value)
        except NoSource as error:
            raise Refused(self._closure(name, value, str(error))) from None
        other = self.namespace.get(found.name, value)
        if found.name != name and other is not value:
            why = f"it is an earlier `{found.name}`, which has been defined again since"
            raise Refused(self._closure(name, value, why))
        changed = changes.refusal(name, value, found.node, self.namespace, self.rules.bound)
        if changed is not None:
            raise Refused(changed)
        self._done.add(name)
        if found.name not in self._done or found.name == name:
            self._done.add(found.name)
            self.future = self.future or found.future
            self._via.append(name)
            try:
                self.need(reads_of(found.node, future=found.future))
            finally:
                self._via.pop()
            self.blocks.append(found.text)
            kind = "class" if isinstance(value, type) else "function"
            self._list(found.name, kind, kind, len(found.text.encode()))
        if found.name != name:
            self.blocks.append(f"{name} = {found.name}")

    def _send(self, name: str, value: Any) -> None:
        """Data, plain values, singletons of modules, and pickles by leave."""
        detail = ""
        try:
            data = data_value(value)
            if data is not None and not self.rules.text_only:
                self._add_value(name, data)
                return
        except Unpackable as error:
            detail = str(error)
        except TooLarge as error:
            raise self._too_large(name, error.args[0]) from None
        else:
            if data is None:
                detail = self._write_literal(name, value)
                if not detail:
                    return
        home = None if detail.startswith("it is too long") else singleton_home(name, value)
        if home is not None:
            self._import_object(name, value, home)
        elif "array of Python objects" in detail and self._object_array(name, value):
            return
        elif name in self.rules.pickle:
            self._pickle(name, value)
        else:
            raise Refused(self._refusal(name, value, detail))

    def _write_literal(self, name: str, value: Any) -> str:
        """Adds an expression or JSON; what is in the way, when neither can hold the value."""
        large_json = not self.rules.text_only and is_plain_json(value)
        try:
            if large_json and type(value) in (list, dict, str) and len(value) > LONGEST_LITERAL:
                self._add_value(name, json_value(value))
                return ""
            text = self._writer.write(value)
        except Unwritable as error:
            return str(error)
        except RecursionError:
            return "it is nested too deeply"
        except TooLarge as error:
            raise self._too_large(name, error.args[0]) from None
        size = len(text)
        if self.rules.text_only and size > self.rules.freeze_bytes:
            raise Refused(self._too_long(name, value, size))
        if large_json and size > LONGEST_LITERAL:
            self._add_value(name, json_value(value))
        elif size > LONGEST_EXPRESSION:
            raise self._too_large(name, size)
        else:
            self.blocks.append(f"{name} = {text}")
            self._list(name, "literal", type_name(value), size)
        return ""

    def _object_array(self, name: str, value: Any) -> bool:
        if getattr(value, "ndim", 0) != 1 or len(value) > 10_000:
            return False
        try:
            kind = self._reference(type(value)).rpartition(".")[0]
            text = f"{kind}.array({self._writer.write(list(value))}, dtype=object)"
        except Unwritable:
            return False
        if any(isinstance(v, list | tuple) or hasattr(v, "__array__") for v in value):
            return False
        self.blocks.append(f"{name} = {text}")
        self._list(name, "literal", "numpy array of objects", len(text))
        return True

    def _pickle(self, name: str, value: Any) -> None:
        try:
            made = pickle_value(value, self._note_pickled)
        except TooLarge as error:
            raise self._too_large(name, error.args[0]) from None
        except Exception as error:
            raise CaptureError(
                1209,
                f"`{name}`, {type_name(value)}, can't be pickled",
                cause=f"{type(error).__name__}: {error}",
                fix="make it inside the cell",
            ) from error
        self._add_value(name, made)

    def _note_pickled(self, thing: Any) -> None:
        module = getattr(thing, "__module__", None) or ""
        if module == "__main__":
            self._reference(thing)
        else:
            self.modules.add(module)

    def _add_value(self, name: str, value: Value) -> None:
        self.values[name] = value
        total = sum(v.bytes for v in self.values.values())
        if total > LARGEST_BYTES:
            largest = max(self.values, key=lambda n: self.values[n].bytes)
            raise self._too_large(largest, total)
        self._list(name, value.kind, value.type, value.bytes)

    def _reference(self, thing: Any) -> str:
        """A class or function inside a value, as an expression; adds what it needs.

        Raises:
            Unwritable: no name leads to it.
        """
        if isinstance(thing, ModuleType):
            return self._alias(thing.__name__)
        if is_notebooks(thing):
            name = getattr(thing, "__name__", "")
            if self.namespace.get(name) is not thing:
                same = [n for n, v in self.namespace.items() if v is thing]
                if not same:
                    raise Unwritable(f"it holds {name or thing!r}, which has no name any more")
                name = same[0]
            if name not in self._done:
                self._done.add(name)
                try:
                    self._define(name, thing)
                except Refused as error:
                    raise Unwritable(error.refusal.cause) from None
            return name
        home = home_of(thing)
        if home is None:
            raise Unwritable(f"it holds {getattr(thing, '__name__', thing)!r}")
        if home[0] == "builtins":
            return home[1]
        self.modules.add(home[0])
        return f"{self._alias(home[0])}.{home[1]}"

    def _alias(self, module: str) -> str:
        alias = "_" + module.replace(".", "_")
        if alias in self.namespace:
            alias = "_kf" + alias
        self.imports[f"import {module} as {alias}"] = None
        return alias

    def _list(self, name: str, kind: str, type_: str, size: int = 0) -> None:
        self.listing.append({"name": name, "kind": kind, "type": type_, "bytes": size})

    def _list_modules(self) -> None:
        for path in sorted(self.modules.files):
            self._list(path, "module", "local file", len(self.modules.files[path]))

    def _refusal(self, name: str, value: Any, detail: str) -> Refusal:
        return refusals.refuse(name, value, "transform" if self.rules.text_only else "", detail)

    def _closure(self, name: str, value: Any, cause: str) -> Refusal:
        kind = "class" if isinstance(value, type) else "function"
        fix = f"define `{name}` at the top level of a cell, or in a module beside the notebook"
        if "holds that call's" in cause:
            fix += "; or bind what it holds with functools.partial"
        return Refusal(name, f"a {kind} of this notebook", cause, fix)

    def _too_long(self, name: str, value: Any, size: int) -> Refusal:
        limit = self.rules.freeze_bytes >> 10
        return Refusal(
            name,
            f"a {type_name(value)} of {size:,} characters",
            f"values up to {limit} KiB are frozen into a transform's text",
            "return it from fit, so that it is part of the state: `return {...}`",
        )

    def _too_large(self, name: str, n_bytes: int) -> CaptureError:
        held: Iterable[str] = (f"{n} {format_memory(v.bytes)}" for n, v in self.values.items())
        return CaptureError(
            1205,
            f"what the cell uses from the notebook is {format_memory(n_bytes)}, too much to travel",
            cause=f"at most {format_memory(LARGEST_BYTES)} travel with a cell; `{name}` is "
            "the largest (" + ", ".join(held or [name]) + ")",
            fix=too_large_fix(name),
        )
