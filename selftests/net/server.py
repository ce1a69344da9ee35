# SPDX-License-Identifier: BSD-2-Clause
"""Both ends of a TCP connection through a virtual address, in the hands of a test."""
import contextlib
import socket

PATIENCE_S = 2


class Server:
    """A listener in a host of the lab, both families."""

    def __init__(self, lab, host, number):
        self.lab, self.number = lab, number
        with lab.inside(host):
            self.listener = socket.create_server(("::", number), family=socket.AF_INET6,
                                                 dualstack_ipv6=True, backlog=128)
        self.listener.settimeout(PATIENCE_S)
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(self.listener)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def meet(self, client, address):
        """(the client's socket, the server's) of a new connection that has carried a byte
        each way; they are closed with the server."""
        with self.lab.inside(client):
            near = socket.create_connection((address, self.number), PATIENCE_S)
        far, _ = self.listener.accept()
        for sock in (near, far):
            self.stack.enter_context(sock)
            sock.settimeout(PATIENCE_S)
        pass_on(near, far, b"?")
        pass_on(far, near, b"!")
        return near, far


def pass_on(sender, receiver, text):
    """What one end sends reaches the other, or TimeoutError, or what reset it."""
    sender.send(text)
    heard = b""
    while len(heard) < len(text):
        part = receiver.recv(len(text) - len(heard))
        if not part:
            raise ConnectionError("the other end ended it")
        heard += part
    assert heard == text
