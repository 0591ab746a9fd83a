"""The bus of a province: one gateway in front of every ministry database. It knows no database by name."""

__version__ = "0.1.0"
