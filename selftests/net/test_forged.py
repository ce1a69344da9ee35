# SPDX-License-Identifier: BSD-2-Clause
"""
Who knows the addresses of connections but not their sequence numbers can end none of them,
idle or busy, and costs none its time; who does know them ends his at once.

    client ──── router ═══ br0 ═╦═ up0 balancer ─── pod0     FAR:  client → VIP → backend0, SNAT
    two virtual addresses       ╠═ backend0                  NEAR: client → VIP → pod0
    are routed to the balancer  ╠═ backend1   sends as if it were backend0
                                ╚═ backend2   sends as if it were the client
"""
import contextlib
import functools
import itertools
import socket
import struct
import time

import pytest

from lab import BUILD, wait_for
from manifest import port, shop
from server import Server
from talk import Talk, lost
from topology import ADDRESS, ECHO, FAMILIES, HTTP, NEAR_CLUSTER_IP, NEAR_VIP, VIP

pytestmark = pytest.mark.usefixtures("usual_ports")
FAR, NEAR = ("backend0", VIP), ("pod0", NEAR_VIP)
ALL = tuple(itertools.product((FAR, NEAR), FAMILIES))
IDLE, FORGED = 1000, 100_000
CLIENT_PORTS, SNAT_PORTS = "32768-60999", "1024-29999"
# An echo for those who stay; the ports of those who end by themselves tell how.
RESET_BY_CLIENT, CLOSED_BY_CLIENT, CLOSED_BY_BACKEND, RESET_BY_BACKEND = 1007, 1008, HTTP, 5301
ENDING = {RESET_BY_CLIENT: "the client's RST", CLOSED_BY_CLIENT: "the client's FIN first",
          RESET_BY_BACKEND: "the backend's RST", CLOSED_BY_BACKEND: "the backend's FIN first"}
ENDED = 20 # connections of each ending, Service and family
PORTS = [port(ECHO), port(RESET_BY_CLIENT, target=ECHO), port(CLOSED_BY_CLIENT, target=ECHO),
         port(CLOSED_BY_BACKEND), port(RESET_BY_BACKEND)]
SHORT_S, PASS_S = 2, 10 # the time-outs, and the sweeper's pass
SHORT = [text for name in ("rst", "fin", "closed")
         for text in (f"--timeout-{name}", f"{SHORT_S}s")]


def serve(gate):
    objects = shop(["backend0"], PORTS, name="far") + \
        shop(["pod0"], PORTS, name="near", vip=NEAR_VIP, cluster_ip=NEAR_CLUSTER_IP)
    gate.serve(objects, "--flows", "65536", *SHORT)


def forge(lab, *kinds):
    """Segments of these kinds over all ports, from either side of every connection."""
    started, running = time.monotonic(), []
    for (_, vip), family in ALL:
        running.append(lab.popen(
            "backend2", BUILD / "net/forge", ADDRESS["client"][family], CLIENT_PORTS,
            vip[family], ECHO, FORGED, *kinds))
    for family in FAMILIES:
        running.append(lab.popen(
            "backend1", BUILD / "net/forge", ADDRESS["backend0"][family], ECHO,
            ADDRESS["balancer"][family], SNAT_PORTS, FORGED, *kinds))
    assert [process.wait(60) for process in running] == [0] * len(running)
    print(f"{len(running)} × {FORGED} forged {', '.join(kinds)} in "
          f"{time.monotonic() - started:.1f} s")


def name_of(service, family):
    return f"{'SNAT to' if service is FAR else 'local'} {service[0]}, {family}"


# ---- endings that are real ----

def end_as_client(lab, host, vip, number, how):
    with Talk(lab, "client", "tcp", vip, number) as talk:
        assert lost(talk.open(ENDED)) == 0, f"{host}: {how}"
        talk.close(how)


def end_as_web_server(lab, host, vip):
    """nginx closes first when it is asked by HTTP/1.0."""
    for _ in range(ENDED):
        with lab.inside("client"), socket.create_connection((vip, HTTP), 2) as sock:
            sock.send(b"GET / HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda s=sock: s.recv(4096), b""))
            assert answer.endswith(host.encode() + b"\n")


def end_by_reset_of_server(lab, host, vip):
    now = struct.pack("ii", 1, 0)
    with Server(lab, host, RESET_BY_BACKEND) as server:
        for _ in range(ENDED):
            client, far = server.meet("client", vip)
            far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            far.close()
            with pytest.raises(ConnectionResetError):
                client.recv(5)


def end_in_all_ways(lab):
    for (host, vip), family in ALL:
        end_as_client(lab, host, vip[family], RESET_BY_CLIENT, "reset")
        end_as_client(lab, host, vip[family], CLOSED_BY_CLIENT, "close")
        end_as_web_server(lab, host, vip[family])
        end_by_reset_of_server(lab, host, vip[family])


def lingering(gate):
    """{how it ended: flows that are still there}; a SNAT port rests on when the backend left
    first, see test_snat_ports.py"""
    flows = gate.json("flow", "list", "--limit", "10000")["flows"]
    found = {how: [f for f in flows if f["vip"]["port"] == number and
                   not (number == CLOSED_BY_BACKEND and f.get("snat"))]
             for number, how in ENDING.items()}
    return {how: len(of_it) for how, of_it in found.items() if of_it}


# ---- the experiments ----

@pytest.fixture(scope="module")
def idle(lab, shared_gate):
    """
    4 × 1,000 connections rest while segments are forged for all of them; then others end by
    themselves, and when those are forgotten, which takes the time-outs and the sweeper's pass
    over the whole table, the thousands speak again: {"lost": …, "lingering": …}.
    """
    serve(shared_gate)
    with contextlib.ExitStack() as stack:
        talks = {name_of(*one): stack.enter_context(
            Talk(lab, "client", "tcp", one[0][1][one[1]], ECHO)) for one in ALL}
        for name, talk in talks.items():
            assert lost(talk.open(IDLE)) == 0, name
        forge(lab, "rst", "rstack", "fin")
        forged = time.monotonic()
        end_in_all_ways(lab)
        ended = time.monotonic()
        assert sum(lingering(shared_gate).values()) > ENDED, "nothing to be forgotten"
        left = functools.partial(lingering, shared_gate)
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not left(), "they are forgotten", SHORT_S + PASS_S + 4)
        print(f"the others were forgotten after {time.monotonic() - ended:.1f} s: {left()}")
        time.sleep(max(0, forged + SHORT_S + PASS_S + 1 - time.monotonic()))
        report = {name: lost(talk.say()) for name, talk in talks.items()}
        print(f"of {IDLE} each were lost: {report}")
        return {"lost": report, "lingering": left()}


def test_forged_rst_and_fin_end_no_idle_connection(idle):
    assert not any(idle["lost"].values()), idle


def test_real_rst_and_fin_end_connections_within_the_short_time_outs(idle):
    assert not idle["lingering"], idle


def test_forged_rst_and_then_syn_end_no_busy_connection(lab, gate):
    """A new connection may take the place of one that was reset; this one was not."""
    serve(gate)
    reports = {}
    with contextlib.ExitStack() as stack:
        for (host, vip), family in ALL:
            reports[host, family] = stack.enter_context(
                lab.hold("client", vip[family], ECHO, IDLE // 2, 250))
        forge(lab, "rst", "syn")
        time.sleep(SHORT_S + 0.5)
    bad = ("failed", "reset", "lost", "corrupt")
    wrong = {where: {what: report[what] for what in bad} for where, report in reports.items()}
    print(f"of {IDLE // 2} each, busy: {wrong}")
    assert not any(any(counts.values()) for counts in wrong.values()), wrong
