"""The embedded memory manager: exact statistics per user, rendered as statements."""
