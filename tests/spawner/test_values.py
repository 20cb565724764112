"""The chart's values name traits that exist, and what they execute is there."""

from __future__ import annotations

import pytest
from jupyter_kf_spawner.spawner import KfSpawner
from jupyterhub.app import JupyterHub
from ruamel.yaml import YAML
from traitlets.config import Config

from tests.spawner.conftest import ROOT

VALUES = YAML(typ="safe").load(ROOT / "spawner" / "values.yaml")
CLASSES = {"JupyterHub": JupyterHub, "KfSpawner": KfSpawner}


@pytest.mark.parametrize("section", VALUES["hub"]["config"])
def test_each_setting_is_a_trait_that_takes_the_value(section):
    for name, value in VALUES["hub"]["config"][section].items():
        trait = CLASSES[section].class_traits(config=True).get(name)
        assert trait is not None, f"{section}.{name}"
        if section == "KfSpawner":
            assert type(value) is type(trait.default_value), name


def test_the_code_that_the_hub_executes_sets_traits_that_exist():
    for code in VALUES["hub"]["extraConfig"].values():
        settings = Config()
        exec(compile(code, "extraConfig", "exec"), {"c": settings})
        for section, made in settings.items():
            assert set(made) <= set(CLASSES[section].class_traits(config=True))


def test_the_spawner_that_is_named_is_ours_and_finds_the_catalogue():
    hub = VALUES["hub"]
    spawner = JupyterHub(spawner_class=hub["config"]["JupyterHub"]["spawner_class"]).spawner_class
    assert spawner is KfSpawner
    mounted = {one["mountPath"] for one in hub["extraFiles"].values()}
    assert hub["config"]["KfSpawner"]["catalogue_file"] in mounted
