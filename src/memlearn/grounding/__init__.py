"""Checking facts against rows, by code."""
