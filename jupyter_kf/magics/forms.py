"""``%kf form ...``: a line filled in instead of typed, which shows the line that it performs.

For front ends without our extension, and for sliders over an endpoint. Fields, words and units
are the spec's own, a prediction's fields are the endpoint's. ipywidgets is imported with this file.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Protocol

import ipywidgets as w
from IPython.display import display as show_now

from jupyter_kf import display
from jupyter_kf.client import Client, columns
from jupyter_kf.client.columns import Column
from jupyter_kf.errors import KfError, SpecError
from jupyter_kf.magics.inserting import insert
from jupyter_kf.records import state_word
from jupyter_kf.specs import SPECS
from jupyter_kf.specs.base import JobSpec, Request
from jupyter_kf.specs.flags import Flag, flags_of, parse
from jupyter_kf.specs.line import cell_of
from jupyter_kf.specs.queries import CompareQuery, FormQuery, PredictQuery
from jupyter_kf.verbs import TAKES_CODE

_MOST_RUNS = 200
_WIDE = {"description_width": "9em"}
_LAYOUT = w.Layout(width="38em")
_BROKEN = ("float", "double", "decimal")
_KINDS = {"data": "dataset", "transform": "transform", "model": "model"}


class Session(Protocol):
    """What a form needs of the notebook's session: it performs lines as if they were typed."""

    @property
    def shell(self) -> Any: ...
    @property
    def client(self) -> Client: ...
    def perform(self, line: str, cell: str | None) -> Any: ...


def make(session: Session, query: FormQuery) -> Form:
    """The form that was asked for.

    Raises:
        SpecError: kf-1035, a prediction without an endpoint's name.
        NotFound: kf-1112, no endpoint has that name.
    """
    if query.about == "compare":
        return CompareForm(session)
    if query.about != "predict":
        return SpecForm(session, query.about, query.name)
    if query.name is None:
        raise SpecError(
            1035,
            "form predict needs the name of an endpoint",
            cause="its fields are the endpoint's",
            fix="`%kf form predict NAME`; `%kf serve MODEL` starts one",
        )
    return PredictForm(session, query.name)


class Form(ABC):
    """Widgets, the line that they mean, and a button that performs it.

    Args:
        session: of the notebook.
        does: what the button says.

    Attributes:
        box: all of it, as ipywidgets shows it.
        go, insert: the buttons.
        output: what performing it showed.
    """

    def __init__(self, session: Session, does: str) -> None:
        self._session = session
        self._line = w.HTML()
        self.go = w.Button(description=does, button_style="primary", tooltip=does)
        self.insert = w.Button(description="Insert cell", tooltip="put this line into a new cell")
        self.output = w.Output()
        self.go.on_click(lambda _: self.perform())
        self.insert.on_click(lambda _: insert(session.shell, self.cell, self._say))
        self.box = w.VBox()
        self._watched: list[w.Widget] = []

    @property
    @abstractmethod
    def request(self) -> Request:
        """What the fields ask for now.

        Raises:
            SpecError: as of the line.
        """

    @property
    def cell(self) -> str:
        """The cell that does the same."""
        return cell_of(self.request)

    def perform(self) -> None:
        """Does what the line says, and shows its result below."""
        self.output.clear_output(wait=True)
        with self.output:
            try:
                line, _, code = self.cell.lstrip("%").partition("\n")
                line = self._session.shell.var_expand(line.removeprefix("kf "))
                self._show(self._session.perform(line, code if "\n" in self.cell else None))
            except KfError as error:
                print(error)  # noqa: T201 - the output widget takes it

    def _say(self, text: str) -> None:
        self.output.clear_output(wait=True)
        self.output.append_stdout(f"{text}\n")

    def _show(self, result: Any) -> None:
        show: Any = show_now
        if result is not None:
            show(result)

    def _lay(self, fields: Iterable[w.Widget]) -> None:
        """Puts the form together, and keeps its line true."""
        buttons = w.HBox([self.go, self.insert])
        self.box.children = (*fields, self._line, buttons, self.output)
        for widget in self._watched:
            widget.observe(lambda _: self._tell(), "value")
        self._tell()

    def _watch(self, widget: w.Widget) -> w.Widget:
        self._watched.append(widget)
        return widget

    def _tell(self) -> None:
        try:
            told, wrong = self.cell, False
        except KfError as error:
            told, wrong = str(error), True
        self.go.disabled = self.insert.disabled = wrong
        self._line.value = display.line(told, wrong=wrong)

    def _repr_mimebundle_(self, **more: Any) -> Any:
        return self.box._repr_mimebundle_(**more)


class SpecForm(Form):
    """A job's spec: its own fields first, what all jobs share behind a fold.

    Args:
        verb: of the spec.
        name: what the result is to be called.
    """

    def __init__(self, session: Session, verb: str, name: str | None = None) -> None:
        super().__init__(session, verb.capitalize())
        self._verb, self._spec = verb, SPECS[verb]
        self.fields = {flag.field: self._watch(self._widget(flag)) for flag in flags_of(self._spec)}
        self.fields["name"].value = name or ""
        shared = JobSpec.model_fields.keys() - {"name"}
        own = [widget for field, widget in self.fields.items() if field not in shared]
        fold = w.Accordion([w.VBox([self.fields[f] for f in self.fields if f in shared])])
        fold.set_title(0, "Resources and environment")
        fold.selected_index = None
        self.code = self._watch(w.Textarea(description="code", rows=6, layout=_LAYOUT, style=_WIDE))
        self.code.value = self._code_before(name)
        self._lay([*own, fold, *([self.code] if verb in TAKES_CODE else [])])

    @property
    def request(self) -> Request:
        """The spec that the fields say."""
        words = [word for flag in flags_of(self._spec) for word in self._words(flag)]
        found: Request = self._spec.of(**parse((self._spec,), words))
        return found

    @property
    def cell(self) -> str:
        """The cell with its code, for the verbs that take one."""
        return cell_of(self.request, self.code.value if self._verb in TAKES_CODE else None)

    def _widget(self, flag: Flag) -> w.Widget:
        same: dict[str, Any] = {
            "description": flag.field.replace("_", " "),
            "tooltip": f"{flag.help} ({flag.unit})" if flag.unit else flag.help,
            "layout": _LAYOUT,
            "style": _WIDE,
        }
        if flag.shape == "switch":
            return w.Checkbox(value=bool(flag.default), **same)
        if flag.choices:
            return w.Dropdown(options=flag.choices, value=flag.default, **same)
        hint = flag.unit or flag.help
        if flag.shape in ("map", "list"):
            return w.Textarea(placeholder=f"{hint}, one a line", rows=2, **same)
        shown = "" if flag.default in (None, ...) or flag.default is False else str(flag.default)
        if flag.field in _KINDS:
            names = self._session.client.store.refs.names(_KINDS[flag.field])
            return w.Combobox(options=names, value=shown, placeholder=hint, **same)
        return w.Text(value=shown, placeholder=hint, **same)

    def _words(self, flag: Flag) -> list[str]:
        """A field as words, as somebody would type them."""
        value = self.fields[flag.field].value
        if isinstance(value, bool):
            return [flag.flag if value else flag.flag.replace("--", "--no-", 1)]
        lines = value.splitlines() if flag.shape in ("map", "list") else [value.strip()]
        given = [line for line in lines if line.strip()]
        if flag.shape == "switch or list":  # true, or names between spaces
            return [word for n in value.split() for word in _named(flag, n)]
        if flag.positional:
            return given
        return [f"{flag.flag}={line}" for line in given]

    def _code_before(self, name: str | None) -> str:
        """The code of the newest run of this name, to begin with."""
        if name is None or self._verb not in TAKES_CODE:
            return ""
        for run in self._session.client.runs(name, kind=self._verb):
            cell = self._session.client.store.runs.folder(run.id).cell
            return cell.read_text() if cell.is_file() else ""
        return ""


class PredictForm(Form):
    """A row for an endpoint: sliders over what training has seen, lists of what it knows.

    Args:
        name: of the endpoint.
    """

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session, "Predict")
        self._name = name
        endpoint = session.client.endpoint(name)
        told = columns.of_endpoint(session.client.store, endpoint.model)
        self.fields = {column.name: self._watch(_slider(column)) for column in told}
        self.nulls = {
            column.name: self._watch(
                w.Checkbox(
                    value=column.example is None,
                    description="null",
                    indent=False,
                    layout=w.Layout(width="6em"),
                )
            )
            for column in told
            if column.nullable
        }
        rows = [
            w.HBox([field, *([self.nulls[n]] if n in self.nulls else [])])
            for n, field in self.fields.items()
        ]
        said = f"endpoint {name}: {state_word('serve', endpoint.state)}"
        self._lay([w.HTML(display.line(said)), *rows])

    @property
    def row(self) -> dict[str, Any]:
        """The row that the fields say."""
        none = {name for name, box in self.nulls.items() if box.value}
        return {n: None if n in none else field.value for n, field in self.fields.items()}

    @property
    def request(self) -> Request:
        """The question that the fields say."""
        rows = json.dumps([self.row], ensure_ascii=False)
        found: Request = PredictQuery.of(name=self._name, rows=rows)
        return found


class CompareForm(Form):
    """Runs to be put side by side."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, "Compare")
        runs = [run for run in session.client.runs() if run.kind != "serve"][:_MOST_RUNS]
        told = [(f"{r.id}  {r.kind}  {r.state}  {_metrics(r)}".rstrip(), r.id) for r in runs]
        self.runs = self._watch(
            w.SelectMultiple(
                options=told,
                description="runs",
                rows=min(12, len(told) + 1),
                layout=_LAYOUT,
                style=_WIDE,
            )
        )
        self._lay([self.runs])

    @property
    def request(self) -> Request:
        """The comparison of those that are chosen."""
        found: Request = CompareQuery.of(runs=tuple(self.runs.value))
        return found


def _named(flag: Flag, word: str) -> list[str]:
    lowered = word.lower()
    if lowered in ("true", "false"):
        return [flag.flag] if lowered == "true" else []
    return [flag.flag, word]


def _slider(column: Column) -> w.Widget:
    same: dict[str, Any] = {
        "description": column.name,
        "tooltip": column.type,
        "layout": _LAYOUT,
        "style": _WIDE,
    }
    if column.categories:
        return w.Dropdown(options=column.categories, value=column.example, **same)
    if isinstance(column.example, bool):
        return w.Checkbox(value=column.example, **same)
    whole = "int" in column.type
    low, high = column.min, column.max
    if isinstance(low, int | float) and isinstance(high, int | float) and low < high:
        if whole:
            kind, low, high = w.IntSlider, int(low), int(high)
        else:
            kind = w.FloatSlider
            same["step"] = (high - low) / 200
        value = min(max(column.example, low), high)
        return kind(value=value, min=low, max=high, continuous_update=False, **same)
    if whole or any(word in column.type for word in _BROKEN):  # one value in all rows, or none
        return (w.IntText if whole else w.FloatText)(value=column.example or 0, **same)
    return w.Text(value="" if column.example is None else str(column.example), **same)


def _metrics(run: Any) -> str:
    return " ".join(f"{name}={value:.4g}" for name, value in list(run.metrics.items())[:3])
