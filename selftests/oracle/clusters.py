# SPDX-License-Identifier: BSD-2-Clause
"""
Random clusters: namespaces, pods and policies, as manifests would hold them. Everything is
drawn from few values, so that selectors hit, addresses fall into blocks and ports into
ranges; what others went wrong with (policy-semantics.md §1) is drawn on purpose.
"""
import ipaddress
import random

import policies

NODE, EVERY_NODE = "node-1", "*"
NODES = (NODE, NODE, NODE, NODE, NODE, NODE, "node-2", "node-2", None)
NUMBERS = (53, 80, 81, 443, 8080, 8081, 65535)


class World:
    """A cluster in the making, and where its randomness comes from."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.objects = []
        self.taken = set()
        self.mode = self.rng.choices(("enforce", "audit", "off"), (92, 6, 2))[0]
        self.node = NODE if self.chance(0.9) else EVERY_NODE
        self.wanted = []
        self.serial = 0

    def chance(self, probability):
        return self.rng.random() < probability

    def of_kind(self, kind):
        return [entry for entry in self.objects if entry["kind"] == kind]

    def number(self):
        self.serial += 1
        return self.serial


def cluster(seed):
    """A World full of objects. One in twenty is larger than the others."""
    world = World(seed)
    large = world.chance(0.05)
    used = world.rng.sample(policies.NAMESPACES, world.rng.randint(1, 4))
    for name in used:
        if world.chance(0.9):
            world.objects.append(namespace(world, name))
    for _ in range(world.rng.randint(30, 80) if large else world.rng.randint(3, 16)):
        world.objects.append(pod(world, world.rng.choice(used)))
    for _ in range(world.rng.randint(10, 40) if large else world.rng.randint(1, 14)):
        world.objects.append(policies.policy(world, world.rng.choice(used)))
    if world.chance(0.5):
        world.wanted = [text for text in claimed(world) if world.chance(0.3)]
    world.rng.shuffle(world.objects)
    return world


def namespace(world, name):
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": policies.labels(world)}}


# ---- pods ----

def pod(world, name):
    phase = world.rng.choices(("Running", "Succeeded", "Failed", "Pending"),
                              (88, 4, 4, 4))[0]
    entry = {"apiVersion": "v1", "kind": "Pod",
             "metadata": {"name": f"p-{world.number()}", "namespace": name,
                          "labels": policies.labels(world)},
             "spec": {"containers": [container(world, index)
                                     for index in range(world.rng.randint(1, 2))]},
             "status": {"phase": phase}}
    node = world.rng.choice(NODES)
    if node:
        entry["spec"]["nodeName"] = node
    if world.chance(0.05):
        entry["spec"]["hostNetwork"] = True
    if world.chance(0.1):
        entry["spec"]["initContainers"] = [container(world, 9)]
    if world.chance(0.04):
        entry["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if phase != "Pending" or world.chance(0.5):
        give_addresses(world, entry)
    return entry


def container(world, index):
    """A name may stand for several numbers, also of one protocol in two containers."""
    ports = []
    for name in world.rng.sample(policies.PORT_NAMES, world.rng.randint(0, 3)):
        port = {"containerPort": world.rng.choice(NUMBERS)}
        if world.chance(0.85):
            port["name"] = name
        if world.chance(0.6):
            port["protocol"] = world.rng.choice(policies.PROTOCOLS)
        ports.append(port)
    entry = {"name": f"c-{index}", "image": "x"}
    return {**entry, "ports": ports} if ports or world.chance(0.5) else entry


def give_addresses(world, entry):
    """IPv4, IPv6 or both; now and then one that another pod has, or had."""
    families = world.rng.choices(((4,), (6,), (4, 6), (6, 4)), (45, 15, 30, 10))[0]
    texts = [free_address(world, family) for family in families]
    others = claimed(world)
    if others and world.chance(0.08):
        shared = world.rng.choice(others)
        version = ipaddress.ip_address(shared).version
        texts = [shared] + [text for text in texts
                            if ipaddress.ip_address(text).version != version]
    entry["status"]["podIP"] = texts[0]
    entry["status"]["podIPs"] = [{"ip": text} for text in texts]


def free_address(world, family):
    while True:
        text = f"10.0.{world.rng.randrange(3)}.{world.rng.randrange(256)}" if family == 4 \
            else str(ipaddress.ip_address("fd00::") + world.rng.randrange(1 << 18))
        if text not in world.taken:
            world.taken.add(text)
            return text


def claimed(world):
    """Addresses that pods claim, also those that finished, and the host's."""
    return [entry["ip"] for one in world.of_kind("Pod")
            for entry in one["status"].get("podIPs", [])]
