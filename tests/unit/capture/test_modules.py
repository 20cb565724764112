from __future__ import annotations

import pytest

from jupyter_kf.errors import CaptureError


def test_local_modules_and_packages_travel_with_what_they_import(notebook):
    package = notebook.folder / "kfb_pkg" / "sub"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("from .base import BASE\n")
    (package.parent / "base.py").write_text("BASE = 10\n")
    (package.parent / "unused.py").write_text("raise SystemExit\n")
    (package / "__init__.py").write_text("")
    (package / "deep.py").write_text(
        "from ..base import BASE\nfrom .. import other\nimport json\n"
        "def f():\n    import kfb_lone\n    return BASE + kfb_lone.N + other.K\n"
    )
    (package.parent / "other.py").write_text("K = 100\n")
    (notebook.folder / "kfb_lone.py").write_text("N = 1\n")
    notebook.run("from kfb_pkg.sub import deep\nimport kfb_lone as lone")
    captured = notebook.capture("print(deep.f(), lone.N)")
    assert sorted(captured.modules) == [
        "kfb_lone.py",
        "kfb_pkg/__init__.py",
        "kfb_pkg/base.py",
        "kfb_pkg/other.py",
        "kfb_pkg/sub/__init__.py",
        "kfb_pkg/sub/deep.py",
    ]
    assert notebook.job(captured) == "111 1\n"


def test_a_module_that_only_the_cell_imports_travels_too(notebook):
    (notebook.folder / "kfc_one.py").write_text("A = 1\n")
    (notebook.folder / "kfc_two.py").write_text("B = 2\n")
    notebook.run("def late():\n    from kfc_two import B\n    return B")
    captured = notebook.capture("import kfc_one\nprint(kfc_one.A, late())")
    assert sorted(captured.modules) == ["kfc_one.py", "kfc_two.py"]
    assert notebook.job(captured) == "1 2\n"


def test_an_object_of_a_local_module_brings_its_module(notebook):
    (notebook.folder / "kfd_m.py").write_text("class T:\n    x = 3\ndef g(): return 4\n")
    notebook.run("from kfd_m import T, g")
    captured = notebook.capture("print(T.x, g())")
    assert "from kfd_m import T" in captured.preamble
    assert notebook.job(captured) == "3 4\n"


def test_installed_packages_and_jupyter_kf_itself_do_not_travel(notebook):
    notebook.run("import numpy, json, jupyter_kf")
    assert notebook.capture("numpy.pi, json, jupyter_kf").modules == {}


def test_a_namespace_package_travels(notebook):
    (notebook.folder / "kfe_ns").mkdir()
    (notebook.folder / "kfe_ns" / "part.py").write_text("V = 5\n")
    notebook.run("import kfe_ns.part")
    assert notebook.job(notebook.capture("print(kfe_ns.part.V)")) == "5\n"


def test_a_broken_local_module_is_named(notebook):
    (notebook.folder / "kff_m.py").write_text("x = (\n")
    with pytest.raises(CaptureError) as caught:
        notebook.capture("import kff_m")
    assert (caught.value.code, "kff_m" in caught.value.what) == (1208, True)


def test_modules_that_import_each_other_travel_once(notebook):
    (notebook.folder / "kfg_a.py").write_text("import kfg_b\n")
    (notebook.folder / "kfg_b.py").write_text("import kfg_a\n")
    assert sorted(notebook.capture("import kfg_a").modules) == ["kfg_a.py", "kfg_b.py"]
