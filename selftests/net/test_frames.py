# SPDX-License-Identifier: BSD-2-Clause
"""
Frames that are not the usual ones: trains longer than 64 KiB between pods, parts of packets
larger than a frame, frames that were sent to another machine.
"""
import errno
import json
import socket
import struct

import pytest

from lab import wait_for
from manifest import port, shop
from topology import ADDRESS, BULK, ECHO, FAMILIES, V4, V6, VIP, url

both = pytest.mark.parametrize("family", FAMILIES)
TRAIN = 185_000
VOLUME = 400_000_000


# ---- trains ----
# rtnetlink(7); iproute2 of Debian 12 does not know the last two.
GSO_MAX_SIZE, GRO_MAX_SIZE, GSO_IPV4_MAX_SIZE, GRO_IPV4_MAX_SIZE = 41, 58, 63, 64
RTM_SETLINK, NLM_F_REQUEST, NLM_F_ACK = 19, 1, 4


def set_link(lab, host, device, attribute, value):
    """Set one 32-bit attribute of an interface; the kernel's errno."""
    with lab.inside(host):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        index = socket.if_nametoindex(device)
    body = struct.pack("=BxHiII", 0, 0, index, 0, 0) + struct.pack("=HHI", 8, attribute, value)
    with sock:
        sock.send(struct.pack("=IHHII", 16 + len(body), RTM_SETLINK,
                              NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
        return -struct.unpack_from("=i", sock.recv(4096), 16)[0]


def widen(lab, family, size):
    """How long trains of a family may be, on both ends of both pods' interfaces."""
    attributes = {V4: (GSO_IPV4_MAX_SIZE, GRO_IPV4_MAX_SIZE),
                  V6: (GSO_MAX_SIZE, GRO_MAX_SIZE)}[family]
    for host, device in (("pod0", "eth0"), ("pod1", "eth0"), ("balancer", "pod0"),
                         ("balancer", "pod1")):
        for attribute in attributes:
            error = set_link(lab, host, device, attribute, size)
            if error in (errno.EINVAL, errno.EOPNOTSUPP) and size > 65536:
                pytest.skip(f"{family} trains of {size} bytes: {errno.errorcode[error]}")
            assert error == 0, errno.errorcode[error]


@pytest.fixture
def long_trains(lab, family):
    widen(lab, family, TRAIN)
    yield
    widen(lab, family, 65536)


def sent(lab, host):
    """Bytes and frames that a host has sent, as its interface counts them."""
    link = json.loads(lab.run(host, "ip", "-s", "-j", "link", "show", "eth0"))[0]
    return link["stats64"]["tx"]["bytes"], link["stats64"]["tx"]["packets"]


def pod(name):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "labels": {"pod": name}},
            "spec": {"nodeName": "balancer"},
            "status": {"phase": "Running", "podIP": ADDRESS[name][V4],
                       "podIPs": [{"ip": ADDRESS[name][f]} for f in FAMILIES]}}


def isolation(name, source):
    """Only `source` reaches it, on one port; it reaches nobody."""
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": f"isolate-{name}", "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"pod": name}},
                     "policyTypes": ["Ingress", "Egress"],
                     "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": source}}}],
                                  "ports": [{"port": BULK}]}]}}


@pytest.mark.parametrize("isolated", (False, True), ids=("free", "isolated"))
@pytest.mark.parametrize(("family", "by"), (
    # Not IPv6 by address: kernels route no such trains of IPv6, without Headgate either.
    (V4, "service"), (V4, "address"), (V6, "service")))
@pytest.mark.usefixtures("long_trains")
def test_trains_longer_than_64_kib_arrive_whole(lab, gate, family, by, isolated):
    objects = shop(["pod1"], [port(BULK)])
    if isolated:
        objects += [pod("pod0"), pod("pod1"), isolation("pod1", "pod0")]
    gate.serve(objects)
    if isolated:
        wait_for(lambda: gate.json("policy", "list")["policies"], "the policy is in force")
    target = VIP[family] if by == "service" else ADDRESS["pod1"][family]
    bytes_before, frames_before = sent(lab, "pod0")
    report = lab.json("pod0", "stream", "push", target, BULK, VOLUME)
    assert report["error"] == "" and report["right"] == VOLUME, report
    size, frames = (after - before for after, before in
                    zip(sent(lab, "pod0"), (bytes_before, frames_before)))
    print(f"{family} by {by}: {size / frames:.0f} bytes a frame, {report['mbit_s']} Mbit/s")
    assert size / frames > 65536, "no train was longer than 64 KiB: nothing was tested"
    assert gate.drops("malformed") == gate.drops("policy_malformed") == 0


@both
@pytest.mark.usefixtures("long_trains")
def test_trains_longer_than_64_kib_leave_the_node(lab, gate, family):
    """To another host: cut for the wire, whose MTU they need not fit."""
    gate.serve(shop(["backend0"], [port(BULK)]))
    report = lab.json("pod0", "stream", "push", VIP[family], BULK, VOLUME // 4)
    assert report["error"] == "" and report["right"] == VOLUME // 4, report
    assert gate.drops("too_big") == gate.drops("malformed") == 0


# ---- parts of packets ----
@both
@pytest.mark.parametrize("source", ("client", "pod0"))
def test_large_ping_to_a_virtual_address_is_answered(lab, gate, family, source):
    gate.serve(shop(["backend0"]))
    out = lab.run(source, "ping", "-6" if family == V6 else "-4", "-c", 5, "-i", 0.1, "-W", 2,
                  "-s", 8000, VIP[family], check=False)
    assert "5 received" in out, out
    assert gate.drops("fragment") == 0


@both
@pytest.mark.parametrize("source", ("client", "pod0"))
def test_large_datagrams_keep_their_order(lab, gate, family, source):
    """What a kernel sends in parts comes first part first: none is lost for its order."""
    gate.serve(shop(["backend0", "pod1"], [port(ECHO, "UDP")]))
    lost = 0
    for number in range(20):
        sock = lab.udp(source, VIP[family], ECHO)
        with sock:
            for i in range(100):
                message = struct.pack("=II", number, i) * 1000
                sock.send(message)
                try:
                    lost += not sock.recv(65536).endswith(message)
                except socket.timeout:
                    lost += 1
    assert lost == 0 and gate.drops("fragment") == 0


# ---- frames to others ----
VIRTUAL_MAC = "00:00:5e:00:01:33" # VRRP, RFC 5798


@both
def test_frames_for_another_machine_are_left_alone(lab, gate, family):
    """The router takes another machine's MAC for ours, and the bridge floods its frames."""
    neighbour = (ADDRESS["balancer"][family], "dev", "br0")
    gate.serve(shop(["backend0"]))
    assert lab.fetch("client", url(VIP[family]))
    lab.run("router", "ip", "neigh", "replace", *neighbour, "lladdr", VIRTUAL_MAC, "nud",
            "permanent")
    try:
        assert not lab.fetch("client", url(VIP[family]), timeout=1)
        # A virtual router's MAC, as keepalived (use_vmac) has one.
        lab.run("balancer", "ip", "link", "add", "vrrp51", "link", "up0", "address",
                VIRTUAL_MAC, "type", "macvlan", "mode", "private")
        assert not lab.fetch("client", url(VIP[family]), timeout=1)
        lab.run("balancer", "ip", "link", "set", "vrrp51", "up")
        wait_for(lambda: lab.fetch("client", url(VIP[family]), timeout=1),
                 "frames to the virtual MAC are taken")
        lab.run("balancer", "ip", "link", "del", "vrrp51")
        wait_for(lambda: not lab.fetch("client", url(VIP[family]), timeout=1),
                 "frames to the virtual MAC are left alone")
    finally:
        lab.run("balancer", "ip", "link", "del", "vrrp51", check=False)
        lab.run("router", "ip", "neigh", "del", *neighbour)
    wait_for(lambda: lab.fetch("client", url(VIP[family])), "the balancer's own MAC is known")
