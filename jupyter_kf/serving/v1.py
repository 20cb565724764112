"""KServe's V1 protocol: ``{"instances": [...]}`` by rows, or ``{"inputs": {...}}`` by columns.

Source: KServe, data plane V1. Pure. An instance is a list in the schema's order or an object.
"""

from __future__ import annotations

from typing import Any

from jupyter_kf.serving import batch, refusals, wire
from jupyter_kf.serving.schema import RawSchema

_FORM = '{"instances": [...]}, a list or an object for each row, or {"inputs": {column: [...]}}'


def decode(schema: RawSchema, identity: wire.Identity, body: bytes, head: wire.Head) -> wire.Asked:
    """A request of ``:predict``.

    Raises:
        RequestError: kf-23xx.
    """
    asked = wire.parse(body)
    if type(asked) is not dict or ("instances" in asked) == ("inputs" in asked):
        raise refusals.bad_shape("the request has neither rows nor columns, or both", _FORM)
    wire.only_keys(asked, ("instances", "inputs", "signature_name", "id"), "the request")
    rows = asked["instances"] if "instances" in asked else asked["inputs"]
    wire.refuse_duplicate_keys(body, len(asked) + wire.pairs_of_rows(rows))
    request_id = wire.text_of(asked.get("id"), "`id`") or head.request_id
    columns = columns_of(schema, rows)

    def answer(outputs: wire.Outputs) -> wire.Answer:
        return _answer(identity, outputs)

    return wire.Asked(batch.of_lists(schema, columns), answer, request_id)


def columns_of(schema: RawSchema, rows: Any) -> list[list[Any]]:
    """Columns of rows as objects, rows as lists, or an object of columns.

    Raises:
        RequestError: kf-2308 to kf-2316.
    """
    if type(rows) is dict and rows:
        columns = wire.columns_of_columns(schema, rows)
        if not columns or not columns[0]:
            raise refusals.no_rows()
        return columns
    if type(rows) is not list and rows != {}:
        raise refusals.bad_shape(f"the rows are {refusals.describe(rows)}", _FORM)
    if not rows:
        raise refusals.no_rows()
    if type(rows[0]) is dict:
        return wire.columns_of_records(schema, rows)
    return wire.columns_of_lists(schema, rows)


def _answer(identity: wire.Identity, outputs: wire.Outputs) -> wire.Answer:
    said: dict[str, Any] = {"predictions": wire.json_values(outputs["prediction"])}
    if "probability" in outputs:
        said["probabilities"] = wire.json_values(outputs["probability"])
        said["classes"] = identity.classes
    said["model_name"], said["model_version"] = identity.name, str(identity.version)
    return wire.dump(said), [wire.JSON]
