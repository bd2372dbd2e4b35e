"""Tells the Ed25519 points (RFC 8032 §5.1) by which anybody can sign from those that a key or a signature may hold."""

_FIELD = 2**255 - 19
_ORDER_8 = (
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7  # the y of two points, and its negative of two
)
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})


def is_sound(encoded: bytes) -> bool:
    """Whether 32 bytes are written as RFC 8032 has it, and are none of the eight points whose order divides eight."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return y < _FIELD and y not in _SMALL_ORDER
