"""What may be asked for: the catalogue's nouns, its reader, its rules."""

from __future__ import annotations

from jupyter_kf_spawner.catalogue.load import Examined, examine, load, parse, schema
from jupyter_kf_spawner.catalogue.models import Catalogue

__all__ = ["Catalogue", "Examined", "examine", "load", "parse", "schema"]
