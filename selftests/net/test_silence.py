# SPDX-License-Identifier: BSD-2-Clause
"""
Connections on which nothing is said: a half-closed one lives an hour, and when the time of
one has passed, either end hears of it as soon as it speaks.

    client ──── router ═══ br0 ═╦═ up0 balancer ─── pod0     client → VIP → backend0, SNAT
                                ╚═ backend0                  client → NEAR_VIP → pod0

HALF_CLOSED_S=130 lets the half-closed ones be silent for longer than they once lived.
"""
import contextlib
import itertools
import os
import socket
import time

import pytest

from lab import wait_for
from manifest import port, shop
from server import Server, pass_on
from topology import ADDRESS, ECHO, FAMILIES, NEAR_CLUSTER_IP, NEAR_VIP, VIP

NUMBER = 5301
HOSTS = {"backend0": VIP, "pod0": NEAR_VIP}
HOUR_S, CLOSED_S, ESTABLISHED_S, PASS_S = 3600, 2, 2, 10
HALF_CLOSED_S = float(os.environ.get("HALF_CLOSED_S", CLOSED_S + 1))
CLIENT, BACKEND = "the client", "the backend"
both = pytest.mark.parametrize("family", FAMILIES)


def serve(gate, *options):
    ports = [port(NUMBER), port(ECHO)]
    gate.serve(shop(["backend0"], ports, name="far") +
               shop(["pod0"], ports, name="near", vip=NEAR_VIP, cluster_ip=NEAR_CLUSTER_IP),
               *options)


@contextlib.contextmanager
def servers(lab):
    with contextlib.ExitStack() as stack:
        yield {host: stack.enter_context(Server(lab, host, NUMBER)) for host in HOSTS}


def flow_of(gate, near):
    """The flow of a client's socket, or None."""
    number = near.getsockname()[1]
    flows = gate.json("flow", "list", "--limit", "10000")["flows"]
    return next((flow for flow in flows if flow["client"]["port"] == number), None)


# ---- half-closed ----

def half_close(meeting, who):
    """(who has ended his side, the other end, which has heard it)"""
    ended, other = meeting if who == CLIENT else meeting[::-1]
    ended.shutdown(socket.SHUT_WR)
    assert other.recv(1) == b""
    return ended, other


def has_an_hour(flow):
    return flow and HOUR_S - 60 < flow["expiresSeconds"] <= HOUR_S


def is_over(flow):
    return flow is None or flow["expiresSeconds"] <= 60


def hours_left(gate, near):
    """Nothing when a half-closed connection still has an hour, else what it has. The end counts
    once it is acknowledged, for which its receiver may take its time."""
    with contextlib.suppress(AssertionError):
        wait_for(lambda: has_an_hour(flow_of(gate, near)), "an hour", 2)
    flow = flow_of(gate, near)
    if has_an_hour(flow):
        return []
    return [f"{near.getpeername()[0]}: {flow['expiresSeconds']} s left, {flow['state']}"
            if flow else f"{near.getpeername()[0]}: forgotten"]


@pytest.mark.parametrize("who", (CLIENT, BACKEND))
def test_a_half_closed_connection_has_an_hour(lab, gate, who):
    """And again when the side that is open has spoken; no longer when both have ended."""
    serve(gate)
    wrong = []
    with servers(lab) as found:
        for (host, server), family in itertools.product(found.items(), FAMILIES):
            meeting = server.meet("client", HOSTS[host][family])
            ended, other = half_close(meeting, who)
            wrong += hours_left(gate, meeting[0])
            pass_on(other, ended, b"computed at last")
            wrong += hours_left(gate, meeting[0])
            other.shutdown(socket.SHUT_WR)
            assert ended.recv(1) == b""
            # A backend that left first keeps its SNAT port in TIME_WAIT.
            wait_for(lambda near=meeting[0]: is_over(flow_of(gate, near)), "it is over", 2)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", (CLIENT, BACKEND))
def test_the_answer_on_a_half_closed_connection_arrives_after_long_silence(lab, gate, who):
    serve(gate, "--timeout-closed", f"{CLOSED_S}s", "--timeout-rst", f"{CLOSED_S}s")
    with servers(lab) as found:
        ends = {(host, family): half_close(server.meet("client", HOSTS[host][family]), who)
                for (host, server), family in itertools.product(found.items(), FAMILIES)}
        time.sleep(HALF_CLOSED_S)
        wrong = []
        for where, (ended, other) in ends.items():
            try:
                pass_on(other, ended, b"computed at last")
            except OSError as error:
                wrong.append(f"{where}: {error}")
    assert not wrong, f"after {HALF_CLOSED_S} s: {wrong}"


# ---- forgotten ----

def hears(sock):
    """What an end that speaks hears within two seconds."""
    try:
        sock.send(b"are you there?")
        return "an answer" if sock.recv(1) else "the end"
    except (ConnectionResetError, BrokenPipeError):
        return "a reset"
    except TimeoutError:
        return "nothing"


@contextlib.contextmanager
def strict_firewall(lab):
    """conntrack has not seen the connection begin, so that its packets are invalid to it."""
    loose = "net.netfilter.nf_conntrack_tcp_loose"
    lab.run("balancer", "sysctl", "-qw", f"{loose}=0")
    lab.run("balancer", "nft", "add table inet strict; add chain inet strict input "
            "{ type filter hook input priority filter; }; "
            "add rule inet strict input ct state invalid counter drop")
    try:
        yield
    finally:
        lab.run("balancer", "nft", "delete", "table", "inet", "strict")
        lab.run("balancer", "sysctl", "-qw", f"{loose}=1")


def is_none_of_ours(host, _, who, firewall):
    """What a pod sends straight to a client may belong to a connection of before we came."""
    return (host, who, firewall) == ("pod0", BACKEND, True)


@pytest.fixture(scope="module")
def forgotten(lab, shared_gate):
    """
    Connections whose time has passed, each with one end that speaks, with and without a
    firewall that drops what is invalid: {(host, family, who, firewall): what it heard}.
    """
    serve(shared_gate, "--timeout-established", f"{ESTABLISHED_S}s")
    heard = {}
    with servers(lab) as found:
        cases = [case for case in itertools.product(
            found, FAMILIES, (CLIENT, BACKEND), (False, True)) if not is_none_of_ours(*case)]
        meetings = {case: found[case[0]].meet("client", HOSTS[case[0]][case[1]])
                    for case in cases}
        time.sleep(ESTABLISHED_S + PASS_S + 1)
        assert not [near for near, _ in meetings.values() if flow_of(shared_gate, near)]
        for firewall in (False, True):
            with strict_firewall(lab) if firewall else contextlib.nullcontext():
                for case, (near, far) in meetings.items():
                    if case[3] == firewall:
                        heard[case] = hears(near if case[2] == CLIENT else far)
    return heard


def wrong_of(forgotten, **wanted):
    names = ("host", "family", "who", "firewall")
    return [f"{dict(zip(names, case))} heard {what}" for case, what in forgotten.items()
            if what != "a reset" and all(dict(zip(names, case))[name] in values
                                         for name, values in wanted.items())]


def test_the_client_of_a_forgotten_connection_hears_of_it(forgotten):
    wrong = wrong_of(forgotten, who=[CLIENT])
    assert not wrong, "\n".join(wrong)


def test_the_backend_of_a_forgotten_connection_hears_of_it(forgotten):
    wrong = wrong_of(forgotten, who=[BACKEND], firewall=[False])
    assert not wrong, "\n".join(wrong)


def test_a_remote_backend_hears_of_it_behind_a_firewall_that_drops_the_invalid(forgotten):
    wrong = wrong_of(forgotten, who=[BACKEND], firewall=[True])
    assert not wrong, "\n".join(wrong)


@both
def test_connections_of_the_node_in_the_snat_range_are_left_alone(lab, gate, family):
    """From a port of the range to a backend, and from the backend to a port of the range."""
    serve(gate)
    kind = socket.AF_INET6 if ":" in VIP[family] else socket.AF_INET
    with lab.inside("balancer"):
        out = socket.socket(kind)
    out.settimeout(2)
    with out:
        out.bind(("", 2000 + FAMILIES.index(family))) # the other lies in TIME_WAIT
        out.connect((ADDRESS["backend0"][family], ECHO))
        for _ in range(3):
            pass_on(out, out, b"hello")
    with Server(lab, "balancer", 2345) as server:
        near, far = server.meet("backend0", ADDRESS["balancer"][family])
        pass_on(near, far, b"hello")
        pass_on(far, near, b"hello")
