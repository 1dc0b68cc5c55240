"""Memory values: blocks, statements, facts, evidence and edits. Pure: no store, no clock."""

from memlearn.memory.blocks import DEFAULT_BLOCKS, Block, BlockSpec
from memlearn.memory.edits import Edit, RefusedEdit, Revision, apply_edit, apply_edits
from memlearn.memory.statements import FACT_KINDS, Evidence, Fact, Statement

__all__ = [
    "DEFAULT_BLOCKS",
    "FACT_KINDS",
    "Block",
    "BlockSpec",
    "Edit",
    "Evidence",
    "Fact",
    "RefusedEdit",
    "Revision",
    "Statement",
    "apply_edit",
    "apply_edits",
]
