"""Runs in the peers' environment: asks an endpoint with tritonclient and with kserve's client.

``clients.py URL TOKEN``; the last line of its output is JSON: what each of them was told.
"""

from __future__ import annotations

import asyncio
import json
import sys

import numpy as np

NAME = "delay"
COLUMNS = ["x0", "x1", "x2"]
ROWS = np.array([[1.0, 2.0, 0.1], [0.5, -1.0, 3.0]])


def triton(url: str, headers: dict[str, str]) -> dict[str, object]:
    import tritonclient.http as http

    # (tritonclient writes into the headers that it is given)
    client = http.InferenceServerClient(url.removeprefix("http://"))
    said: dict[str, object] = {
        "live": client.is_server_live(headers=headers),
        "ready": client.is_server_ready(headers=headers),
        "model_ready": client.is_model_ready(NAME, headers=headers),
        "versioned": client.is_model_ready(NAME, "1", headers=headers),
        "server": client.get_server_metadata(headers=headers)["name"],
        "inputs": [t["name"] for t in client.get_model_metadata(NAME, headers=headers)["inputs"]],
    }
    for binary in (True, False):
        for packed in (None, "gzip", "deflate"):
            inputs = []
            for i, name in enumerate(COLUMNS):
                one = http.InferInput(name, [len(ROWS)], "FP64")
                one.set_data_from_numpy(np.ascontiguousarray(ROWS[:, i]), binary_data=binary)
                inputs.append(one)
            wanted = [
                http.InferRequestedOutput(name, binary_data=binary)
                for name in ("prediction", "probability")
            ]
            result = client.infer(
                NAME, inputs, outputs=wanted, request_id="a-1", headers=dict(headers),
                request_compression_algorithm=packed,
            )  # fmt: skip
            key = f"binary={binary} packed={packed}"
            said[key] = [result.as_numpy(n).tolist() for n in ("prediction", "probability")]
            assert result.get_response()["id"] == "a-1"
    result = client.infer(NAME, inputs[::-1], headers=dict(headers))  # all outputs, in binary
    said["default"] = [result.as_numpy(n).tolist() for n in ("prediction", "probability")]
    try:
        client.infer(NAME, inputs[:2], headers=dict(headers))
    except Exception as error:
        said["refused"] = str(error)
    return said


async def kserve(url: str, headers: dict[str, str]) -> dict[str, object]:
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

    said: dict[str, object] = {}
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        said["live"] = await client.is_server_live(url, headers=headers)
        said["ready"] = await client.is_server_ready(url, headers=headers)
        said["model_ready"] = await client.is_model_ready(url, NAME, headers=headers)
        for binary in (True, False):
            inputs = []
            for i, name in enumerate(COLUMNS):
                one = InferInput(name, [len(ROWS)], "FP64")
                one.set_data_from_numpy(np.ascontiguousarray(ROWS[:, i]), binary_data=binary)
                inputs.append(one)
            request = InferRequest(model_name=NAME, infer_inputs=inputs, request_id="b-2")
            got = await client.infer(url, request, model_name=NAME, headers=dict(headers))
            assert got.id == "b-2"
            said[f"binary={binary}"] = [output.as_numpy().tolist() for output in got.outputs]
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        said["v1_live"] = await client.is_server_live(url, headers=headers)
        said["v1_ready"] = await client.is_model_ready(url, NAME, headers=headers)
        body = {"instances": ROWS.tolist()}
        said["v1"] = await client.infer(url, body, model_name=NAME, headers=headers)
        try:
            await client.infer(url, {"instances": [[1]]}, model_name=NAME, headers=headers)
        except Exception as error:
            said["refused"] = str(error)
    return said


if __name__ == "__main__":
    url, token = sys.argv[1:]
    bearer = {"Authorization": f"Bearer {token}"}
    answers = {"triton": triton(url, bearer), "kserve": asyncio.run(kserve(url, bearer))}
    sys.stdout.write(json.dumps(answers) + "\n")
