"""The JupyterLab extension's sources and what is built of them keep the house's promises."""

from __future__ import annotations

import importlib
import json
import os
import re
from pathlib import Path

import pytest

import jupyter_kf
from jupyter_kf.specs import SPECS
from jupyter_kf.verbs import offered
from labextension.scripts import hook
from tests.architecture.source import ROOT, shown, tracked_files

SOURCE, BUNDLE = ROOT / "labextension", ROOT / "jupyter_kf" / "labextension"
MODULE_LINES, ACTIVATE_LINES = 400, 60
EAGER_BYTES = 55_000
TYPESCRIPT = [
    path
    for path in tracked_files()
    if SOURCE in path.parents and path.suffix in (".ts", ".tsx") and path.name != "wire.ts"
]
# Modules that set a timer, and what for. Three ask the server again and again, each while
# something lasts that an idle page has not.
TIMERS = {
    "cells/actions.ts": "once, to take a mark away",
    "compare/page.tsx": "once, after typing",
    "endpoints/counters.ts": "asks again: while an endpoint's counters are on the screen",
    "endpoints/tryit.tsx": "counts the seconds of a prediction that is waited for",
    "forms/told.ts": "once, after typing",
    "runs/log.tsx": "once, to scroll after a paint",
    "services/log.ts": "asks again: while a shown log goes on and its stream has no place",
    "services/manager.ts": "asks again: while the server does not answer",
    "services/paced.ts": "once after a change; after a failure again, less and less often",
    "services/rows.ts": "once, to give up on a row that is late",
    "services/streams.ts": "connects a stream again that broke",
    "sidebar/enter.ts": "once, until the panel that was asked for is drawn",
    "sidebar/rows.tsx": "once, after a press",
    "sidebar/section.tsx": "once, after typing",
    "ui/clock.tsx": "lets ages that are shown tick: draws, asks nothing",
}
FEATURES = {path.parent for path in TYPESCRIPT if path.name == "plugin.ts"} - {
    SOURCE / "src" / "services"
}


def test_no_module_is_longer_than_its_budget():
    lines = {shown(path): len(path.read_text().splitlines()) for path in TYPESCRIPT}
    assert not {name: n for name, n in lines.items() if n > MODULE_LINES}


def test_a_plugin_is_activated_in_few_lines():
    long = {}
    for path in TYPESCRIPT:
        for found in re.finditer(r"^( *)activate: \($.*?^\1\}", path.read_text(), re.M | re.S):
            if (lines := found[0].count("\n") + 1) > ACTIVATE_LINES:
                long[shown(path)] = lines
    assert not long


def test_every_field_of_a_verb_has_a_name_that_can_be_translated():
    named = (SOURCE / "src" / "ui" / "fieldnames.ts").read_text()
    known = set(re.findall(r"^    (\w+): trans\.__\(", named, re.M))
    fields = {field for spec in SPECS.values() for field in spec.model_fields}
    fields |= {flag.field for verb in SPECS for flag in offered(verb)}
    assert not fields - known


def test_settings_and_menus_are_translated_with_our_words():
    for path in (SOURCE / "schema").glob("*.json"):
        told = json.loads(path.read_text())
        assert told["jupyter.lab.internationalization"] == {"domain": "jupyter_kf"}, path.name


def test_features_never_import_each_other():
    crossed = [
        f"{shown(path)}: {name}"
        for path in TYPESCRIPT
        for name in re.findall(r"""(?:from|import\()\s*['"](\.\.?/[^'"]+)['"]""", path.read_text())
        if (feature := _feature(path)) is not None
        if _feature((path.parent / name).resolve()) not in (None, feature)
    ]
    assert not crossed


def test_the_list_of_plugins_lists_every_plugin_and_nothing_else():
    index = (SOURCE / "src" / "index.ts").read_text()
    plugins = {path.parent.name for path in TYPESCRIPT if path.name == "plugin.ts"}
    assert set(re.findall(r"from '\./(\w+)/plugin'", index)) == plugins
    assert not re.search(r"function|=>|class ", index)


def test_text_from_outside_is_never_set_as_html():
    setters = re.compile(
        r"dangerouslySetInnerHTML|\.(inner|outer)HTML\s*\+?=(?!=)|insertAdjacentHTML"
    )
    assert not [shown(path) for path in TYPESCRIPT if setters.search(path.read_text())]


def test_only_these_modules_may_act_again_by_themselves():
    """A story that watches for seconds sees no poll that is slower: each timer is named here."""
    again = re.compile(r"new Poll\b|setInterval\(|setTimeout\(|requestAnimationFrame\(")
    found = {
        shown(path).removeprefix("labextension/src/")
        for path in TYPESCRIPT
        if ".test." not in path.name and path.parent.name != "testing"
        if again.search(path.read_text())
    }
    assert found == set(TIMERS)


def test_colours_are_the_theme_s_own():
    styles = sorted((SOURCE / "style").glob("*.css"))
    colour = re.compile(r":[^;{]*(#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\()")
    assert not [shown(path) for path in styles if colour.search(path.read_text())]


def test_the_versions_are_one():
    assert json.loads((SOURCE / "package.json").read_text())["version"] == jupyter_kf.__version__


def test_at_most_55_kb_of_ours_are_loaded_with_the_page():
    """The container, and the chunks of the entry points that JupyterLab asks it for."""
    if not (BUNDLE / "package.json").is_file():
        if os.environ.get("CI"):  # `make test` builds it there
            pytest.fail("the extension is not built: make bundle says why")
        pytest.skip("THE EXTENSION IS NOT BUILT: make bundle")
    (entry,) = (BUNDLE / "static").glob("remoteEntry.*.js")
    asked = re.search(r"\{\"\./index\":(.*?)\},", entry.read_text())
    assert asked is not None, "the bundler writes its container in another way now"
    assert '"./style":' in asked[1], "its style sheet is not among what is counted"
    chunks = set(re.findall(r"\.e\((\d+)\)", asked[1]))
    assert chunks
    files = [entry, *(_chunk(number) for number in chunks)]
    sizes = {path.name: path.stat().st_size for path in files}
    assert sum(sizes.values()) <= EAGER_BYTES, sizes


@pytest.mark.parametrize("name", hook.BUILT_FROM)
def test_an_editable_install_notices_a_change_in_all_that_the_panels_are_made_of(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))  # no Node, which is asked for when it has to build
    for one in hook.BUILT_FROM:
        source = tmp_path / hook.SOURCE / one
        if (SOURCE / one).is_dir():
            source = source / "deep" / "file"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.touch()
        os.utime(source, (1e9, 1e9))
    with pytest.raises(SystemExit, match="and there is none\nCause: a clone has only their source"):
        hook.build("wheel", "editable")
    built = tmp_path / hook.BUNDLE / "static" / "style.js"
    built.parent.mkdir(parents=True)
    built.touch()
    hook.build("wheel", "editable")  # nothing to do
    changed = tmp_path / hook.SOURCE / name
    os.utime(changed if changed.is_file() else changed / "deep" / "file")
    os.utime(built, (1e9 + 1, 1e9 + 1))
    with pytest.raises(SystemExit, match="those built are older than their source\nFix: install"):
        hook.build("wheel", "editable")


def test_make_bundle_and_an_install_build_from_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT / ".ci")
    assert set(importlib.import_module("frontend").BUILT_FROM) == set(hook.BUILT_FROM)


def _chunk(number: str) -> Path:
    (found,) = (BUNDLE / "static").glob(f"{number}.*.js")
    return found


def _feature(path: Path) -> Path | None:
    """The feature folder that a file belongs to."""
    return next((folder for folder in FEATURES if folder in path.parents), None)
