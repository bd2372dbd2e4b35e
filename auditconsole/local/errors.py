"""Defines what keeps the console from starting."""


class CannotStart(Exception):
    """One sentence that says what is wrong and what to do."""
