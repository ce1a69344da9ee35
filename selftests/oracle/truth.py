# SPDX-License-Identifier: BSD-2-Clause
"""
Truth tables written by hand, so that twin and compiler are not wrong together: cases of
policy-semantics.md §4.4 (upstream's end-to-end tests) and §1, over three namespaces of
three pods. A row says who may reach whom at one port, of all 72 pairs.
"""
import itertools

from policy import Question

NAMESPACES = ("x", "y", "z")
PODS = [f"{space}/{name}" for space in NAMESPACES for name in "abc"]
PAIRS = list(itertools.permutations(PODS, 2))
PORTS = [{"name": f"serve-{number}-{protocol.lower()}", "containerPort": number,
          "protocol": protocol} for number in (80, 81) for protocol in ("TCP", "UDP", "SCTP")]


def ip(pod):
    """10.1.0.0/16 is x, 10.2.0.0/16 y, 10.3.0.0/16 z; a is .1, b .2, c .3."""
    space, name = pod.split("/")
    return f"10.{NAMESPACES.index(space) + 1}.0.{'abc'.index(name) + 1}"


def objects():
    for space in NAMESPACES:
        yield {"apiVersion": "v1", "kind": "Namespace",
               "metadata": {"name": space, "labels": {"ns": space}}}
    for pod in PODS:
        space, name = pod.split("/")
        yield {"apiVersion": "v1", "kind": "Pod",
               "metadata": {"name": name, "namespace": space, "labels": {"pod": name}},
               "spec": {"nodeName": "node-1", "containers": [{"name": "c", "ports": PORTS}]},
               "status": {"phase": "Running", "podIPs": [{"ip": ip(pod)}]}}


# ---- words for policies ----

def np(space, pods=None, **spec):
    selector = {} if pods is None else {"matchLabels": {"pod": pods}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "np", "namespace": space},
            "spec": {"podSelector": selector, **spec}}


def ingress(space, pods, *rules):
    return np(space, pods, policyTypes=["Ingress"], ingress=list(rules))


def egress(space, pods, *rules):
    return np(space, pods, policyTypes=["Egress"], egress=list(rules))


def pod(name):
    return {"podSelector": {"matchLabels": {"pod": name}}}


def ns(name):
    return {"namespaceSelector": {"matchLabels": {"ns": name}}}


def expression(kind, key, operator, *values):
    entry = {"key": key, "operator": operator, **({"values": list(values)} if values else {})}
    return {kind: {"matchExpressions": [entry]}}


def ports(*entries):
    return {"ports": list(entries)}


def block(cidr, *holes):
    return {"ipBlock": {"cidr": cidr, "except": list(holes)}}


def sources(*peers):
    return {"from": list(peers)}


def targets(*peers):
    return {"to": list(peers)}


NOT_X = expression("namespaceSelector", "ns", "NotIn", "x")
EVERYBODY = {"podSelector": {}, "namespaceSelector": {}}
TCP_80, TCP_81, UDP_80 = ("TCP", 80), ("TCP", 81), ("UDP", 80)
SCTP_80 = ("SCTP", 80)


def into_x_only(*allowed):
    """Ingress of x: from these pods, or to the other namespaces."""
    return lambda source, target: target[0] != "x" or source in allowed


def into_xa(condition):
    return lambda source, target: target != "x/a" or condition(source)


def everything(_source, _target):
    return True


# sentence, policies, where, who reaches whom
ROWS = (
    ("1 default-deny-ingress", [ingress("x", None)], TCP_80,
     lambda s, t: t[0] != "x"),
    ("2 default-deny-all", [np("x", policyTypes=["Ingress", "Egress"])], TCP_80,
     lambda s, t: "x" not in (s[0], t[0])),
    ("3 from pods of the own namespace by selector",
     [ingress("x", "a", sources(pod("b")))], TCP_80, into_xa(lambda s: s == "x/b")),
    ("4 deny all, and everybody to x/a", [ingress("x", None),
                                          ingress("x", "a", sources(EVERYBODY))], TCP_80,
     lambda s, t: t[0] != "x" or t == "x/a"),
    ("5 namespaceSelector {} is everybody",
     [ingress("x", "a", sources({"namespaceSelector": {}}))], TCP_80, everything),
    ("6 only from another namespace", [ingress("x", "a", sources(ns("y")))], TCP_80,
     into_xa(lambda s: s[0] == "y")),
    ("7 matchExpressions of pods",
     [ingress("x", "a", sources(expression("podSelector", "pod", "In", "b")))], TCP_80,
     into_xa(lambda s: s == "x/b")),
    ("9 two peers are alternatives", [ingress("x", "a", sources(NOT_X, pod("b")))], TCP_80,
     into_xa(lambda s: s[0] != "x" or s == "x/b")),
    ("10 one peer of both selectors is both",
     [ingress("x", "a", sources({**NOT_X, **pod("b")}))], TCP_80,
     into_xa(lambda s: s in ("y/b", "z/b"))),
    ("14 by port: open", [ingress("x", "a", {**sources(ns("y")), **ports({"port": 81})})],
     TCP_81, into_xa(lambda s: s[0] == "y")),
    ("14 by port: closed", [ingress("x", "a", {**sources(ns("y")), **ports({"port": 81})})],
     TCP_80, into_xa(lambda s: False)),
    ("16 allow all", [ingress("x", None, {})], TCP_80, everything),
    ("17 a named port: open", [ingress("x", None, ports({"port": "serve-81-tcp"}))], TCP_81,
     everything),
    ("17 a named port: closed", [ingress("x", None, ports({"port": "serve-81-tcp"}))], TCP_80,
     into_x_only()),
    ("19 egress to a named port", [egress("x", None, ports({"port": "serve-80-tcp"}))], TCP_80,
     everything),
    ("19 egress to another port", [egress("x", None, ports({"port": "serve-80-tcp"}))], TCP_81,
     lambda s, t: s[0] != "x"),
    ("§1 36 a name with another protocol matches nothing",
     [ingress("x", None, ports({"port": "serve-80-tcp", "protocol": "UDP"}))], UDP_80,
     into_x_only()),
    ("23 podSelector {} is the own namespace",
     [ingress("x", None, sources({"podSelector": {}}))], TCP_80,
     lambda s, t: t[0] != "x" or s[0] == "x"),
    ("25 no egress of x/a", [egress("x", "a")], TCP_80, lambda s, t: s != "x/a"),
    ("29 egress by both selectors", [egress("x", "a", targets({**ns("y"), **pod("a")}))],
     TCP_80, lambda s, t: s != "x/a" or t == "y/a"),
    ("30 a protocol without port: all its ports",
     [ingress("x", None, ports({"protocol": "TCP"}))], TCP_81, everything),
    ("30 a protocol without port: no other protocol",
     [ingress("x", None, ports({"protocol": "TCP"}))], UDP_80, into_x_only()),
    ("35 a block less one pod",
     [egress("x", "a", targets(block("10.0.0.0/8", "10.1.0.2/32")))], TCP_80,
     lambda s, t: (s, t) != ("x/a", "x/b")),
    ("36 what one block excepts another one has",
     [egress("x", "a", targets(block("10.0.0.0/8", "10.1.0.2/32"), block("10.1.0.2/32")))],
     TCP_80, everything),
    ("38 SCTP is not TCP", [ingress("x", None, ports({"protocol": "SCTP", "port": 80}))],
     TCP_80, into_x_only()),
    ("39 a rule for SCTP isolates, and allows SCTP",
     [ingress("x", None, ports({"protocol": "SCTP", "port": 80}))], SCTP_80, everything),
    ("42 by the namespace's own name",
     [egress("x", None, targets(expression("namespaceSelector", "kubernetes.io/metadata.name",
                                           "NotIn", "y")))],
     TCP_80, lambda s, t: s[0] != "x" or t[0] != "y"),
    ("§1 3 egress: [] alone is no type", [np("x", egress=[])], TCP_80, into_x_only()),
    ("§1 4 a section whose type is not listed is inert",
     [np("x", policyTypes=["Egress"], ingress=[], egress=[{}])], TCP_80, everything),
    ("§1 20 NotIn matches where the key is missing",
     [ingress("x", None, sources(expression("podSelector", "no", "NotIn", "v")))], TCP_80,
     lambda s, t: t[0] != "x" or s[0] == "x"),
    ("§1 20 DoesNotExist matches where the key is missing",
     [ingress("x", None, sources(expression("podSelector", "pod", "DoesNotExist")))], TCP_80,
     into_x_only()),
    ("§1 33 endPort is included: the last",
     [ingress("x", None, ports({"port": 70, "endPort": 80}))], TCP_80, everything),
    ("§1 33 endPort is included: one beyond",
     [ingress("x", None, ports({"port": 70, "endPort": 80}))], TCP_81, into_x_only()),
)


class Table:
    """A row as a World to be asked."""

    node, mode, wanted = "node-1", "enforce", ()

    def __init__(self, row):
        self.name, given, (protocol, port), self.allows = row
        self.objects = [*objects(), *(
            {**policy, "metadata": {**policy["metadata"], "name": f"np-{number}"}}
            for number, policy in enumerate(given))]
        self.questions = [Question(ip(source), ip(target), protocol, port)
                          for source, target in PAIRS]

    def faults(self, pairs, permits):
        """Cells that are wrong, of answers (egress, ingress)."""
        for (source, target), (egress_, ingress_) in zip(PAIRS, pairs):
            if (permits(egress_) and permits(ingress_)) != self.allows(source, target):
                yield f"{self.name}: {source} to {target}: {egress_}; {ingress_}"
