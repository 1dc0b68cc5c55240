"""Wiring: the config, and the verbs that put the parts together."""
