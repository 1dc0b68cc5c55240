"""Learning: the fold of chunks into state, and the job around it."""
