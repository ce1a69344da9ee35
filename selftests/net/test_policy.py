# SPDX-License-Identifier: BSD-2-Clause
"""
NetworkPolicy with real sockets: the upstream e2e cases, each cell of 9 pods × 9 pods × 2
ports × TCP and UDP × IPv4 and IPv6, directly and through the pod's Service (policies.py).
Numbers in names are those of the list in policy-semantics §4.4.
"""
import json
import subprocess
import time

import pytest

from lab import BUILD, wait_for
from policies import (EVERYONE, NAMESPACES, address, expression, labelled, namespace,
                      pod_object, policy)
from topology import FAMILIES, V4, V6

LAB_PODS = len(EVERYONE)
IN, OUT = ("Ingress",), ("Egress",)
ALL_NS = {"namespaceSelector": {}}


def ns(pod):
    return pod.split("/")[0]


def name(pod):
    return pod.split("/")[1]


def port(number=None, protocol="TCP", **more):
    found = {"protocol": protocol, **more}
    if number is not None:
        found["port"] = number
    return found


def from_(*peers, ports=None):
    rule = {"from": list(peers)} if peers else {}
    return rule | ({"ports": ports} if ports else {})


def to(*peers, ports=None):
    rule = {"to": list(peers)} if peers else {}
    return rule | ({"ports": ports} if ports else {})


def pods(**labels):
    return {"podSelector": labelled(**labels)}


def spaces(**labels):
    return {"namespaceSelector": labelled(**labels)}


def block(cidr, *excepts):
    return {"ipBlock": {"cidr": cidr, **({"except": list(excepts)} if excepts else {})}}


A = labelled(pod="a")
NOT_X = {"namespaceSelector": expression("ns", "NotIn", "x")}
BOTH_80 = [port(80), port(80, "UDP")]
BOTH_81 = [port(81), port(81, "UDP")]


def into(target, allowed):
    """Only what reaches `target` is limited: to the sources for which allowed() holds."""
    return lambda s, t, p, proto: t != target or allowed(s, t, p, proto)


CASES = {
    "no policy": ([], lambda s, t, p, proto: True),
    "01 deny ingress": ([policy("x", "deny", types=IN)],
                        lambda s, t, p, proto: ns(t) != "x"),
    "02 deny all": ([policy("x", "deny", types=IN + OUT)],
                    lambda s, t, p, proto: ns(t) != "x" and ns(s) != "x"),
    "03 pod selector": ([policy("x", "from-b", A, ingress=[from_(pods(pod="b"))])],
                        into("x/a", lambda s, t, p, proto: s == "x/b")),
    "04 allow to a target": (
        [policy("x", "deny", types=IN),
         policy("x", "open", A, ingress=[from_({"podSelector": {}, **ALL_NS})])],
        lambda s, t, p, proto: ns(t) != "x" or t == "x/a"),
    "05 all namespaces": ([policy("x", "all", A, ingress=[from_(ALL_NS)])],
                          lambda s, t, p, proto: True),
    "06 namespace selector": ([policy("x", "from-y", A, ingress=[from_(spaces(ns="y"))])],
                              into("x/a", lambda s, t, p, proto: ns(s) == "y")),
    "07 pod expressions": (
        [policy("x", "in-b", A,
                ingress=[from_({"podSelector": expression("pod", "In", "b")})])],
        into("x/a", lambda s, t, p, proto: s == "x/b")),
    "08 namespace expressions": (
        [policy("x", "in-y", A,
                ingress=[from_({"namespaceSelector": expression("ns", "In", "y")})])],
        into("x/a", lambda s, t, p, proto: ns(s) == "y")),
    "09 pod or namespace": (
        [policy("x", "or", A, ingress=[from_(NOT_X, pods(pod="b"))])],
        into("x/a", lambda s, t, p, proto: ns(s) != "x" or s == "x/b")),
    "10 pod and namespace": (
        [policy("x", "and", A, ingress=[from_(NOT_X | pods(pod="b"))])],
        into("x/a", lambda s, t, p, proto: ns(s) != "x" and name(s) == "b")),
    "11 multiple selectors": (
        [policy("x", "and", A,
                ingress=[from_(NOT_X | {"podSelector": expression("pod", "In", "b", "c")})])],
        into("x/a", lambda s, t, p, proto: ns(s) != "x" and name(s) in "bc")),
    "12 any pod selector": (
        [policy("x", "or", A, ingress=[from_(pods(pod="b"), pods(pod="c"))])],
        into("x/a", lambda s, t, p, proto: s in ("x/b", "x/c"))),
    "13 one pod elsewhere": (
        [policy("x", "one", A, ingress=[from_(spaces(ns="y") | pods(pod="a"))])],
        into("x/a", lambda s, t, p, proto: s == "y/a")),
    "14 port": ([policy("x", "port", A, ingress=[from_(spaces(ns="y"), ports=[port(81)])])],
                into("x/a", lambda s, t, p, proto:
                     ns(s) == "y" and (p, proto) == (81, "tcp"))),
    "15 stacked": (
        [policy("x", "one", A, ingress=[from_(spaces(ns="y"), ports=BOTH_81)]),
         policy("x", "two", A, ingress=[from_(spaces(ns="y"), ports=BOTH_80)])],
        into("x/a", lambda s, t, p, proto: ns(s) == "y")),
    "16 allow all": ([policy("x", "all", ingress=[{}])], lambda s, t, p, proto: True),
    "17 named port": ([policy("x", "named", ingress=[from_(ports=[port("serve-81-tcp")])])],
                      lambda s, t, p, proto: ns(t) != "x" or (p, proto) == (81, "tcp")),
    "18 named port from a namespace": (
        [policy("x", "named", A,
                ingress=[from_(spaces(ns="y"), ports=[port("serve-80-tcp")])])],
        into("x/a", lambda s, t, p, proto: ns(s) == "y" and (p, proto) == (80, "tcp"))),
    "19 egress to a named port": (
        [policy("x", "named", egress=[to(ports=[port("serve-80-tcp")])], types=OUT)],
        lambda s, t, p, proto: ns(s) != "x" or (p, proto) == (80, "tcp")),
    "23 own namespace only": (
        [policy("x", "own", ingress=[from_({"podSelector": {}})])],
        lambda s, t, p, proto: ns(t) != "x" or ns(s) == "x"),
    "25 no egress of a pod": ([policy("x", "deny", A, types=OUT)],
                              lambda s, t, p, proto: s != "x/a"),
    "26 no egress of a namespace": ([policy("x", "deny", types=OUT)],
                                    lambda s, t, p, proto: ns(s) != "x"),
    "27 ingress and egress together": (
        [policy("x", "both", A, types=IN + OUT, ingress=[from_(pods(pod="b"))],
                egress=[to(ports=BOTH_80)])],
        lambda s, t, p, proto: (t != "x/a" or s == "x/b") and (s != "x/a" or p == 80)),
    "28 both sides must allow": (
        [policy("x", "deny", A, types=OUT),
         policy("y", "open", A, ingress=[from_(spaces(ns="x") | pods(pod="a"))])],
        lambda s, t, p, proto: s != "x/a" and t != "y/a"),
    "29 egress to one pod elsewhere": (
        [policy("x", "one", A, types=OUT, egress=[to(spaces(ns="y") | pods(pod="a"))])],
        lambda s, t, p, proto: s != "x/a" or t == "y/a"),
    "30 any port of a protocol": ([policy("x", "tcp", A, ingress=[from_(ports=[port()])])],
                                  into("x/a", lambda s, t, p, proto: proto == "tcp")),
    "31 allow-all ingress wins": (
        [policy("x", "one", A, ingress=[from_(pods(pod="b"))]),
         policy("x", "two", A, ingress=[{}])], lambda s, t, p, proto: True),
    "32 allow-all egress wins": (
        [policy("x", "one", A, types=OUT, egress=[to(ports=[port(80)])]),
         policy("x", "two", A, types=OUT, egress=[{}])], lambda s, t, p, proto: True),
    "34 egress to a block": (
        [policy("x", "block", A, types=OUT, egress=[to(
            block(f"{address('z/b', V4)}/32"), block(f"{address('z/b', V6)}/128"))])],
        lambda s, t, p, proto: s != "x/a" or t == "z/b"),
    "35 egress to a block with except": (
        [policy("x", "block", A, types=OUT, egress=[to(
            block(f"{address('z/b', V4)}/4", f"{address('z/b', V4)}/32"),
            block(f"{address('z/b', V6)}/16", f"{address('z/b', V6)}/128"))])],
        lambda s, t, p, proto: s != "x/a" or t != "z/b"),
    "36 an exception of one block is in another": (
        [policy("x", "block", A, types=OUT, egress=[to(
            block(f"{address('z/b', V4)}/4", f"{address('z/b', V4)}/32"),
            block(f"{address('z/b', V4)}/32"),
            block(f"{address('z/b', V6)}/16", f"{address('z/b', V6)}/128"),
            block(f"{address('z/b', V6)}/128"))])],
        lambda s, t, p, proto: True),
    "37 directions are independent": (
        [policy("x", "out", A, types=OUT, egress=[to(pods(pod="b"))]),
         policy("x", "in", A, types=IN, ingress=[from_(pods(pod="c"))])],
        lambda s, t, p, proto: (s != "x/a" or t == "x/b") and (t != "x/a" or s == "x/c")),
    "38, 39 SCTP is not TCP": (
        [policy("x", "sctp", A, ingress=[from_(ports=[port(80, "SCTP")])])],
        lambda s, t, p, proto: t != "x/a"),
    "40 UDP is not TCP": ([policy("x", "udp", A, ingress=[from_(ports=[port(81, "UDP")])])],
                          into("x/a", lambda s, t, p, proto: (p, proto) == (81, "udp"))),
    "41 namespace by its name": (
        [policy("x", "name", A,
                ingress=[from_(spaces(**{"kubernetes.io/metadata.name": "y"}))])],
        into("x/a", lambda s, t, p, proto: ns(s) == "y")),
    "42 namespace not of a name": (
        [policy("x", "name", A, types=OUT, egress=[to(
            {"namespaceSelector": expression("kubernetes.io/metadata.name", "NotIn", "y")})])],
        lambda s, t, p, proto: s != "x/a" or ns(t) != "y"),
    "endPort": ([policy("x", "range", A, ingress=[from_(ports=[
        port(70, endPort=80), port(81, "UDP", endPort=90)])])],
        into("x/a", lambda s, t, p, proto: (p, proto) in ((80, "tcp"), (81, "udp")))),
    "NotIn holds for a missing key": (
        [policy("x", "notin", A, ingress=[from_(
            {"podSelector": expression("missing", "NotIn", "v"), **ALL_NS})])],
        lambda s, t, p, proto: True),
    "ingress from a block with except": (
        [policy("x", "block", A, ingress=[from_(
            block("10.244.0.0/16", f"{address('y/a', V4)}/32"),
            block("fd00:244::/32", f"{address('y/a', V6)}/128"))])],
        into("x/a", lambda s, t, p, proto: s != "y/a")),
}


@pytest.mark.parametrize("case", CASES)
def test_truth_table(cluster, case):
    policies, expected = CASES[case]
    cluster.apply(policies)
    cluster.check(expected)


def test_labels_that_change(cluster):
    """20–22, 24, 33: policies, namespaces, peers and subjects that change while enforced."""
    cluster.apply([policy("x", "p", ingress=[{}])])
    cluster.check(lambda s, t, p, proto: True)
    cluster.apply([policy("x", "p", types=IN)])
    cluster.check(lambda s, t, p, proto: ns(t) != "x")
    cluster.apply([policy("x", "p", A, ingress=[from_(spaces(new="yes"),
                                                      {"podSelector": labelled(new="yes"),
                                                       **ALL_NS})])])
    cluster.check(lambda s, t, p, proto: t != "x/a")
    cluster.write("namespaces", [namespace(n, **({"new": "yes"} if n == "y" else {}))
                                 for n in NAMESPACES])
    cluster.settle()
    cluster.check(into("x/a", lambda s, t, p, proto: ns(s) == "y"))
    cluster.write("pods", [pod_object(q, **({"new": "yes"} if q == "z/c" else {}))
                           for q in EVERYONE])
    cluster.settle()
    cluster.check(into("x/a", lambda s, t, p, proto: ns(s) == "y" or s == "z/c"))
    cluster.write("namespaces", [namespace(n) for n in NAMESPACES])
    cluster.apply([policy("z", "subject", labelled(new="yes"), types=IN)])
    cluster.check(lambda s, t, p, proto: t != "z/c")
    cluster.write("pods", [pod_object(q) for q in EVERYONE])
    cluster.settle()
    cluster.check(lambda s, t, p, proto: True)
    cluster.apply([])


def test_refusals_are_told_as_they_come(cluster):
    cluster.apply([policy("x", "deny", A, types=IN),
                   policy("y", "would", A, types=OUT,
                          annotations={"headgate.io/policy-mode": "audit"})])
    follow = subprocess.Popen([BUILD / "headgate", "--socket", cluster.lab.folder /
                               "headgated.sock", "drops", "--follow", "-o", "json"],
                              stdout=subprocess.PIPE, text=True)
    told = {}
    try:
        time.sleep(0.5) # what is refused before it looks is not new
        for family in FAMILIES:
            assert not cluster.reaches("y/b", "x/a", 80, family, "tcp")
            assert cluster.reaches("y/a", "z/b", 81, family, "udp")
        while len(told) < 4:
            found = json.loads(follow.stdout.readline())
            told[found["from"], found["to"]] = found
    finally:
        follow.kill()
        follow.wait()
    for family in FAMILIES:
        def end(pod, family=family):
            return f"{address(pod, family)} ({pod})"
        refused = told[end("y/b"), end("x/a")]
        assert (refused["audit"], refused["direction"], refused["policies"], refused["port"],
                refused["protocol"]) == (False, "ingress", "x/deny", 80, "TCP")
        would = told[end("y/a"), end("z/b")]
        assert (would["audit"], would["direction"], would["policies"], would["port"],
                would["protocol"]) == (True, "egress", "y/would", 81, "UDP")
    table = cluster.gate.command("drops").stdout
    assert "x/deny" in table and "y/would" in table
    cluster.apply([])


def test_an_older_version_in_force_is_shown_as_such(cluster):
    """The file's version is refused, then the file cannot be read, then it is good again."""
    good = policy("x", "aged", A, ingress=[from_(pods(pod="b"))])
    cluster.apply([good])
    path = cluster.lab.manifests / "x-aged.json"
    text = path.read_text()

    def shown(words):
        wait_for(lambda: words in cluster.gate.command("policy", "show", "x/aged").stdout, words)
        assert not cluster.reaches("y/b", "x/a", 80, V4, "tcp") # whatever stands in the file
        return cluster.gate.json("policy", "show", "x/aged")["policy"]["inForce"]

    path.write_text(text.replace('"pod": "b"', '"pod": "no value!"'))
    assert shown("In force    an older version, because of") == "older"
    assert "is not the value of a label" in cluster.gate.command("policy", "show", "x/aged").stdout
    path.write_text("{ broken")
    assert shown("not valid YAML") == "older"
    path.write_text(text)
    wait_for(lambda: cluster.gate.json("policy", "show", "x/aged")["policy"]["inForce"] ==
             "current", "the good one is in force")
    assert "In force" not in cluster.gate.command("policy", "show", "x/aged").stdout
    cluster.apply([])
