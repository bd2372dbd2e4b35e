"""The forensic questions, exact over all of history, each a module with one function that answers it.

1. When was this token first used, and from where? `token`; what it comes from and what came of it, `lineage`.
2. What other tokens has this user ever been issued? `user`, with everything else that is on record of them
3. What did this token do before it was revoked, its descendants included? `compromise`
"""

from trail.lineage import token_ref
from trail.questions.token import dossier
from trail.questions.user import tokens_issued

__all__ = ["dossier", "token_ref", "tokens_issued"]
