"""Ranking items from memory alone. Pure."""
