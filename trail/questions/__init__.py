"""Answers the forensic questions, exactly over all of history, each in a module of its own.

1. When was this token first used, and from where? `token`; what it comes from and what came of it, `lineage`.
2. What other tokens has this user ever been issued? `user`, with everything else that is on record of them
3. What did this token do before it was revoked, its descendants included? `compromise`
"""

from trail.questions.token import ask_token
from trail.questions.user import ask_tokens_issued
from trail.search.lineage import parse_token_ref

__all__ = ["ask_token", "ask_tokens_issued", "parse_token_ref"]
