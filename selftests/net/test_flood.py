# SPDX-License-Identifier: BSD-2-Clause
"""
New connections beside a flood of SYNs on the same address and port.

    client ──── router ═══ br0 ═╦═ up0 balancer ─┬─ pod0    client: 2,000 connections
                                ╠═ backend0      └─ pod1    router: SYNs from 131,072 forged
                                ╠═ backend1                 sources, as fast as it can; it
                                ╚═ backend2                 drops what is sent to those
"""
import json
import subprocess
import time

import pytest

from lab import BUILD
from manifest import port, shop
from talk import Talk, lost
from topology import BACKENDS, ECHO, FAMILIES, PODS, V4, VIP

NEW, WIDTH, PAUSE_S = 2000, 20, 0.4
STEP = NEW // 20 # so many at a time, spread over eight seconds
MOST_S, MOST_SYNS = 25, 20_000_000
WAIT_MS = 10_000
# A client far away: an address that is routed to the client, but not its own.
AWAY, AWAY_RTT_MS, AWAY_NEW, AWAY_RATE = "198.51.100.77", 300, 500, 100


class Flood:
    """SYNs while the body runs; rate: how many there were a second."""

    def __init__(self, lab):
        self.process = lab.popen("router", BUILD / "net/flood", VIP[V4], ECHO, MOST_SYNS,
                                 stdout=subprocess.PIPE)
        self.started = time.monotonic()
        self.rate = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        sent = int(self.process.communicate(timeout=10)[0])
        self.rate = sent / (time.monotonic() - self.started)


@pytest.fixture
def away(lab):
    """The router takes it for a neighbour on the client's wire."""
    mac = json.loads(lab.run("client", "ip", "-j", "link", "show", "eth0"))[0]["address"]
    lab.run("router", "ip", "neigh", "replace", AWAY, "lladdr", mac, "dev", "cl0", "nud",
            "permanent")
    yield AWAY
    lab.run("router", "ip", "neigh", "del", AWAY, "dev", "cl0")


def connect_from_away(lab, away):
    return lab.json("client", "slow", away, VIP[V4], ECHO, AWAY_NEW, AWAY_RATE, AWAY_RTT_MS)


def test_a_client_300_ms_away_connects_beside_a_syn_flood(lab, gate, away):
    """99 of 100 attempts, as without a flood all of them."""
    gate.serve(shop(BACKENDS + PODS, [port(ECHO)]))
    quiet = connect_from_away(lab, away)
    assert quiet["answered"] == AWAY_NEW, quiet
    with Flood(lab) as flood:
        time.sleep(1)
        report = connect_from_away(lab, away)
    found = f"{AWAY_RTT_MS} ms away, beside {flood.rate:,.0f} SYN/s: {report}"
    print(found)
    assert report["answered"] >= 0.99 * AWAY_NEW, found


@pytest.mark.parametrize("family", FAMILIES)
def test_2000_connections_succeed_beside_a_syn_flood(lab, gate, family):
    """Each within ten seconds, some SYNs being lost on the way; the flood is IPv4."""
    gate.serve(shop(BACKENDS + PODS, [port(ECHO)]))
    asked = failed = reset = slow_ms = 0
    with Talk(lab, "client", "tcp", VIP[family], ECHO) as talk, Flood(lab) as flood:
        time.sleep(1) # until what the flood can fill is full
        begin = time.monotonic()
        while asked < NEW and time.monotonic() - begin < MOST_S:
            report = talk.open(STEP, WAIT_MS, WIDTH)
            asked += STEP
            failed += lost(report)
            reset += report["ended"]
            slow_ms = max(slow_ms, report["slow_ms"])
            time.sleep(max(0, begin + asked / STEP * PAUSE_S - time.monotonic()))
    found = (f"beside {flood.rate:,.0f} SYN/s {asked - failed} of {asked} new {family} "
             f"connections were answered, {reset} were reset, the slowest took {slow_ms} ms")
    print(found)
    assert asked == NEW and not failed, found
