"""Documents: Markdown, plain text, HTML and PDF, cut into sections along their headings."""

from memlearn.sources.documents.read import decode_text, read_documents

__all__ = ["decode_text", "read_documents"]
