# Two commands matter: `make demo` shows the product on real data, `make test` proves it.
# Each does all of its own set-up in .venv; `make help` lists the rest.

.DEFAULT_GOAL := help
.PHONY: help demo test test-front test-browser bundle panels lab hub lint format bench faults test-frameworks test-images test-walk images build pins clean

PY := .venv/bin/python
# Where the demo's pictures go: make demo PICTURES=binder renews the README's.
PICTURES ?=
# More for pytest, as in: make test ARGS="-k parity -x"
ARGS ?=
# A file's tests stay in one worker, with what they share. A worker that dies ends the run: the
# one that replaced it would be given the same test again, and wait for more for ever.
WORKERS := -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart=0
# Stories wait for a browser more than they work: two at a time, each file with its own server.
BROWSERS := -n 2 $(filter-out -n auto,$(WORKERS))
# Not empty where a browser has something to be shown on.
SCREEN := $(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname)))
# `.venv` is made anew when a pin, a dependency or the set-up itself changed, else in no time.
READY := .venv/ready-$(shell cat .ci/requirements.txt .ci/left-out.txt .ci/environment.py pyproject.toml spawner/pyproject.toml | cksum | tr ' ' '-')

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-16s %s\n", $$1, $$2}'

demo: $(READY) panels ## from one cell to a proven endpoint, on 336,776 real flights; SAVE=folder keeps it
	@$(PY) binder/run_demo.py --pictures $(or $(PICTURES),dist) $(if $(SAVE),--save $(SAVE))

test: $(READY) panels ## every test but the large frameworks' and the cluster's
	@$(PY) -m pytest $(WORKERS) $(ARGS)

test-front: $(READY) ## the front end: Jest, types, lint
	@$(PY) .ci/frontend.py run wire:check lint types test

test-browser: $(READY) bundle ## stories in a real JupyterLab and Chromium
	@$(PY) -m pytest tests/browser $(BROWSERS) $(ARGS)

bundle: $(READY) ## the JupyterLab extension, built when a source changed
	@$(PY) .ci/frontend.py bundle

panels: $(READY) ## the same, or a sentence where there is no Node
	@$(PY) .ci/frontend.py bundle --if-possible

lab: $(READY) panels ## a JupyterLab on the demo notebook, in your browser; its address where there is no display
	@.venv/bin/jupyter lab binder --ip=127.0.0.1 $(if $(SCREEN),,--no-browser) \
	    --LabApp.default_url=/lab/tree/01-from-cell-to-prediction.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

hub: $(READY) panels ## a JupyterHub with the catalogue's form, on this machine; PORT=8000
	@JUPYTER_KF_HUB_PORT=$(or $(PORT),8000) JUPYTER_KF_PROXY="$$($(PY) .ci/environment.py proxy)" \
	    $(PY) -m jupyterhub -f spawner/jupyterhub_config.py

lint: $(READY) ## format, lint, types, import contracts: what CI checks
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format: $(READY) ## mends what can be mended without thinking
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

bench: $(READY) ## the figures of the README, each against its baseline; ONLY="start train" for some
	@$(PY) -m tests.bench $(ONLY)

faults: $(READY) ## 500 kills at random moments; FAULTS=n and SEED=n to change them
	@JUPYTER_KF_FAULT_ROUNDS=$(or $(FAULTS),500) $(if $(SEED),JUPYTER_KF_FAULT_SEED=$(SEED)) \
	    $(PY) -m pytest -s --timeout=0 tests/walks/test_faults*.py $(ARGS)

test-frameworks: $(READY) ## torch and tensorflow, each in an environment of its own
	@$(PY) tests/frameworks/run.py $(ARGS)

test-walk: $(READY) ## a person's walk through a hub in a browser, in pods of our base image (root)
	@JUPYTER_KF_REQUIRE_CLUSTER=1 JUPYTER_KF_REQUIRE_BROWSER=1 $(PY) -m pytest --timeout=1800 \
	    tests/images/built/test_walk.py $(ARGS)

images: $(READY) ## the image of that walk, in the cache (root; minutes when what it stands on changed)
	@$(PY) -m tests.images.build base

test-images: $(READY) ## builds base, scipy, tensorflow and hub, runs them in pods (root; 17 min the first time)
	@JUPYTER_KF_REQUIRE_CLUSTER=1 $(PY) -m pytest --timeout=3600 tests/images/built $(ARGS)

build: $(READY) bundle ## both packages' wheels and source distributions, in dist/
	@for package in . spawner; do \
	    .venv/bin/uv build --quiet --no-build-isolation --python $(PY) \
	        --out-dir $(or $(DIST),dist) $$package || exit 1; \
	done

pins: $(READY) ## newer pins only where pyproject.toml asks for them; UPGRADE=1 for all the newest
	@$(PY) .ci/environment.py pins $(if $(UPGRADE),--upgrade)

clean: ## removes what the other targets made in the checkout
	rm -rf .venv dist build jupyter_kf/labextension labextension/node_modules labextension/lib .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find jupyter_kf tests binder -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY):
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        "$$python" .ci/environment.py main || exit 1; \
	        rm -f .venv/ready-*; touch $@; exit 0; \
	    fi; \
	done; \
	echo "cannot set up: no Python 3.11 or newer found; name one with: make PYTHON=/path/to/python" >&2; \
	exit 1

-include tests/cluster/cluster.mk
