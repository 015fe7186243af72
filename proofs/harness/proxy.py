"""A proxy between the functions and PostgreSQL that knows where a message begins and ends.

It passes messages on one by one, and a trap can act at the boundary before any of them. The connection has to be
without TLS.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CLIENT, SERVER = "client", "server"

#: The seconds after which the server gives up a client that vanished: keepalives after 5 s, three of them, 2 s apart
#: (`Session::open` in the engine). Here the kernel answers them for the proxy, so the proxy has to count the time.
KEEPALIVES_GIVE_UP_AFTER = 11.0


class Framing:
    """Cuts a stream into PostgreSQL's messages. A client's first message has no type."""

    def __init__(self, side: str) -> None:
        self._rest = bytearray()
        self._untyped = side == CLIENT

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yields every message that `data` completes."""
        self._rest += data
        while True:
            head = 0 if self._untyped else 1
            if len(self._rest) < head + 4:
                return
            end = head + struct.unpack_from("!i", self._rest, head)[0]
            if len(self._rest) < end:
                return
            yield bytes(self._rest[:end])
            del self._rest[:end]
            self._untyped = False


@dataclass(frozen=True)
class Message:
    """One message, numbered from 0 on its side of its connection."""

    side: str
    index: int
    raw: bytes = field(repr=False)

    @property
    def kind(self) -> str:
        """PostgreSQL's letter for the type; empty for a client's first message."""
        return "" if self.side == CLIENT and self.index == 0 else chr(self.raw[0])

    @property
    def text(self) -> str:
        """The query, or the tag of a completed command; empty for other types."""
        if (self.side, self.kind) in ((CLIENT, "Q"), (SERVER, "C")):
            return self.raw[5:-1].decode(errors="replace")
        return ""


class Link:
    """One connection through the proxy."""

    def __init__(self, ordinal: int, client: socket.socket, server: socket.socket) -> None:
        self.ordinal = ordinal
        self._sockets = {CLIENT: client, SERVER: server}
        self._swallows = threading.Event()
        self._awaits_answer = False

    def cut(self) -> None:
        """Ends the connection on both sides."""
        for side in (CLIENT, SERVER):
            self.hang_up(side)

    def hang_up(self, side: str) -> None:
        try:
            self._sockets[side].shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def lose_answers(self, patience: float = 3.0) -> None:
        """Ends the client's side at once, and the server's side when the server has answered the current query."""
        self._awaits_answer = True
        self._swallows.set()
        self.hang_up(CLIENT)
        later(patience, lambda: self.hang_up(SERVER))

    def vanish(self, after: float = KEEPALIVES_GIVE_UP_AFTER) -> None:
        """Keeps both sides from hearing of each other, until the server's keepalives would give up."""
        self._swallows.set()
        later(after, self._reset_server)

    def _reset_server(self) -> None:
        server = self._sockets[SERVER]
        try:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.hang_up(SERVER)

    def pump(self, side: str, trap_for: Callable[[Link, Message], Trap | None]) -> None:
        """Passes on what comes from one side, until it ends."""
        source, sink = self._sockets[side], self._sockets[SERVER if side == CLIENT else CLIENT]
        framing, index = Framing(side), 0
        try:
            while data := source.recv(65536):
                ready = bytearray()
                for raw in framing.feed(data):
                    message = Message(side, index, raw)
                    index += 1
                    if self._swallows.is_set():
                        if self._awaits_answer and message.kind == "Z":
                            self.hang_up(SERVER)
                        continue
                    trap = trap_for(self, message)
                    if trap is not None:
                        # The trap must find all earlier messages already passed on.
                        sink.sendall(ready)
                        ready.clear()
                        if not trap.action(self, message):
                            continue
                    ready += raw
                sink.sendall(ready)
        except OSError:
            pass
        if not self._swallows.is_set():
            self.cut()


@dataclass
class Trap:
    """Acts before the message `index` of one side of the connection `ordinal`. `action` returns whether the message
    passes."""

    ordinal: int
    side: str
    index: int
    action: Callable[[Link, Message], bool]
    sprung_at: float = 0.0

    def meets(self, link: Link, message: Message) -> bool:
        return (link.ordinal, message.side, message.index) == (self.ordinal, self.side, self.index)


class Proxy:
    """Listens on a loopback port of its own. Hangs up if the server does not listen."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self, traps: list[Trap] | None = None, records: bool = False) -> None:
        """Counts connections from 0 again, with these traps. With `records` every message is kept in `recorded`."""
        with self._lock:
            self.links: list[Link] = []
            self.traps = traps or []
            self.records = records
            self.recorded: list[tuple[int, Message]] = []

    def close(self) -> None:
        self._listener.close()
        for link in self.links:
            link.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                link = Link(len(self.links), client, server)
                self.links.append(link)
            threading.Thread(target=self._serve, args=(link, client, server), daemon=True).start()

    def _serve(self, link: Link, client: socket.socket, server: socket.socket) -> None:
        other = threading.Thread(target=link.pump, args=(SERVER, self._trap_for), daemon=True)
        other.start()
        link.pump(CLIENT, self._trap_for)
        other.join()
        client.close()
        server.close()

    def _trap_for(self, link: Link, message: Message) -> Trap | None:
        if self.records:
            self.recorded.append((link.ordinal, message))
        for trap in self.traps:
            if not trap.sprung_at and trap.meets(link, message):
                trap.sprung_at = time.monotonic()
                return trap
        return None


def later(seconds: float, action: Callable[[], None]) -> None:
    """Runs an action later, in another thread."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
