"""A real Kubernetes for the tests, on one machine and without a container registry.

README.md draws it. Tests import `fixtures`; people run `python -m tests.cluster`.
"""
