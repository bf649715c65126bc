"""Where the server listens."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from ..errors import StoreError

__all__ = ["is_loopback", "open_sockets"]

TRIED_PORTS = 50


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_sockets(host: str, port: int) -> tuple[list[socket.socket], int]:
    """Listen on `port` of `host`, or on the next one that is free.

    Loopback means both 127.0.0.1 and ::1 (where there is IPv6), on one port: "localhost" may
    resolve to either.

    Parameters
    ----------
    host : str
        Name or address.
    port : int
        First port to try; 0 takes any.

    Returns
    -------
    sockets : list of socket
        Bound, not yet accepting.
    port : int
        Their port.

    Raises
    ------
    StoreError
        The host is not an address of this machine, or no port is free.
    """
    for candidate in range(port, min(port + TRIED_PORTS, 65_536)) if port else [0] * 5:
        try:
            return _bind_all(host, candidate)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise StoreError(
                    f"Cannot listen on {host} port {candidate}: {error.strerror or error}. "
                    f"Use --host 127.0.0.1 or an address of this machine."
                ) from error
    raise StoreError(
        f"None of the ports {port} to {min(port + TRIED_PORTS, 65_536) - 1} of {host} is free. "
        f"Choose another with --port, or 0 for any."
    )


def _bind_all(host: str, port: int) -> tuple[list[socket.socket], int]:
    if host not in ("127.0.0.1", "localhost"):
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = _bind(family, str(address[0]), port)
        return [opened], opened.getsockname()[1]
    first = _bind(socket.AF_INET, "127.0.0.1", port)
    bound = first.getsockname()[1]
    try:
        return [first, _bind(socket.AF_INET6, "::1", bound)], bound
    except OSError as error:
        if error.errno == errno.EADDRINUSE:  # somebody else would answer to "localhost"
            first.close()
            raise
        return [first], bound  # no IPv6 on this machine


def _bind(family: int, address: str, port: int) -> socket.socket:
    # asyncio turns off Nagle's delay only for sockets that say they are TCP. With it every small
    # answer would take 40 ms.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows this would allow two servers on one port
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((address, port))
        opened.listen(128)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened
