"""Notebook servers from one catalogue: a JupyterHub spawner for Kubernetes.

Knows neither `jupyter_kf` nor JupyterLab: it runs in the hub's image. Importing it loads nothing.
"""

__version__ = "0.1.0"
