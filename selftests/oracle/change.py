# SPDX-License-Identifier: BSD-2-Clause
"""Random changes of a cluster, and what is in force after them."""
import copy
import random

import admission
import clusters
import policies
import spoil
from policy import title


def changed(world, seed):
    """Another World: this one after one to four changes."""
    after = copy.copy(world)
    after.rng = random.Random(seed)
    after.objects = copy.deepcopy(world.objects)
    after.taken, after.wanted = set(world.taken), list(world.wanted)
    for _ in range(after.rng.randint(1, 4)):
        after.rng.choice(CHANGES)(after)
    return after


def in_force(before, objects):
    """An invalid policy leaves its last good version in force, if there is one."""
    good = {title(entry): entry for entry in before
            if entry["kind"] == "NetworkPolicy" and admission.is_valid(entry)}
    return [good.get(title(entry), entry)
            if entry["kind"] == "NetworkPolicy" and not admission.is_valid(entry)
            else entry for entry in objects]


def one_of(world, kind):
    found = world.of_kind(kind)
    return world.rng.choice(found) if found else None


def relabel(world, kind):
    entry = one_of(world, kind)
    if entry:
        entry["metadata"]["labels"] = policies.labels(world)


def relabel_pod(world):
    relabel(world, "Pod")


def relabel_namespace(world):
    relabel(world, "Namespace")


def add_namespace(world):
    name = world.rng.choice(policies.NAMESPACES)
    if all(entry["metadata"]["name"] != name for entry in world.of_kind("Namespace")):
        world.objects.append(clusters.namespace(world, name))


def spaces(world):
    return sorted({entry["metadata"]["namespace"] for entry in world.of_kind("Pod")}) \
        or policies.NAMESPACES


def add_pod(world):
    world.objects.append(clusters.pod(world, world.rng.choice(spaces(world))))


def add_policy(world):
    world.objects.append(policies.policy(world, world.rng.choice(spaces(world))))


def remove(world):
    if world.objects:
        world.objects.pop(world.rng.randrange(len(world.objects)))


def rebuild_pod(world):
    """Another pod by the same name, often at the same addresses."""
    entry = one_of(world, "Pod")
    if not entry:
        return
    fresh = clusters.pod(world, entry["metadata"]["namespace"])
    fresh["metadata"]["name"] = entry["metadata"]["name"]
    if world.chance(0.7):
        fresh["status"] = entry["status"]
    world.objects[world.objects.index(entry)] = fresh


def finish_pod(world):
    """54: its address is another's from now on."""
    entry = one_of(world, "Pod")
    if not entry:
        return
    fresh = clusters.pod(world, entry["metadata"]["namespace"])
    fresh["status"] = copy.deepcopy(entry["status"])
    entry["status"]["phase"] = "Succeeded"
    world.objects.append(fresh)


def swap_addresses(world):
    a, b = one_of(world, "Pod"), one_of(world, "Pod")
    if a:
        a["status"], b["status"] = b["status"], a["status"]


def move_pod(world):
    entry = one_of(world, "Pod")
    if entry:
        entry["spec"]["nodeName"] = world.rng.choice(("node-1", "node-2"))


def rewrite_policy(world):
    entry = one_of(world, "NetworkPolicy")
    if entry:
        entry["spec"] = policies.policy(world, "a")["spec"]


def edit_rules(world):
    """One rule more, one less, or others in another order."""
    entry = one_of(world, "NetworkPolicy")
    section = world.rng.choice(("ingress", "egress"))
    if not entry:
        return
    rules = list(entry["spec"].get(section) or [])
    if rules and world.chance(0.6):
        rules.pop(world.rng.randrange(len(rules)))
    else:
        rules.append(policies.rule(world, section))
    world.rng.shuffle(rules)
    entry["spec"][section] = rules


def toggle_audit(world):
    entry = one_of(world, "NetworkPolicy")
    if entry and not entry["metadata"].pop("annotations", None):
        entry["metadata"]["annotations"] = {"headgate.io/policy-mode": "audit"}


def spoil_policy(world):
    entry = one_of(world, "NetworkPolicy")
    if entry and admission.is_valid(entry):
        spoil.spoil(world.rng, entry)


def want(world):
    held = clusters.claimed(world)
    if held:
        world.wanted = sorted({*world.wanted} ^ {world.rng.choice(held)})


CHANGES = (relabel_pod, relabel_pod, relabel_namespace, add_namespace, add_pod, add_policy,
           add_policy, remove, remove, rebuild_pod, finish_pod, swap_addresses, move_pod,
           rewrite_policy, edit_rules, edit_rules, toggle_audit, spoil_policy, want)
