"""What is left of a namespace's quota is read as Kubernetes counts it, and shown as advice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from jupyter_kf_spawner import form, quota
from jupyter_kf_spawner.resolve import Usage, resolve

GI = 2**30


def counted(hard: dict[str, str], used: dict[str, str], **spec: object) -> dict:
    return {"spec": spec, "status": {"hard": hard, "used": used}}


@pytest.mark.parametrize(
    ("text", "much"),
    [("2", "2"), ("1500m", "1.5"), ("3Gi", str(3 * GI)), ("2k", "2000"), ("1e3", "1000"),
     ("0", "0"), ("250u", "0.00025"), ("-1", "-1")],
)  # fmt: skip
def test_every_quantity_of_kubernetes_is_read(text, much):
    assert quota.amount(text) == Decimal(much)


@pytest.mark.parametrize("text", ["", "two", "1 Gi", "1Gb", "0x10"])
def test_what_is_no_quantity_is_no_number(text):
    with pytest.raises(ValueError, match="not a quantity"):
        quota.amount(text)


def test_of_several_quotas_the_least_counts_and_nothing_is_less_than_none():
    left = quota.left(
        [
            counted({"cpu": "10", "limits.memory": "8Gi"}, {"cpu": "4"}),
            counted({"requests.cpu": "5", "limits.memory": "4Gi"}, {"limits.memory": "6Gi"}),
        ]
    )
    assert left == {"requests.cpu": 5, "limits.memory": 0}


def test_a_quota_for_some_pods_only_says_nothing():
    hard = {"pods": "1"}
    assert quota.left([counted(hard, {}, scopes=["BestEffort"])]) == {}
    assert quota.left([counted(hard, {}, scopeSelector={"matchExpressions": []})]) == {}
    assert quota.left([{"spec": {"hard": hard}}]) == {}  # not counted yet


def test_a_size_that_does_not_fit_is_marked_and_one_that_does_has_a_number(catalogue, ada):
    left = quota.left([counted({"limits.cpu": "10", "limits.memory": "12Gi"}, {"limits.cpu": "4"})])
    page = form.render(catalogue, ada, Usage(claims={}, home="h", quota=left))
    assert "The namespace&#39;s quota has room for 6" in page  # small: 1 CPU, 2Gi
    assert "one that is smaller than usual" in page  # large: 4 CPU, 16Gi, at least 2 and 4Gi
    assert "for everybody: 6 CPU, 12Gi of memory." in page
    none = form.render(catalogue, ada, Usage(claims={}, home="h", quota={"limits.memory": 0}))
    assert "Does not fit now: the namespace&#39;s quota has too little left: memory" in none


def test_what_the_form_advises_does_not_decide(catalogue, ada):
    nothing_left = {"limits.cpu": Decimal(0), "pods": Decimal(0)}
    usage = Usage(claims={}, home="h", quota=nothing_left)
    assert resolve(catalogue, ada, usage, {}) == resolve(
        catalogue, ada, Usage(claims={}, home="h"), {}
    )


def test_a_quota_that_can_not_be_seen_is_unknown_and_none_is_nothing(catalogue, ada):
    unknown = form.render(catalogue, ada, Usage(claims={}, home="h", quota=None))
    assert "Left of the namespace&#39;s quota: unknown." in unknown
    assert "namespace&#39;s quota" not in form.render(catalogue, ada, Usage(claims={}, home="h"))


def test_a_quota_of_devices_stands_beside_what_is_free(catalogue, ada):
    left = quota.left([counted({"requests.nvidia.com/gpu": "4"}, {"requests.nvidia.com/gpu": "3"})])
    usage = Usage(claims={}, home="h", free={"nvidia.com/gpu": 3}, quota=left)
    assert "NVIDIA GPU (3 free now, the quota allows 1)" in form.render(catalogue, ada, usage)
