# A real Kubernetes under the tests; see tests/cluster/README.md. Included by the Makefile.
CLUSTER_PYTHON ?= $(or $(PY),python3)

.PHONY: cluster cluster-down cluster-status cluster-setup cluster-build test-cluster bench-cluster bench-spawner

cluster: $(READY) ## start a Kubernetes on this machine and print its KUBECONFIG
	$(CLUSTER_PYTHON) -m tests.cluster up

cluster-down: $(READY) ## end it, and what killed test runs left
	$(CLUSTER_PYTHON) -m tests.cluster down

cluster-status: $(READY) ## list this machine's test clusters
	$(CLUSTER_PYTHON) -m tests.cluster status

cluster-setup: $(READY) ## packages (root), binaries and images, as far as they are missing
	$(CLUSTER_PYTHON) -m tests.cluster setup

cluster-build: $(READY) ## the binaries alone, from Go modules
	$(CLUSTER_PYTHON) -m tests.cluster build

test-cluster: $(READY) ## every test that needs a cluster; a missing one is a failure
	JUPYTER_KF_REQUIRE_CLUSTER=1 $(CLUSTER_PYTHON) -m pytest tests/cluster

bench-cluster: $(READY) ## the figures of tests/cluster/README.md
	$(CLUSTER_PYTHON) -m tests.bench cluster

bench-spawner: $(READY) ## the figures of spawner/README.md: 200 spawns at once, beside KubeSpawner
	$(CLUSTER_PYTHON) -m tests.bench spawner
