"""Does Katib itself carry an Experiment to its best trial here, and refuse a wrong one?"""

from pathlib import Path

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.cluster.control import wait_for
from tests.cluster.katib import POLICY

KATIB = ("kubeflow.org", "v1beta1")
# Katib fails a trial that ends before its collector has looked which process to wait for. No single
# quote: Katib appends to the words of the command and leaves the whole to a shell.
TRAIN = """
import pathlib, sys, time

def collects(process):
    try:
        return (process / "cmdline").read_bytes().startswith(b"/katib-metrics-collector")
    except OSError:
        return False

while not any(map(collects, pathlib.Path("/proc").glob("[0-9]*"))):
    time.sleep(0.1)
time.sleep(1)
print(f"auc={1 - abs(float(sys.argv[1]) - 0.05):.6f}")
"""


@pytest.fixture
def custom(api):
    return client.CustomObjectsApi(api)


@pytest.fixture
def adopted(namespace, katib):
    """A namespace in which Katib runs Experiments."""
    katib.adopt(namespace)
    return namespace


def experiment(name="study", algorithm="random", trials=2, image="localhost/base:1"):
    rate = {"min": "0.01", "max": "0.1"}
    train = f"python3 -c '{TRAIN}' ${{trialParameters.rate}}"
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", train],
    }
    pod = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {"backoffLimit": 0, "template": pod},
    }
    return {
        "apiVersion": "/".join(KATIB),
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "auc"},
            "algorithm": {"algorithmName": algorithm},
            "maxTrialCount": trials,
            "parallelTrialCount": trials,
            "maxFailedTrialCount": 0,
            "parameters": [{"name": "lr", "parameterType": "double", "feasibleSpace": rate}],
            "trialTemplate": {
                "primaryContainerName": "main",
                "trialParameters": [{"name": "rate", "reference": "lr"}],
                "trialSpec": job,
            },
        },
    }


def create(custom, namespace, body):
    custom.create_namespaced_custom_object(*KATIB, namespace, "experiments", body)


def refusal(custom, namespace, body):
    with pytest.raises(ApiException) as refused:
        create(custom, namespace, body)
    return refused.value.body


def changed(**spec):
    """An Experiment with other parts; None takes a part away."""
    body = experiment()
    body["spec"] = {key: value for key, value in (body["spec"] | spec).items() if value is not None}
    return body


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"objective": {"type": "upwards", "objectiveMetricName": "auc"}}, "spec.objective.type"),
        ({"objective": {"type": "minimize"}}, "spec.objective.objectiveMetricName"),
        ({"algorithm": {}}, "spec.algorithm.algorithmName"),
        ({"maxTrialCount": 0}, "spec.maxTrialCount"),
        ({"parameters": [{"name": "lr", "parameterType": "real"}]}, "spec.parameters[]"),
        ({"trialTemplate": None}, "spec.trialTemplate"),
    ],
)
def test_a_wrong_experiment_is_refused_without_katib(custom, namespace, katib_kinds, spec, why):
    said = refusal(custom, namespace, changed(**spec))
    assert POLICY in said and why in said


def test_an_experiment_is_kept_as_it_was_written_without_katib(custom, namespace, katib_kinds):
    body = experiment()
    create(custom, namespace, body)
    kept = custom.get_namespaced_custom_object(*KATIB, namespace, "experiments", "study")
    template = kept["spec"]["trialTemplate"]
    assert template == {**template, **body["spec"]["trialTemplate"]}


@pytest.mark.timeout(600)
def test_experiments_find_their_best_trial_by_what_the_trials_print(custom, adopted, python_image):
    """One after Goptuna's tree of estimators, one at random, at the same time."""
    trials = {"tpe": 3, "random": 2}
    for algorithm, count in trials.items():
        create(custom, adopted, experiment(algorithm, algorithm, count, python_image))

    def succeeded(name):
        found = custom.get_namespaced_custom_object(*KATIB, adopted, "experiments", name)
        states = {one["type"]: one for one in found.get("status", {}).get("conditions", [])}
        assert states.get("Failed", {}).get("status") != "True", found["status"]
        return states.get("Succeeded", {}).get("status") == "True"

    for name in trials:
        wait_for(lambda name=name: succeeded(name), 240, f"experiment {name} succeeded", every_s=1)
    for name, count in trials.items():
        best_is_the_best_of_its_trials(custom, adopted, name, count)
    assert not Path("/tmp/cert").is_symlink(), "the machine's /tmp is not the controller's"


def best_is_the_best_of_its_trials(custom, namespace, name, count):
    found = custom.get_namespaced_custom_object(*KATIB, namespace, "experiments", name)
    assert found["status"]["trialsSucceeded"] == count
    listed = custom.list_namespaced_custom_object(
        *KATIB, namespace, "trials", label_selector=f"katib.kubeflow.org/experiment={name}"
    )
    measured = {}
    for trial in listed["items"]:
        (chosen,) = trial["spec"]["parameterAssignments"]
        (metric,) = trial["status"]["observation"]["metrics"]
        rate, auc = float(chosen["value"]), float(metric["latest"])
        assert 0.01 <= rate <= 0.1
        assert auc == pytest.approx(1 - abs(rate - 0.05), abs=1e-6)
        measured[trial["metadata"]["name"]] = auc
    assert len(measured) == count
    best = found["status"]["currentOptimalTrial"]
    assert best["bestTrialName"] == max(measured, key=measured.__getitem__)
    (metric,) = best["observation"]["metrics"]
    assert (metric["name"], float(metric["max"])) == ("auc", max(measured.values()))


def test_an_experiment_of_an_unknown_algorithm_is_refused_by_katib(custom, adopted):
    body = changed(algorithm={"algorithmName": "no-such-algorithm"})
    said = refusal(custom, adopted, body)
    assert "validator.experiment.katib.kubeflow.org" in said and "no-such-algorithm" in said
