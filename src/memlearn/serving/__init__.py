"""Serving: a release, a user, a moment: recommendations and blocks. Never imports learning or Prefect."""
