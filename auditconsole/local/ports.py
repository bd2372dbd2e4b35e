"""Finds free ports of this machine."""

import random
import socket


def find_free_port(among: range = range(8500, 9300)) -> int:
    """A port that nobody listens on now. The range suits the embedded OpenSearch, which takes none above 9299."""
    return next(port for port in random.sample(among, len(among)) if is_free(port))


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
        except OSError:
            return False
    return True
