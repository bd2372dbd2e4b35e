"""The forensic questions, exact over all of history, each a module with one function that answers it.

1. When was this token first used, and from where? `token`
2. What other tokens has this user ever been issued? `user`, with everything else that is on record of them
3. What did this token do before it was revoked, its descendants included? `compromise`
"""

from trail.questions.asking import token_ref
from trail.questions.compromise import before_revocation
from trail.questions.token import first_use
from trail.questions.user import tokens_issued

__all__ = ["before_revocation", "first_use", "token_ref", "tokens_issued"]
