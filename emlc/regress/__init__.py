"""Formulas from data."""
