"""memlearn: learn per-user memory from company data offline, and recommend from it in real time."""
