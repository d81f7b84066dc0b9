"""Refuses connections to any other machine, in the tests and in every Python that they start.

Python imports a module of this name by itself, from the PYTHONPATH that conftest.py sets.
"""

import ipaddress
import sys
from typing import Any


def _loopback_only(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise RuntimeError(f"a test connects to {host}")
    if event == "socket.getaddrinfo" and arguments[0] not in ("localhost", "127.0.0.1", "::1"):
        raise RuntimeError(f"a test looks up {arguments[0]!r}")


sys.addaudithook(_loopback_only)
