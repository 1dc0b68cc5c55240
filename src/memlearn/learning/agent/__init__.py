"""The agent manager: a language model that revises each user's blocks, step by step, checked and within a budget."""
