"""The lifeline: one picture of what happened when, its scale, its parts and how a page builds it."""
