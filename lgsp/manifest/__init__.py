"""Reading manifests: connector.toml, contracts and mapping become a `Connector`, or every finding at once.

A manifest is data, never a language: every key is read by name through `Table`, and what was not read is unknown and an
error that names the nearest key. `docs/connector.md` and its JSON Schema are asserted against what is read here.
"""

from lgsp.manifest.load import RegistryError, demonstration, load, load_connector, load_what_can_be

__all__ = ["RegistryError", "demonstration", "load", "load_connector", "load_what_can_be"]
