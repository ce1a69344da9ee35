# SPDX-License-Identifier: BSD-2-Clause
"""
What holds of any implementation, whatever the twin says: each property changes a cluster
and says how permissions may change by that. Numbers are items of policy-semantics.md §1.
"""
import admission
import policies
from policy import policy_types


def more_rules(world):
    """6: a rule more removes no permission."""
    for policy in world.of_kind("NetworkPolicy"):
        if not admission.is_valid(policy):
            continue
        types = sorted(policy_types(policy))
        section = world.rng.choice(types).lower()
        policy["spec"]["policyTypes"] = types
        policy["spec"][section] = [*(policy["spec"].get(section) or []),
                                   policies.rule(world, section)]


def other_order(world):
    """6: there is no order: neither of policies nor of rules, peers, ports."""
    found = world.of_kind("NetworkPolicy")
    names = [f"z{number}" for number in range(len(found))]
    world.rng.shuffle(names)
    for policy, name in zip(found, names):
        policy["metadata"]["name"] = name
        for section, key in (("ingress", "from"), ("egress", "to")):
            rules = policy["spec"].get(section) or []
            world.rng.shuffle(rules)
            for rule in rules:
                world.rng.shuffle(rule.get(key) or [])
                world.rng.shuffle(rule.get("ports") or [])


def split_policies(world):
    """6: one policy of several rules is several policies of one rule each."""
    for policy in world.of_kind("NetworkPolicy"):
        spec = policy["spec"]
        if not admission.is_valid(policy):
            continue
        spec["policyTypes"] = sorted(policy_types(policy))
        for section in ("ingress", "egress"):
            for index, rule in enumerate(spec.pop(section, None) or []):
                name = f"{policy['metadata']['name']}-{section}-{index}"
                world.objects.append({
                    **policy, "metadata": {**policy["metadata"], "name": name},
                    "spec": {"podSelector": spec.get("podSelector", {}),
                             "policyTypes": spec["policyTypes"], section: [rule]}})


def dual_selectors(world):
    """20, 21: over the values in use, In is Exists and NotIn all others, Exists is In all
    of them, DoesNotExist is NotIn all of them, matchLabels is In."""
    for policy in world.of_kind("NetworkPolicy"):
        if not admission.is_valid(policy):
            continue
        spec = policy["spec"]
        make_dual(spec.get("podSelector") or {}, policies.vocabulary(False))
        for section, key in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(section) or []:
                for peer in rule.get(key) or []:
                    make_dual(peer.get("podSelector", {}), policies.vocabulary(False))
                    make_dual(peer.get("namespaceSelector", {}), policies.vocabulary(True))


def make_dual(selector, words):
    pairs = [{"key": key, "operator": "In", "values": [value]}
             for key, value in (selector.pop("matchLabels", None) or {}).items()]
    given = pairs + (selector.pop("matchExpressions", None) or [])
    selector["matchExpressions"] = [dual for entry in given
                                    for dual in duals(entry, list(words[entry["key"]]))]


def duals(entry, values):
    key, operator = entry["key"], entry["operator"]
    if operator == "Exists":
        yield {"key": key, "operator": "In", "values": values}
    elif operator == "DoesNotExist":
        yield {"key": key, "operator": "NotIn", "values": values}
    elif operator == "NotIn":
        yield entry
    else:
        others = [value for value in values if value not in entry["values"]]
        yield {"key": key, "operator": "Exists"}
        if others:
            yield {"key": key, "operator": "NotIn", "values": others}


def same(before, after):
    return before == after


def no_less(before, after):
    return after or not before


PROPERTIES = (
    ("a_rule_more_removes_no_permission", more_rules, no_less),
    ("order_does_not_matter", other_order, same),
    ("rules_of_one_policy_are_policies_of_one_rule", split_policies, same),
    ("selectors_have_duals", dual_selectors, same),
)
