"""The store: ledger, row store, vectors and releases."""
