# SPDX-License-Identifier: BSD-2-Clause
"""Random NetworkPolicies and the labels that they select by: all forms that §1 of
policy-semantics.md knows, and some that the API server would refuse."""
import ipaddress

import spoil

NAMESPACES = ("a", "a-b", "b", "kube-system", "team")
LABELS = {"app": ("web", "db", ""), "tier": ("front", "back", ""), "host": ("x", "y"),
          "x.io/role": ("main", "spare"), "env": ("prod", "dev")}
PORT_NAMES = ("web", "dns", "metrics", "p-1", "nowhere")
PROTOCOLS = ("TCP", "UDP", "SCTP")
# Addresses that blocks begin from, besides the pods': the ends of both families too.
BASES = ("0.0.0.0", "255.255.255.255", "10.0.3.7", "10.255.0.1", "192.0.2.1", "192.0.2.200",
         "198.51.100.3", "203.0.113.9", "::", "::1", "2001:db8::1", "2001:db8::ff:1",
         "2001:db8:1::5", "fd00::3:1", "fe80::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
LENGTHS = {4: (0, 1, 7, 8, 9, 12, 15, 16, 17, 20, 22, 23, 24, 25, 28, 30, 31, 32),
           6: (0, 1, 16, 32, 48, 63, 64, 65, 96, 108, 112, 116, 120, 127, 128)}


def labels(world):
    return {key: world.rng.choice(values) for key, values in LABELS.items()
            if world.chance(0.5)}


# ---- selectors ----

def selector(world, of_namespaces=False):
    """One in four is empty; the others have one to three requirements."""
    if world.chance(0.25):
        return {} if world.chance(0.8) else {"matchLabels": {}, "matchExpressions": []}
    chosen = {}
    if world.chance(0.6):
        chosen["matchLabels"] = dict(pair(world, of_namespaces)
                                     for _ in range(world.rng.choice((1, 1, 2))))
    if not chosen or world.chance(0.3):
        chosen["matchExpressions"] = [requirement(world, of_namespaces)
                                      for _ in range(world.rng.choice((1, 1, 2)))]
    return chosen


def vocabulary(of_namespaces):
    if not of_namespaces:
        return LABELS
    return {**LABELS, "kubernetes.io/metadata.name": NAMESPACES}


def pair(world, of_namespaces):
    words = vocabulary(of_namespaces)
    key = world.rng.choice(list(words))
    return key, world.rng.choice(words[key])


def requirement(world, of_namespaces):
    words = vocabulary(of_namespaces)
    key = world.rng.choice(list(words))
    operator = world.rng.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    entry = {"key": key, "operator": operator}
    if operator in ("In", "NotIn"):
        entry["values"] = world.rng.sample(words[key], world.rng.randint(1, 2))
    elif world.chance(0.2):
        entry["values"] = []
    return entry


# ---- rules ----

def rules(world, direction):
    """Absent (None), null, empty, everything, or some rules."""
    form = world.rng.choices(("absent", "null", "empty", "all", "some"), (8, 3, 8, 6, 75))[0]
    if form == "absent":
        return {}
    if form == "some":
        return {direction: [rule(world, direction) for _ in range(world.rng.randint(1, 4))]}
    return {direction: {"null": None, "empty": [], "all": [{}]}[form]}


def rule(world, direction):
    chosen = {}
    key = "from" if direction == "ingress" else "to"
    if world.chance(0.8):
        chosen[key] = [peer(world) for _ in range(world.rng.randint(1, 3))]
    elif world.chance(0.3):
        chosen[key] = world.rng.choice(([], None))
    if world.chance(0.65):
        chosen["ports"] = [port(world) for _ in range(world.rng.randint(1, 3))]
    elif world.chance(0.3):
        chosen["ports"] = world.rng.choice(([], None))
    return chosen


def peer(world):
    form = world.rng.choices(("pods", "namespaces", "both", "block"), (25, 15, 25, 35))[0]
    if form == "block":
        return {"ipBlock": ip_block(world)}
    chosen = {}
    if form != "pods":
        chosen["namespaceSelector"] = selector(world, of_namespaces=True)
    if form != "namespaces":
        chosen["podSelector"] = selector(world)
    return chosen


def ip_block(world):
    held = [entry["ip"] for pod in world.of_kind("Pod")
            for entry in pod["status"].get("podIPs", [])]
    base = world.rng.choice(held if held and world.chance(0.6) else BASES)
    version = ipaddress.ip_address(base).version
    outer = ipaddress.ip_network(
        f"{base}/{world.rng.choice(LENGTHS[version])}", strict=False)
    chosen = {"cidr": written(world, outer)}
    longer = [length for length in LENGTHS[version] if length > outer.prefixlen]
    inside = [text for text in (*held, *BASES) if ipaddress.ip_address(text) in outer]
    if longer and world.chance(0.6):
        chosen["except"] = [written(world, hole(world, outer, longer, inside))
                            for _ in range(world.rng.randint(1, 3))]
    return chosen


def hole(world, outer, longer, inside):
    """At the first or last address of its block, at a known one, or anywhere."""
    last = outer.num_addresses - 1
    place = outer[world.rng.choice((0, last, world.rng.randint(0, last)))]
    if inside and world.chance(0.6):
        place = world.rng.choice(inside)
    return ipaddress.ip_network(f"{place}/{world.rng.choice(longer)}", strict=False)


def written(world, network):
    """25: host bits may be set."""
    if world.chance(0.7):
        return str(network)
    shift = world.rng.randrange(network.num_addresses)
    return f"{network.network_address + shift}/{network.prefixlen}"


def port(world):
    chosen = {}
    if world.chance(0.7):
        chosen["protocol"] = world.rng.choice(PROTOCOLS)
    form = world.rng.choices(("all", "number", "range", "name"), (10, 35, 25, 30))[0]
    if form == "number":
        chosen["port"] = world.rng.choice((1, 53, 80, 81, 443, 8080, 65535))
    if form == "range":
        chosen["port"] = world.rng.choice((1, 79, 80, 81, 1024, 8080, 30000, 65535))
        chosen["endPort"] = min(65535, chosen["port"] + world.rng.choice((0, 1, 2, 400, 65535)))
    if form == "name":
        chosen["port"] = world.rng.choice(PORT_NAMES)
    return chosen


# ---- policies ----

def policy(world, namespace):
    spec = {}
    if world.chance(0.9):
        spec["podSelector"] = {} if world.chance(0.3) else selector(world)
    spec.update(rules(world, "ingress"))
    spec.update(rules(world, "egress"))
    if world.chance(0.7):
        spec["policyTypes"] = world.rng.choice(
            (["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Egress", "Ingress"],
             ["Ingress", "Ingress"]))
    elif world.chance(0.2):
        spec["policyTypes"] = []
    name = f"{world.rng.choice('abc')}{world.rng.choice('-.')}{world.number()}"
    entry = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
             "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    if world.chance(0.12):
        entry["metadata"]["annotations"] = {
            "headgate.io/policy-mode": world.rng.choice(("audit", "audit", "enforce"))}
    if world.chance(0.05):
        spoil.spoil(world.rng, entry)
    return entry
