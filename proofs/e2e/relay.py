"""A TCP relay before the database. A test uses it to act at the moment of a connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


class Relay:
    """Calls `first` before the first connection is passed on. Hangs up if the target does not listen."""

    def __init__(self, port: int, first: Callable[[], None] = lambda: None) -> None:
        self._target = port
        self._first = first
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.connections == 1:
                self._first()
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except ConnectionRefusedError:
                client.close()
                continue
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()
