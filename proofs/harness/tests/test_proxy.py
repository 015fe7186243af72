"""Messages are cut at the boundaries of PostgreSQL's protocol."""

import socket
import struct
import threading

import pytest

from proofs.harness.proxy import CLIENT, SERVER, Framing, Message, Proxy, Trap


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


STARTUP = message(b"", struct.pack("!i", 196608) + b"user\0u\0\0")
QUERY = message(b"Q", b"SELECT 1\0")
COMPLETE, READY = message(b"C", b"SELECT 1\0"), message(b"Z", b"I")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_is_cut_into_messages_however_it_arrives(size):
    stream = STARTUP + QUERY + QUERY
    framing = Framing(CLIENT)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [whole for piece in pieces for whole in framing.feed(piece)] == [STARTUP, QUERY, QUERY]


def test_a_server_types_every_message():
    assert list(Framing(SERVER).feed(COMPLETE + READY)) == [COMPLETE, READY]


def test_a_message_tells_its_kind_and_text():
    assert (Message(CLIENT, 0, STARTUP).kind, Message(CLIENT, 0, STARTUP).text) == ("", "")
    assert (Message(CLIENT, 1, QUERY).kind, Message(CLIENT, 1, QUERY).text) == ("Q", "SELECT 1")
    assert Message(SERVER, 3, COMPLETE).text == "SELECT 1"
    assert Message(SERVER, 4, READY).text == ""


class Echo:
    """A server that answers every query with two messages, and keeps what it received."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.got = []
        self.ended = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        session, _ = self.listener.accept()
        framing = Framing(CLIENT)
        while data := session.recv(1000):
            for whole in framing.feed(data):
                self.got.append(whole)
                if whole == QUERY:
                    session.sendall(COMPLETE + READY)
        self.ended.set()


@pytest.fixture
def conversation():
    """A function that sends a startup message and a query through a proxy with a trap. It returns what both sides
    received."""
    def converse(side, index, action):
        echo = Echo()
        proxy = Proxy(echo.port)
        proxy.reset([Trap(0, side, index, action)])
        received = b""
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.settimeout(5)
            client.sendall(STARTUP + QUERY)
            try:
                while len(received) < len(COMPLETE + READY) and (data := client.recv(1000)):
                    received += data
            except ConnectionResetError:
                pass
        assert echo.ended.wait(5)
        proxy.close()
        return echo.got, received

    return converse


def cut(link, _message):
    link.cut()
    return False


def lose_answers(link, _message):
    link.lose_answers()
    return True


def test_without_a_fault_everything_passes(conversation):
    assert conversation(SERVER, 99, cut) == ([STARTUP, QUERY], COMPLETE + READY)


def test_cut_before_a_message_of_the_client_it_does_not_arrive(conversation):
    assert conversation(CLIENT, 1, cut) == ([STARTUP], b"")


def test_cut_before_a_message_of_the_server_what_came_before_arrives(conversation):
    assert conversation(SERVER, 1, cut) == ([STARTUP, QUERY], COMPLETE)


def test_lost_answers_do_not_arrive_though_the_message_does(conversation):
    assert conversation(CLIENT, 1, lose_answers) == ([STARTUP, QUERY], b"")
