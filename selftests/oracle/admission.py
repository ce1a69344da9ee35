# SPDX-License-Identifier: BSD-2-Clause
"""
Which NetworkPolicies the API server would refuse: there is none between a manifest and
Headgate. A refused policy isolates what it names and allows nothing. Numbers in comments
are items of policy-semantics.md §1.
"""
import functools
import ipaddress
import re

TYPES = ("Ingress", "Egress")
PROTOCOLS = ("TCP", "UDP", "SCTP")
PORT_NAME = re.compile(r"(?!.*--)(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$")
LABEL_KEY = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")


def types_are_readable(policy):
    """5: at most two, and nothing but Ingress and Egress."""
    types = policy["spec"].get("policyTypes") or []
    return len(types) <= 2 and all(entry in TYPES for entry in types)


def subjects_are_readable(policy):
    return selector_is_valid(policy["spec"].get("podSelector") or {})


def is_valid(policy):
    spec = policy["spec"]
    return types_are_readable(policy) and subjects_are_readable(policy) and all(
        rule_is_valid(rule.get(peers), rule.get("ports"))
        for section, peers in (("ingress", "from"), ("egress", "to"))
        for rule in spec.get(section) or [])


def rule_is_valid(peers, ports):
    return all(map(peer_is_valid, peers or [])) and all(map(port_is_valid, ports or []))


def selector_is_valid(selector):
    """22: which operators there are, and which of them take values."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if not LABEL_KEY.match(key) or not LABEL_VALUE.match(value):
            return False
    return all(map(requirement_is_valid, selector.get("matchExpressions") or []))


def requirement_is_valid(requirement):
    values = requirement.get("values") or []
    if not LABEL_KEY.match(requirement["key"]):
        return False
    if requirement["operator"] in ("In", "NotIn"):
        return bool(values) and all(map(LABEL_VALUE.match, values))
    return requirement["operator"] in ("Exists", "DoesNotExist") and not values


def peer_is_valid(peer):
    """13: some field, and ipBlock beside no selector."""
    selectors = [peer[key] for key in ("podSelector", "namespaceSelector") if key in peer]
    if "ipBlock" in peer:
        return not selectors and block_is_valid(peer["ipBlock"])
    return bool(selectors) and all(map(selector_is_valid, selectors))


@functools.cache
def network(text):
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def block_is_valid(entry):
    """24: each except lies within the block and is smaller."""
    outer = network(entry["cidr"])
    holes = [network(hole) for hole in entry.get("except") or []]
    return outer is not None and all(
        hole and hole.version == outer.version and hole != outer and hole.subnet_of(outer)
        for hole in holes)


def port_is_valid(port):
    """30: protocols; 33: endPort goes with a number that it is not below."""
    number, end = port.get("port"), port.get("endPort")
    if (port.get("protocol") or "TCP") not in PROTOCOLS:
        return False
    if isinstance(number, str):
        return bool(PORT_NAME.match(number)) and end is None
    if number is None:
        return end is None
    return 1 <= number <= 65535 and (end is None or number <= end <= 65535)
