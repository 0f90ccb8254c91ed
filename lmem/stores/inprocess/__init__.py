"""Twins of stores that live in memory."""
