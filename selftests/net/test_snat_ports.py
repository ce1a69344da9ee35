# SPDX-License-Identifier: BSD-2-Clause
"""
Which SNAT port a new connection gets: never one that the backend still has in TIME_WAIT, 60 s
from when it closed first, while there is another.

    client ──── router ═══ br0 ═╦═ up0 balancer    client → VIP → backend0:80, from one of
                                ╚═ backend0        a few SNAT ports; the backend tells which

SNAT_SECONDS=150 goes on at a rate just below range / 60 s.
"""
import contextlib
import os
import socket
import time

import pytest

from lab import wait_for
from manifest import port, shop
from topology import BACKENDS, FAMILIES, HTTP, VIP

TIME_WAIT_S, DELAYED_S, PATIENCE_S = 60, 0.5, 4
PASS_S = 10 # the sweeper's
SECONDS = float(os.environ.get("SNAT_SECONDS", "0"))
BACKEND, CLIENT = "backend", "client"
both = pytest.mark.parametrize("family", FAMILIES)


def serve(gate, span, *options):
    """A range of its own for each test: the backend has the last one's in TIME_WAIT."""
    gate.serve(shop(BACKENDS[:1], [port(HTTP)]),
               "--snat-ports", f"{span[0]}-{span[-1]}", *options)


@contextlib.contextmanager
def on_cpu(number):
    """Packets between veths are worked on by the CPU that sends them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[number % len(before)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def fetch(lab, address, closer):
    """One connection, which this side or that closes first: (its SNAT port, seconds until
    it was open)."""
    version = "1.0" if closer == BACKEND else "1.1"
    started = time.monotonic()
    with lab.inside("client"), socket.create_connection((address, HTTP), PATIENCE_S) as sock:
        took = time.monotonic() - started
        sock.send(f"GET /client HTTP/{version}\r\nHost: web\r\n\r\n".encode())
        heard = b""
        while not heard.endswith(b"\n") or b"\r\n\r\n" not in heard or heard.endswith(b"\r\n"):
            heard += sock.recv(4096)
        if closer == BACKEND:
            assert sock.recv(1) == b""
    return int(heard.split()[-1]), took


class Ports:
    """Every port of the range: who closed its last connection first, and when."""

    def __init__(self, lab, address, span):
        self.lab, self.address, self.span = lab, address, span
        self.closed = {} # port: (who, when)
        self.early, self.delayed, self.connections = [], [], 0

    def resting(self):
        """Ports that the backend has in TIME_WAIT."""
        now = time.monotonic()
        return {number for number, (who, when) in self.closed.items()
                if who == BACKEND and now - when < TIME_WAIT_S}

    def use(self, closer, cpu=0):
        resting = self.resting()
        self.connections += 1
        try:
            with on_cpu(cpu):
                number, took = fetch(self.lab, self.address, closer)
        except TimeoutError:
            self.delayed.append(("some port", f"{PATIENCE_S} s and more"))
            return
        assert number in self.span
        if number in resting and len(resting) < len(self.span):
            self.early.append((number, f"{len(self.span) - len(resting)} others"))
        if took > DELAYED_S:
            self.delayed.append((number, f"{took:.1f} s"))
        self.closed[number] = (closer, time.monotonic())

    def judge(self):
        found = (f"of {self.connections} connections {len(self.delayed)} were delayed: "
                 f"{self.delayed[:5]}; {len(self.early)} had a port that the backend had closed "
                 f"though there were others: {self.early[:5]}")
        print(found)
        assert not self.delayed and not self.early, found


def test_a_port_that_the_backend_closed_rests_for_a_minute(lab, gate):
    """
    140 connections from one CPU and, when their flows are forgotten, 40 from another have 200
    ports: all different ones. Both families, so that one wait serves both.
    """
    span = range(2000, 2200)
    serve(gate, span, "--timeout-closed", "2s")
    both_ports = [Ports(lab, VIP[family], span) for family in FAMILIES]
    for ports in both_ports:
        for _ in range(140):
            ports.use(BACKEND)
    with contextlib.suppress(AssertionError): # who remembers them longer may
        wait_for(lambda: not gate.json("flow", "list")["flows"], "they are forgotten",
                 2 + PASS_S + 1)
    for ports in both_ports:
        for _ in range(40):
            ports.use(BACKEND, cpu=1)
    go_on_below_the_limit(both_ports)
    for ports in both_ports:
        ports.judge()


def go_on_below_the_limit(both_ports):
    """When asked to: from both CPUs, at a rate that leaves each port its minute."""
    rate = 0.95 * len(both_ports[0].span) / TIME_WAIT_S
    begin = time.monotonic() + TIME_WAIT_S
    for n in range(int(SECONDS * rate)):
        time.sleep(max(0, begin + n / rate - time.monotonic()))
        for ports in both_ports:
            ports.use(BACKEND, cpu=n % 8 == 0)


@both
def test_ports_that_we_closed_come_before_those_the_backend_closed(lab, gate, family):
    """Every port has been used, half of them until the client closed: 35 more take those."""
    span = range(3000, 3100)
    serve(gate, span)
    ports = Ports(lab, VIP[family], span)
    for n in range(len(span)):
        ports.use((BACKEND, CLIENT)[n % 2])
    for n in range(35):
        ports.use(BACKEND, cpu=n % 2)
    ports.judge()
