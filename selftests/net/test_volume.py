# SPDX-License-Identifier: BSD-2-Clause
"""Much of it: a gigabyte each way compared byte by byte, rates against the bare path, and
packets that do not fit (topology.py)."""
import pytest

from lab import BUILD
from manifest import port, shop
from topology import ADDRESS, BULK, FAMILIES, V4, VIP

GIGABYTE = 1_000_000_000
both = pytest.mark.parametrize("family", FAMILIES)
each_way = pytest.mark.parametrize("direction", ("push", "pull"))


def transfer(lab, direction, address, size):
    report = lab.json("client", "stream", direction, address, BULK, size)
    assert report["error"] == "" and report["right"] == size, report
    return report["mbit_s"]


@both
@each_way
@pytest.mark.parametrize("host", ("backend0", "pod0"))
def test_gigabyte_arrives_whole(lab, gate, family, direction, host):
    gate.serve(shop([host], [port(BULK)]))
    transfer(lab, direction, VIP[family], GIGABYTE)


class BarePath:
    """The same lab without headgated: XDP_PASS on the NIC, the same offloads."""

    def __init__(self, lab):
        self.lab = lab
        self.pin = f"/sys/fs/bpf/{lab.name}-bare"

    def __enter__(self):
        self.lab.run("balancer", "bpftool", "prog", "load", BUILD / "net/pass.bpf.o", self.pin,
                     "type", "xdp")
        self.lab.run("balancer", "bpftool", "net", "attach", "xdpdrv", "pinned", self.pin,
                     "dev", "up0")

    def __exit__(self, *_):
        self.lab.run("balancer", "bpftool", "net", "detach", "xdpdrv", "dev", "up0")
        self.lab.run("balancer", "rm", self.pin)


@pytest.mark.parametrize("offload", ("on", "off"))
@each_way
def test_local_pod_is_as_fast_as_the_bare_path(lab, gate, direction, offload):
    """Within 15 %, best of rounds that alternate, so that a busy machine hits both."""
    gate.serve(shop(["pod0"], [port(BULK)]))
    best = {"bare": 0.0, "vip": 0.0}
    lab.run("balancer", "ethtool", "-K", "up0", "tx", offload)
    try:
        for _ in range(6):
            best["vip"] = max(best["vip"], transfer(lab, direction, VIP[V4], GIGABYTE))
            options = gate.options
            gate.clear()
            with BarePath(lab):
                rate = transfer(lab, direction, ADDRESS["pod0"][V4], GIGABYTE)
            best["bare"] = max(best["bare"], rate)
            gate.start(*options)
            gate.wait_backends(2)
            if best["vip"] >= 0.85 * best["bare"]:
                break
    finally:
        lab.run("balancer", "ethtool", "-K", "up0", "tx", "on")
    print(f"{direction}, tx {offload}: {best} Mbit/s")
    assert best["vip"] >= 0.85 * best["bare"], best


@both
def test_path_mtu_is_told_when_the_next_hop_is_narrow(lab, gate, family):
    """balancer → backend0 takes 1,300 bytes: we say "too big" ourselves."""
    backend = ADDRESS["backend0"][family]
    route = (backend, "dev", "up0")
    lab.run("balancer", "ip", "route", "add", *route, "mtu", "1300")
    try:
        gate.serve(shop(["backend0"], [port(BULK)]))
        with gate.drops_rise("too_big"):
            transfer(lab, "push", VIP[family], 20_000_000)
        learned = lab.run("client", "ip", "route", "get", VIP[family])
        assert "mtu 1300" in learned, learned
    finally:
        lab.run("balancer", "ip", "route", "del", *route)
        lab.run("client", "ip", "route", "flush", "cache")
        lab.run("client", "ip", "-6", "route", "flush", "cache")


@both
@pytest.mark.parametrize("host", ("backend0", "pod0"))
def test_path_mtu_is_translated_for_the_backend(lab, gate, family, host):
    """router → client takes 1,400 bytes: its "too big" to the VIP reaches the backend."""
    client = ADDRESS["client"][family]
    lab.run("router", "ip", "route", "add", client, "dev", "cl0", "mtu", "1400")
    try:
        gate.serve(shop([host], [port(BULK)]))
        transfer(lab, "pull", VIP[family], 20_000_000)
        towards = ADDRESS["balancer"] if host == "backend0" else ADDRESS["client"]
        learned = lab.run(host, "ip", "route", "get", towards[family])
        assert "mtu 1400" in learned, learned
    finally:
        lab.run("router", "ip", "route", "del", client, "dev", "cl0")
        for version in ("-4", "-6"):
            lab.run(host, "ip", version, "route", "flush", "cache")
