"""The tables and values that sources produce: events, items, persons, operator statements, documents.

Column names and dtypes are fixed here, once, for the whole package.
"""

from memlearn.records.documents import Document, Section
from memlearn.records.events import ATTRIBUTE_PREFIX, EVENT_SCHEMA, KINDS, REJECT_SCHEMA, attribute_column
from memlearn.records.items import ITEM_SCHEMA, LEVEL_PREFIX, OFFER_ITEM_SCHEMA, level_column
from memlearn.records.persons import PERSON_SCHEMA
from memlearn.records.statements import OPERATOR_STATEMENT_SCHEMA, STANCES

__all__ = [
    "ATTRIBUTE_PREFIX",
    "EVENT_SCHEMA",
    "ITEM_SCHEMA",
    "KINDS",
    "LEVEL_PREFIX",
    "OFFER_ITEM_SCHEMA",
    "OPERATOR_STATEMENT_SCHEMA",
    "PERSON_SCHEMA",
    "REJECT_SCHEMA",
    "STANCES",
    "Document",
    "Section",
    "attribute_column",
    "level_column",
]
