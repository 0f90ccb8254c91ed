"""The version, in a file of its own so that `lmem --version` reads no package metadata."""

__version__ = "0.1.0"
