# A real Kubernetes under the tests; see tests/cluster/README.md. Included by the Makefile.
CLUSTER_PYTHON ?= python3

.PHONY: cluster cluster-down cluster-status cluster-setup cluster-build test-cluster bench-cluster

cluster: ## start a Kubernetes on this machine and print its KUBECONFIG
	$(CLUSTER_PYTHON) -m tests.cluster up

cluster-down: ## end it, and what killed test runs left
	$(CLUSTER_PYTHON) -m tests.cluster down

cluster-status: ## list this machine's test clusters
	$(CLUSTER_PYTHON) -m tests.cluster status

cluster-setup: ## packages (root), binaries and images, as far as they are missing
	$(CLUSTER_PYTHON) -m tests.cluster setup

cluster-build: ## the binaries alone, from Go modules
	$(CLUSTER_PYTHON) -m tests.cluster build

test-cluster: ## every test that needs a cluster; a missing one is a failure
	JUPYTER_KF_REQUIRE_CLUSTER=1 $(CLUSTER_PYTHON) -m pytest tests/cluster

bench-cluster: ## the figures of tests/cluster/README.md
	$(CLUSTER_PYTHON) -m tests.bench cluster
