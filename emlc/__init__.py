"""A compiler for one-operator mathematics: eml(x, y) = exp(x) - ln(y)."""

__version__ = "0.1.0"
