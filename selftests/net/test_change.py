# SPDX-License-Identifier: BSD-2-Clause
"""What changes and what that must not disturb: endpoints, health, the daemon itself, the
NIC, an attack (topology.py)."""
import re
import signal
import subprocess

import pytest

from lab import BUILD, wait_for
from manifest import shop
from topology import BACKENDS, ECHO, FAMILIES, PODS, V4, V6, VIP, url

EVERYONE = BACKENDS + PODS
CONNECTIONS = 1000
CHECK = {"check": "http", "check-port": "80", "check-interval": "300ms",
         "check-timeout": "200ms", "check-fall": "2", "check-rise": "1"}
both = pytest.mark.parametrize("family", FAMILIES)


def assert_none_lost(report, connections=CONNECTIONS):
    assert report["connections"] == connections, report
    lost = {key: report[key] for key in ("failed", "reset", "lost", "corrupt")}
    assert not any(lost.values()), report
    assert report["exchanges"] > connections, report


def set_of(round_number):
    """Sets of endpoints that come and go: each misses another one or two."""
    gone = {EVERYONE[round_number % 5], EVERYONE[round_number * 3 % 5]}
    return [host for host in EVERYONE if host not in gone]


@both
def test_connections_outlive_endpoint_churn(lab, gate, family):
    gate.serve(shop(EVERYONE))
    with lab.hold("client", VIP[family], ECHO, CONNECTIONS) as report:
        for n in range(20):
            hosts = set_of(n)
            gate.write("test", shop(hosts))
            gate.wait_hosts(hosts)
        assert set(lab.fetch_many("client", url(VIP[family]), 40)) == set(hosts)
    assert_none_lost(report)


@both
def test_new_connections_work_while_endpoints_change(lab, gate, family):
    """None is refused, reset or lost, though its endpoint may leave while it is opened."""
    gate.serve(shop(EVERYONE))
    opening = lab.popen("client", "bash", "-c", "while read -t 0 _; [ $? != 0 ]; do "
                        f"curl -sS -g -m 5 '{url(VIP[family])}' 2>&1; done",
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for n in range(60):
            gate.write("test", shop(set_of(n)))
            gate.wait_hosts(set_of(n))
    finally:
        answers = opening.communicate("stop\n", timeout=30)[0].split("\n")[:-1]
    assert len(answers) > 60 and set(answers) <= set(EVERYONE), \
        [answer for answer in answers if answer not in EVERYONE][:5]


@both
def test_udp_moves_when_its_endpoint_leaves(lab, gate, family):
    """One socket that never pauses: kube-proxy once left such to the address of the dead."""
    gate.serve(shop(["backend0"]))
    with lab.udp("client", VIP[family], ECHO) as sock:
        for n in range(12):
            host = EVERYONE[n % 5]
            gate.write("test", shop([host]))
            gate.wait_hosts([host])
            for _ in range(5):
                sock.send(b"hello")
                assert sock.recv(2048) == host.encode() + b" hello"


@pytest.mark.parametrize("how", (signal.SIGTERM, signal.SIGKILL), ids=("stop", "kill"))
def test_connections_outlive_the_daemon(lab, gate, how):
    """A thousand, half of them over each family; killed 20 times, ended thrice."""
    gate.serve(shop(EVERYONE))
    rounds = 20 if how == signal.SIGKILL else 3
    half = CONNECTIONS // 2
    with lab.hold("client", VIP[V4], ECHO, half) as report_4, \
            lab.hold("client", VIP[V6], ECHO, half) as report_6:
        for _ in range(rounds):
            gate.restart(how)
    assert_none_lost(report_4, half)
    assert_none_lost(report_6, half)
    gate.wait_backends(len(EVERYONE) * 4 * 2)


def test_new_connections_work_while_no_daemon_runs(lab, gate):
    gate.serve(shop(EVERYONE))
    gate.stop(signal.SIGKILL)
    assert set(lab.fetch_many("client", url(VIP[V4]), 60)) == set(EVERYONE)
    gate.start(*gate.options)


def test_connections_outlive_a_syn_flood(lab, gate):
    gate.serve(shop(EVERYONE))
    with lab.hold("client", VIP[V4], ECHO, CONNECTIONS) as report:
        sent = lab.run("client", BUILD / "net/flood", VIP[V4], ECHO, 300_000, 1_000_000, timeout=120)
        assert int(sent) == 300_000
        answers = lab.fetch_many("client", url(VIP[V4]), 20)
        assert set(answers) <= set(EVERYONE), answers
    assert_none_lost(report)


def test_dead_backend_leaves_and_comes_back(lab, gate):
    """The table changes within fall × interval + 1 s; from then on no request fails."""
    gate.serve(shop(EVERYONE, annotations=CHECK))
    load = lab.popen("client", "wrk", "-t1", "-c16", "-d4", "-H", "Connection: close",
                     url(VIP[V4]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    tool(lab, "stop-web", "backend1")
    gate.wait_backends(8, "down", seconds=0.6 + 1)
    answers = lab.fetch_many("client", url(VIP[V4]), 100)
    assert set(answers) == set(EVERYONE) - {"backend1"}
    assert_failures_are_bounded(load.communicate(timeout=30)[0])
    tool(lab, "start-web", "backend1")
    gate.wait_backends(40)
    wait_for(lambda: "backend1" in lab.fetch_many("client", url(VIP[V4]), 20), "it is back")


def test_dead_backend_stays_out_over_a_restart_and_comes_back(lab, gate):
    """Checks start from nothing; what was known to be dead gets nothing meanwhile."""
    gate.serve(shop(EVERYONE, annotations=CHECK))
    tool(lab, "stop-web", "backend1")
    try:
        gate.wait_backends(8, "down")
        gate.restart(signal.SIGKILL)
        answers = lab.fetch_many("client", url(VIP[V4]), 60)
        assert set(answers) == set(EVERYONE) - {"backend1"}
    finally:
        tool(lab, "start-web", "backend1")
    gate.wait_hosts(EVERYONE)


def tool(lab, verb, *arguments):
    subprocess.run(lab._command(verb, *arguments), check=True, stdin=subprocess.DEVNULL)


def assert_failures_are_bounded(wrk):
    """The dead one has a fifth of the table for (fall × interval + 1 s) of 4 s at most."""
    succeeded = int(re.search(r"(\d+) requests in", wrk)[1])
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", wrk)
    failed = sum(map(int, errors.groups())) if errors else 0
    print(f"{succeeded} requests succeeded, {failed} failed while backend1 was dead")
    assert failed <= (succeeded + failed) / 5 * 1.2, wrk
    assert succeeded > 100, wrk


def test_all_dead_means_use_all(lab, gate):
    annotations = CHECK | {"check-port": "81"}
    gate.serve(shop(EVERYONE, annotations=annotations), ready=False)
    wait_for(lambda: {b["health"] for b in gate.backends()} == {"down"}, "every check failed")
    assert set(lab.fetch_many("client", url(VIP[V4]), 60)) == set(EVERYONE)


def test_all_dead_means_refused_when_panic_is_off(lab, gate):
    annotations = CHECK | {"check-port": "81", "panic": "false"}
    gate.serve(shop(EVERYONE, annotations=annotations), ready=False)
    wait_for(lambda: {b["health"] for b in gate.backends()} == {"down"}, "every check failed")
    wait_for(lambda: lab.fetch("client", url(VIP[V4]), timeout=1) is None, "refusal")


@both
def test_draining_backend_keeps_what_it_has(lab, gate, family):
    gate.serve(shop(["backend0"]))
    with lab.hold("client", VIP[family], ECHO, 50) as report:
        terminating = {"backend0": {"ready": False, "serving": True, "terminating": True}}
        gate.write("test", shop(["backend0", "backend1"], conditions=terminating))
        gate.wait_hosts(["backend1"])
        assert set(lab.fetch_many("client", url(VIP[family]), 20)) == {"backend1"}
    assert_none_lost(report, 50)


def test_drain_time_cuts_what_is_left(lab, gate):
    gate.clear()
    gate.serve(shop(["backend0"], annotations={"drain": "1s"}))
    before = gate.drops("backend_gone")
    with lab.hold("client", VIP[V4], ECHO, 50) as report:
        gate.write("test", shop(["backend1"], annotations={"drain": "1s"}))
        gate.wait_hosts(["backend1"])
        wait_for(lambda: not [f for f in gate.json("flow", "list")["flows"]
                              if f["backend"]["address"] == "10.20.0.10"],
                 "no flow of backend0 is left", 20)
        # They all rest at the same time: without this, none may have tried again.
        wait_for(lambda: gate.drops("backend_gone") - before >= 50, "each one is refused")
    assert report["reset"] + report["lost"] == 50, report


def test_manifests_may_vanish_and_return(lab, gate):
    gate.serve(shop(EVERYONE))
    away = lab.manifests.with_name("away")
    lab.manifests.rename(away)
    wait_for(lambda: gate.json("status")["complaints"], "a complaint about the folder")
    assert set(lab.fetch_many("client", url(VIP[V4]), 40)) == set(EVERYONE)
    away.rename(lab.manifests)
    wait_for(lambda: not gate.json("status")["complaints"], "the complaint goes")
    gate.write("test", shop(["backend0"]))
    gate.wait_hosts(["backend0"])


def test_removed_service_is_gone(lab, gate):
    gate.serve(shop(EVERYONE))
    (lab.manifests / "test.json").unlink()
    wait_for(lambda: not gate.json("service", "list")["services"], "the Service is gone")
    wait_for(lambda: lab.fetch("client", url(VIP[V4]), timeout=1) is None, "refusal")


@both
def test_interface_may_vanish_and_return(lab, gate, family):
    gate.serve(shop(EVERYONE))
    tool(lab, "replug")
    gate.wait_backends(40)
    assert set(lab.fetch_many("client", url(VIP[family]), 60)) == set(EVERYONE)
