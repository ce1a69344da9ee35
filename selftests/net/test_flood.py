# SPDX-License-Identifier: BSD-2-Clause
"""
New connections beside a flood of SYNs on the same address and port.

    client ──── router ═══ br0 ═╦═ up0 balancer ─┬─ pod0    client: 2,000 connections, and
    drops answers to forged     ╠═ backend0      └─ pod1    SYNs from 131,072 forged sources
    sources                     ╠═ backend1                 as fast as the machine sends
                                ╚═ backend2
"""
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


class Flood:
    """SYNs while the body runs; rate: how many there were a second."""

    def __init__(self, lab):
        self.process = lab.popen("client", BUILD / "net/flood", VIP[V4], ECHO, MOST_SYNS,
                                 stdout=subprocess.PIPE)
        self.started = time.monotonic()
        self.rate = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        sent = int(self.process.communicate(timeout=10)[0])
        self.rate = sent / (time.monotonic() - self.started)


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
