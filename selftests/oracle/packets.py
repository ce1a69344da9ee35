# SPDX-License-Identifier: BSD-2-Clause
"""Random packets for a cluster: between its pods, to and from the borders of its blocks,
at the borders of its port ranges."""
import ipaddress

import admission
from policy import Question

PROTOCOLS = ("TCP", "TCP", "TCP", "UDP", "UDP", "SCTP")
WITHOUT_PORT = ("1", "47", "58")
ELSEWHERE = ("192.0.2.77", "10.0.0.77", "2001:db8::77", "fd00::7:7")


class Places:
    """Addresses and ports at which verdicts may change."""

    def __init__(self, objects):
        pods = [entry for entry in objects if entry["kind"] == "Pod"]
        rules = [rule for entry in objects if entry["kind"] == "NetworkPolicy"
                 for rule in rules_of(entry)]
        held = {entry["ip"] for pod in pods for entry in pod["status"].get("podIPs", [])}
        self.pods = by_version(held)
        self.borders = by_version({*ELSEWHERE, *borders(rules)})
        self.ports = sorted({port for wanted in (*ranges(rules), *numbers(pods))
                             for port in (wanted - 1, wanted, wanted + 1)
                             if 0 <= port <= 65535} | {80, 9999})


def rules_of(policy):
    return [rule for section in ("ingress", "egress")
            for rule in policy["spec"].get(section) or []]


def by_version(texts):
    found = {4: [], 6: []}
    for text in sorted(texts):
        found[ipaddress.ip_address(text).version].append(text)
    return found


def borders(rules):
    """First and last address of each block and except, and one beyond."""
    for rule in rules:
        for peer in (rule.get("from") or []) + (rule.get("to") or []):
            entry = peer.get("ipBlock", {"cidr": ""})
            for text in (entry["cidr"], *entry.get("except", ())):
                network = admission.network(text)
                if network:
                    yield from ends(network)


def ends(network):
    top = (1 << network.max_prefixlen) - 1
    first, last = int(network[0]), int(network[-1])
    for number in {first, last, max(first - 1, 0), min(last + 1, top)}:
        yield str(type(network[0])(number))


def ranges(rules):
    for rule in rules:
        for port in rule.get("ports") or []:
            if isinstance(port.get("port"), int):
                yield port["port"]
                yield port.get("endPort", port["port"])


def numbers(pods):
    for pod in pods:
        for container in pod["spec"]["containers"]:
            for port in container.get("ports", ()):
                yield port["containerPort"]


def draw(rng, places, count):
    return [packet(rng, places) for _ in range(count)]


def packet(rng, places):
    version = rng.choice([version for version in (4, 6) if places.pods[version]] or (4,))
    pods = places.pods[version] or places.borders[version]
    outside = places.borders[version]
    source, destination = rng.choices(
        ((pods, pods), (outside, pods), (pods, outside), (outside, outside)),
        (60, 19, 20, 1))[0]
    ends = rng.choice(source), rng.choice(destination)
    if ends[0] == ends[1]:  # to itself: rarely of interest
        ends = rng.choice(source), rng.choice(destination)
    if rng.random() < 0.08:
        return Question(*ends, rng.choice(WITHOUT_PORT), 0)
    return Question(*ends, rng.choice(PROTOCOLS), rng.choice(places.ports))
