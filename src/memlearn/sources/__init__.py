"""Sources: files, databases and documents, read into typed tables."""
