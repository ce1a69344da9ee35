# SPDX-License-Identifier: BSD-2-Clause
"""What a Service promises: who is answered, by whom, and who is refused (topology.py)."""
import socket

import pytest

from lab import wait_for
from manifest import port, shop
from topology import (ADDRESS, BACKENDS, CLUSTER_IP, ECHO, FAMILIES, HTTP, PODS, V4, VIP,
                      url)

EVERYONE = BACKENDS + PODS
both = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(autouse=True)
def stack_is_not_used(lab):
    """No packet of a virtual address enters the balancer's IP stack, none is invalid."""
    before = lab.counter("vip_in_stack"), lab.counter("invalid")
    yield
    assert (lab.counter("vip_in_stack"), lab.counter("invalid")) == before


@both
def test_http_reaches_every_backend(lab, gate, family):
    gate.serve(shop(EVERYONE))
    assert set(lab.fetch_many("client", url(VIP[family]), 80)) == set(EVERYONE)


@both
def test_http_works_with_offloads_off_at_the_nic(lab, gate, family):
    gate.serve(shop(EVERYONE))
    lab.run("balancer", "ethtool", "-K", "up0", "tx", "off")
    try:
        assert set(lab.fetch_many("client", url(VIP[family]), 80)) == set(EVERYONE)
    finally:
        lab.run("balancer", "ethtool", "-K", "up0", "tx", "on")


@both
def test_http_works_with_the_vip_on_lo(lab, gate, family):
    gate.serve(shop(EVERYONE))
    lab.run("balancer", "ip", "address", "add", VIP[family], "dev", "lo")
    try:
        assert set(lab.fetch_many("client", url(VIP[family]), 80)) == set(EVERYONE)
    finally:
        lab.run("balancer", "ip", "address", "del", VIP[family], "dev", "lo")


@both
def test_udp_reaches_every_backend(lab, gate, family):
    gate.serve(shop(EVERYONE))
    answered = set()
    for _ in range(80):
        with lab.udp("client", VIP[family], ECHO) as sock:
            sock.send(b"hello")
            host, text = sock.recv(2048).split()
            assert text == b"hello"
            answered.add(host.decode())
    assert answered == set(EVERYONE)


@both
@pytest.mark.parametrize("size", (1473, 4000, 9000))
@pytest.mark.parametrize("host", ("backend0", "pod0"))
def test_fragments_follow_the_first(lab, gate, family, host, size):
    gate.serve(shop([host], [port(ECHO, "UDP")]))
    payload = bytes(i * 7 % 251 for i in range(size))
    for _ in range(5):
        with lab.udp("client", VIP[family], ECHO) as sock:
            sock.send(payload)
            assert sock.recv(65536) == host.encode() + b" " + payload


@both
def test_pod_reaches_backends_and_neighbour_pod_through_vip(lab, gate, family):
    gate.serve(shop(BACKENDS + ("pod1",)))
    for vip in (VIP, CLUSTER_IP):
        answers = set(lab.fetch_many("pod0", url(vip[family]), 60))
        assert answers == set(BACKENDS + ("pod1",))


@both
def test_pod_reaches_itself_through_vip(lab, gate, family):
    gate.serve(shop(["pod0"]))
    assert lab.fetch("pod0", url(CLUSTER_IP[family])) == "pod0"
    seen = lab.fetch("pod0", url(CLUSTER_IP[family], "/client")).split()[0]
    assert seen == ADDRESS["balancer"][family]
    with lab.udp("pod0", CLUSTER_IP[family], ECHO) as sock:
        sock.send(b"me")
        assert sock.recv(100) == b"pod0 me"


@both
def test_local_pod_sees_the_client(lab, gate, family):
    gate.serve(shop(["pod0"]))
    seen = lab.fetch("client", url(VIP[family], "/client")).split()[0]
    assert seen == ADDRESS["client"][family]


@both
def test_remote_backend_sees_the_balancer(lab, gate, family):
    gate.serve(shop(["backend0"]))
    seen = lab.fetch("client", url(VIP[family], "/client")).split()[0]
    assert seen == ADDRESS["balancer"][family]


@both
def test_nat_keeps_the_client_address(lab, gate, family):
    gate.serve(shop(["backend0"], annotations={"forwarding": "nat"}))
    route = (ADDRESS["client"][family], "via", ADDRESS["balancer"][family])
    lab.run("backend0", "ip", "route", "add", *route)
    try:
        seen = lab.fetch("client", url(VIP[family], "/client")).split()[0]
    finally:
        lab.run("backend0", "ip", "route", "del", *route)
    assert seen == ADDRESS["client"][family]


@both
def test_echo_to_vip_is_answered(lab, gate, family):
    gate.serve(shop(["backend0"]))
    lab.run("client", "ping", "-c", "3", "-i", "0.2", "-W", "2", VIP[family])


@both
def test_affinity_keeps_a_client_on_its_backend(lab, gate, family):
    gate.serve(shop(EVERYONE, sessionAffinity="ClientIP"))
    assert len(set(lab.fetch_many("client", url(VIP[family]), 40))) == 1


@both
def test_cluster_ip_is_refused_from_outside(lab, gate, family):
    gate.serve(shop(EVERYONE))
    with gate.drops_rise("outside_cluster"):
        assert lab.fetch("client", url(CLUSTER_IP[family]), timeout=2) is None
    assert lab.fetch("pod0", url(CLUSTER_IP[family])) in EVERYONE


@both
def test_exposed_cluster_ip_answers_outside(lab, gate, family):
    gate.serve(shop(EVERYONE, annotations={"expose": "true"}))
    assert lab.fetch("client", url(CLUSTER_IP[family])) in EVERYONE


@both
def test_source_ranges_hold_for_the_load_balancer_address(lab, gate, family):
    gate.serve(shop(EVERYONE, loadBalancerSourceRanges=["192.0.2.0/24", "2001:db8:9::/48"]))
    with gate.drops_rise("source_range"):
        assert lab.fetch("client", url(VIP[family]), timeout=2) is None
    inside = [f"{ADDRESS['client'][f]}/{32 if f == V4 else 128}" for f in FAMILIES]
    gate.write("test", shop(EVERYONE, loadBalancerSourceRanges=inside))
    wait_for(lambda: lab.fetch("client", url(VIP[family]), timeout=1), "the client is let in")


@both
def test_no_backend_is_an_answer(lab, gate, family):
    gate.serve(shop([]))
    wait_for(lambda: gate.json("service", "list")["services"], "the Service is in force")
    with gate.drops_rise("no_backend", 2):
        with lab.inside("client"), pytest.raises(ConnectionRefusedError):
            socket.create_connection((VIP[family], HTTP), timeout=3)
        with lab.udp("client", VIP[family], ECHO) as sock:
            sock.send(b"anyone?")
            with pytest.raises(ConnectionRefusedError):
                sock.recv(100)


def test_no_backend_is_silence_when_asked_for(lab, gate):
    gate.serve(shop([], annotations={"no-backend": "drop"}))
    wait_for(lambda: gate.json("service", "list")["services"], "the Service is in force")
    with gate.drops_rise("no_backend"):
        with lab.inside("client"), pytest.raises(TimeoutError):
            socket.create_connection((VIP[V4], HTTP), timeout=0.5)


@both
def test_port_without_service_is_refused(lab, gate, family):
    gate.serve(shop(EVERYONE))
    with gate.drops_rise("no_service"):
        with lab.inside("client"), pytest.raises(ConnectionRefusedError):
            socket.create_connection((VIP[family], 81), timeout=3)


@both
def test_neighbours_are_answered_for_vips(lab, gate, family):
    """The router takes the VIPs for hosts on its bridge; nobody has the address."""
    gate.serve(shop(EVERYONE), "--answer-neighbours")
    route = ("203.0.113.0/24" if family == V4 else "2001:db8:113::/64")
    routed = ("via", ADDRESS["balancer"][family])
    lab.run("router", "ip", "route", "replace", route, "dev", "br0")
    try:
        assert set(lab.fetch_many("client", url(VIP[family]), 60)) == set(EVERYONE)
    finally:
        lab.run("router", "ip", "route", "replace", route, *routed)
        lab.run("router", "ip", "neigh", "flush", "to", VIP[family])
