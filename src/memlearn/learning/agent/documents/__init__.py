"""The agent reads documents into shared memory: passage by passage, every line checked against the sentences that it cites."""
