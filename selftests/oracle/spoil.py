# SPDX-License-Identifier: BSD-2-Clause
"""Faults for which the API server would refuse a NetworkPolicy, one at a time."""
import admission


def bad_operator(key):
    return {"matchExpressions": [{"key": key, "operator": "Gt", "values": ["1"]}]}


PEERS = (
    {},  # 13
    {"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}},
    {"ipBlock": {"cidr": "10.0.0.0/33"}},
    {"ipBlock": {"cidr": "10.0.0/8"}},
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}},  # 24
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}},
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["fd00::/64"]}},
    {"podSelector": bad_operator("app")},  # 22
    {"namespaceSelector": {"matchExpressions": [{"key": "app", "operator": "In"}]}},
    {"podSelector": {"matchExpressions": [
        {"key": "app", "operator": "Exists", "values": ["web"]}]}},
)
PORTS = (
    {"port": 80, "endPort": 79},  # 33
    {"port": "web", "endPort": 90},
    {"endPort": 90},
    {"port": 0},
    {"port": 65536},
    {"port": 1, "endPort": 65536},
    {"port": "longer-than-fifteen"},
    {"port": "80"},
    {"protocol": "ICMP"},  # 30
)


def spoil(rng, policy):
    """Of a rule, of the selector of its subjects, or of its types."""
    spec = policy["spec"]
    form = rng.choice(("peer", "peer", "port", "port", "subjects", "types"))
    if form == "subjects":
        spec["podSelector"] = bad_operator("tier")
    elif form == "types":
        spec["policyTypes"] = rng.choice((["Both"], ["Ingress", "Egress", "Ingress"]))
    else:
        section, key = rng.choice((("ingress", "from"), ("egress", "to")))
        bad = {key: [rng.choice(PEERS)]} if form == "peer" else {"ports": [rng.choice(PORTS)]}
        spec[section] = [*(spec.get(section) or []), bad]
    assert not admission.is_valid(policy)
