# SPDX-License-Identifier: BSD-2-Clause
"""
One source port, a Service and its backend: who holds a connection through a virtual address
may open one directly to the backend from the same port, in either order, and neither notices.

    client ──── router ═══ br0 ═╦═ up0 balancer ─┬─ pod0    client → VIP → pod0   and → pod0
                                ╚═ backend0      └─ pod1    pod0 → VIP → backend0 and → backend0
                                                            pod0 → VIP → pod1     and → pod1

CLASH_ROUNDS=20 repeats the natural experiments.
"""
import itertools
import os
import socket

import pytest

from lab import wait_for
from manifest import port, shop
from policies import namespace, pod_object, policy
from talk import Talk, lost
from topology import ADDRESS, ECHO, FAMILIES, HTTP, VIP

pytestmark = pytest.mark.usefixtures("usual_ports")
HELD, DIRECT = 3000, 600
ROUNDS = int(os.environ.get("CLASH_ROUNDS", "1"))
PORTS = [port(HTTP), port(ECHO), port(ECHO, "UDP"), port(5300, "UDP")]
# Rounds leave closed connections behind.
ROOM = ("--flows", "131072")
SERVICE_FIRST, DIRECT_FIRST = "the Service first", "directly first"
ALONE = "alone"
ORDERS = (SERVICE_FIRST, DIRECT_FIRST)
# Client and backend: the three ways on which the backend sees the client's own address.
WAYS = (("client", "pod0"), ("pod0", "backend0"), ("pod0", "pod1"))
both = pytest.mark.parametrize("family", FAMILIES)
NAMES = [f"{client} to {backend}" for client, backend in WAYS]
each_way = pytest.mark.parametrize("client, backend", WAYS, ids=NAMES)
whether_isolated = pytest.mark.parametrize("isolated", (False, True),
                                           ids=("open", "isolated"))


def serve(gate, backend, isolated=False):
    """A Service of one backend; isolated: policies select both pods and allow everything."""
    gate.serve(shop([backend], PORTS), *ROOM)
    if isolated:
        gate.write("isolated", [
            namespace("x"), pod_object("x/a"), pod_object("x/b"),
            policy("x", "everything", types=("Ingress", "Egress"), ingress=[{}], egress=[{}])])
    pods = 2 if isolated else 0
    wait_for(lambda: gate.json("status")["policy"]["podsIsolated"] == pods,
             f"{pods} pods are isolated")


class Both:
    """Talks of one host through the Service and directly; what went wrong in either."""

    def __init__(self, lab, client, backend, protocol, family, first_port=None):
        make = (lab, client, protocol)
        self.service = Talk(*make, VIP[family], ECHO, first_port)
        self.direct = Talk(*make, ADDRESS[backend][family], ECHO, first_port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for talk in (self.service, self.direct):
            talk.close("reset")
            talk.__exit__()

    def run(self, order):
        """The second ones are opened while the first speak; (hung, noticed)."""
        talks = [(self.service, HELD), (self.direct, DIRECT)]
        (first, count), (second, more) = talks if order == SERVICE_FIRST else talks[::-1]
        noticed = lost(first.open(count))
        first.begin_say()
        second.begin_open(more)
        noticed += lost(first.answer())
        opened = second.answer()
        hung = lost(opened)
        for _ in range(2):
            first.begin_say()
            second.begin_say()
            noticed += lost(first.answer())
            hung += lost(second.answer())
        print(f"{order}: {hung} of {more} hung or fell silent, {noticed} of the {count} held "
              f"noticed; slowest connect and echo {opened['slow_ms']} ms")
        return hung, noticed


def repeat(lab, *what, first_port=None):
    found = {}
    for number, order in itertools.product(range(ROUNDS), ORDERS):
        with Both(lab, *what, first_port) as talks:
            found[number, order] = talks.run(order)
    assert set(found.values()) == {(0, 0)}, f"(hung, noticed) by round: {found}"


@both
@pytest.mark.parametrize("client, backend", WAYS[:2], ids=NAMES[:2])
def test_ports_the_kernel_chooses_never_clash(lab, gate, client, backend, family):
    """3,000 connections through the Service, 600 to its backend itself, none given a port."""
    serve(gate, backend)
    repeat(lab, client, backend, "tcp", family)


@both
def test_3000_udp_sockets_share_their_ports_with_600(lab, gate, family):
    serve(gate, "pod0")
    repeat(lab, "client", "pod0", "udp", family, first_port=20000)


@both
def test_a_udp_port_that_spoke_to_the_service_speaks_to_the_pod_next(lab, gate, family):
    """The sockets are closed; what we remember of them lives on for half a minute."""
    serve(gate, "pod0")
    with Talk(lab, "client", "udp", VIP[family], ECHO) as talk:
        assert lost(talk.open(HELD)) == 0
    with Talk(lab, "client", "udp", ADDRESS["pod0"][family], ECHO) as talk:
        report = talk.open(DIRECT)
    print(report)
    assert lost(report) == 0, report


# ---- chosen ports ----

def open_from(lab, host, protocol, address, number, source_port):
    """A connected socket with a source port that other sockets of the host may have too."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with lab.inside(host):
        sock = socket.socket(family, kind)
    sock.settimeout(2)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", source_port))
    try:
        sock.connect((address, number))
    except OSError:
        sock.close()
        raise
    return sock


def hear(sock, backend, text):
    """The echo of a message; over UDP the backend's name comes before it."""
    stream = sock.type == socket.SOCK_STREAM
    expected = text if stream else f"{backend} ".encode() + text
    heard = b""
    while len(heard) < len(expected):
        part = sock.recv(len(expected) - len(heard) if stream else 2048)
        if not part:
            raise ConnectionError("the other side ended it")
        heard += part
    if heard != expected:
        raise ConnectionError(f"{heard} came instead of {expected}")


def exchange(socks, backend, number):
    """A message on each of them, and then the echo of each."""
    for sock in socks:
        sock.send(f"{number} to {sock.getpeername()[0]}".encode())
    for sock in socks:
        hear(sock, backend, f"{number} to {sock.getpeername()[0]}".encode())


def ordered(backend, family, order):
    """The addresses to connect to, in this order."""
    service, direct = VIP[family], ADDRESS[backend][family]
    return [service] if order == ALONE else \
        [service, direct] if order == SERVICE_FIRST else [direct, service]


def speak_in_turn(lab, client, backend, protocol, family, source_port, order):
    """What went wrong between two connections from one port, as a sentence, or None."""
    held, doing = [], ""
    try:
        for address in ordered(backend, family, order):
            doing = f"connect to {address}"
            held.append(open_from(lab, client, protocol, address, ECHO, source_port))
            doing = f"first echo of {address}"
            exchange(held[-1:], backend, 0)
        for n in range(1, 21):
            doing = f"message {n}"
            exchange(held, backend, n)
    except OSError as error:
        return f"{protocol} {family}, {order}: {doing}: {error}"
    finally:
        for sock in held:
            sock.close()
    return None


@whether_isolated
@each_way
def test_two_connections_from_one_port_speak_in_turn(lab, gate, client, backend, isolated):
    serve(gate, backend, isolated)
    cases = itertools.product(("tcp", "udp"), FAMILIES, ORDERS)
    # The ports of the last test lie in TIME_WAIT.
    ports = 5000 + 20 * WAYS.index((client, backend)) + 100 * isolated
    wrong = [speak_in_turn(lab, client, backend, protocol, family, ports + n, order)
             for n, (protocol, family, order) in enumerate(cases)]
    wrong = [sentence for sentence in wrong if sentence]
    assert not wrong, "\n".join(wrong)


def ask_both(sock, backend, family, number):
    """One socket asks the Service and the backend; what is wrong with the answers."""
    asked = {address: f"{number} to {address}".encode()
             for address in ordered(backend, family, SERVICE_FIRST)}
    for address, text in asked.items():
        sock.sendto(text, (address, ECHO))
    expected = {(address, f"{backend} ".encode() + text) for address, text in asked.items()}
    heard = set()
    try:
        for _ in asked:
            text, (address, *_) = sock.recvfrom(2048)
            heard.add((address, text))
    except TimeoutError:
        pass
    if heard == expected:
        return []
    return [f"{expected - heard} missing, {heard - expected} came"]


@whether_isolated
@each_way
def test_one_udp_socket_asks_service_and_backend(lab, gate, client, backend, isolated):
    """Not connected: each answer comes from the address that was asked."""
    serve(gate, backend, isolated)
    wrong = []
    for family, kind in zip(FAMILIES, (socket.AF_INET, socket.AF_INET6)):
        with lab.inside(client):
            sock = socket.socket(kind, socket.SOCK_DGRAM)
        sock.settimeout(1)
        with sock:
            for number in range(20):
                wrong += ask_both(sock, backend, family, number)
                if wrong:
                    break
    assert not wrong, "\n".join(wrong)


# ---- privileged ports: NFS believes no others ----

def ask_http(sock):
    """Whom the backend takes for its client: (address, port)."""
    sock.send(b"GET /client HTTP/1.0\r\n\r\n")
    body = b"".join(iter(lambda: sock.recv(4096), b"")).split(b"\r\n\r\n")[1].split()
    return body[0].decode(), int(body[1])


beside = pytest.mark.parametrize("order", (ALONE, *ORDERS))


@each_way
@beside
def test_a_privileged_tcp_port_stays_privileged(lab, gate, client, backend, order):
    serve(gate, backend)
    # A port of its own for each case: the last one's lies in TIME_WAIT.
    case = 10 * WAYS.index((client, backend)) + (ALONE, *ORDERS).index(order)
    for family in FAMILIES:
        held = [open_from(lab, client, "tcp", address, HTTP, 700 + case)
                for address in ordered(backend, family, order)]
        for sock in held:
            with sock:
                seen, number = ask_http(sock)
            assert seen == ADDRESS[client][family]
            assert number < 1024, f"{family} port {700 + case} is seen as {number}"


@each_way
@beside
def test_a_privileged_udp_port_stays_privileged(lab, gate, client, backend, order):
    serve(gate, backend)
    with lab.inside(backend):
        server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    with server:
        server.settimeout(2)
        server.bind(("::", 5300))
        for family in FAMILIES:
            held = [open_from(lab, client, "udp", address, 5300, 800)
                    for address in ordered(backend, family, order)]
            for sock in held:
                sock.send(sock.getpeername()[0].encode())
            for _ in held:
                text, whom = server.recvfrom(100)
                assert whom[1] < 1024, f"{family} port 800 is seen as {whom[1]}"
                server.sendto(text, whom)
            for sock in held:
                with sock:
                    assert sock.recv(100) == sock.getpeername()[0].encode()
