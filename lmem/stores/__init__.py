"""Implementations of the ports. One store never imports another."""
