# SPDX-License-Identifier: BSD-2-Clause
"""
NetworkPolicy, naively: policy-semantics.md §1 sentence by sentence, over plain Kubernetes
objects (dicts as JSON gives them). It is what the compiler and the datapath are compared
with, so it shares nothing with them, knows neither bits nor classes, and tries every rule
of every policy anew for each question. Numbers in comments are items of §1.
"""
import functools
import ipaddress
from typing import NamedTuple

import admission

PEERS = {"ingress": "from", "egress": "to"}
WITH_PORTS = ("TCP", "UDP", "SCTP")
NAMESPACE_NAME = "kubernetes.io/metadata.name"
MODE = "headgate.io/policy-mode"

address = functools.cache(ipaddress.ip_address)


@functools.cache
def block(text):
    """25: a CIDR with host bits is a mask."""
    return ipaddress.ip_network(text, strict=False)


class Question(NamedTuple):
    """The real client, the real backend, and the destination port (32)."""
    source: str
    destination: str
    protocol: str
    port: int  # 0 where the protocol has none


class Verdict(NamedTuple):
    outcome: str  # "not isolated", "allowed", "denied", "self"
    rule: str = ""  # that allows: "shop/db ingress rule 2"
    isolating: tuple = ()  # the policies that isolate: "shop/db"
    would_deny: tuple = ()  # the policies in audit mode that would isolate and deny

    def __str__(self):
        text = self.outcome
        if self.outcome == "allowed":
            text += f" by {self.rule}"
        if self.outcome == "denied":
            text += f", isolated by {' '.join(self.isolating)}"
        if self.would_deny:
            text += f"; audit: isolated by {' '.join(self.would_deny)}"
        return text

    @property
    def permits(self):
        return self.outcome != "denied"


class Cluster:
    """The objects of one moment; the node that judges, "*" every node; its orders."""

    def __init__(self, objects, node="node-1", mode="enforce", wanted=()):
        self.node, self.mode = node, mode
        self.wanted = {address(text) for text in wanted}
        self.pods = in_order(objects, "Pod")
        self.policies = in_order(objects, "NetworkPolicy")
        self.namespaces = {entry["metadata"]["name"]: labels_of(entry)
                           for entry in in_order(objects, "Namespace")}
        # An address that several live pods claim belongs to the first.
        self.holders = {}
        for pod in self.pods:
            for held in addresses(pod):
                self.holders.setdefault(held, pod)


def in_order(objects, kind):
    """By namespace, then name: the order of precedence."""
    chosen = [entry for entry in objects if entry["kind"] == kind]
    return sorted(chosen, key=lambda entry: (namespace_of(entry), entry["metadata"]["name"]))


def namespace_of(entry):
    return entry["metadata"].get("namespace", "default")


def title(entry):
    return f"{namespace_of(entry)}/{entry['metadata']['name']}"


def labels_of(entry):
    return entry["metadata"].get("labels") or {}


def namespace_labels(cluster, name):
    """17: the control plane names every namespace by a label."""
    return {**cluster.namespaces.get(name, {}), NAMESPACE_NAME: name}


# ---- pods ----

def addresses(pod):
    """
    49: a pod in the host's network is treated as the node. 54: one that has finished holds
    no address; 55: one that is being deleted still does. 56: without address it is nothing,
    and all addresses count.
    """
    status = pod.get("status") or {}
    if pod["spec"].get("hostNetwork") or status.get("phase") in ("Succeeded", "Failed"):
        return []
    texts = [entry["ip"] for entry in status.get("podIPs") or []]
    if status.get("podIP") and status["podIP"] not in texts:
        texts.append(status["podIP"])
    return [address(text) for text in texts if text]


def pod_at(cluster, text):
    """The pod that holds an address; None: a node, or something outside the cluster."""
    return cluster.holders.get(address(text))


def numbers(pod, name, protocol):
    """34, 35, 37: what a port's name means at this pod."""
    return {port["containerPort"]
            for container in pod["spec"].get("containers") or []
            for port in container.get("ports") or []
            if port.get("name") == name and (port.get("protocol") or "TCP") == protocol}


def is_judged_here(cluster, pod, text, direction):
    """This node's pods in both directions; backends of Services on ingress."""
    if cluster.node in ("*", pod["spec"].get("nodeName")):
        return True
    return direction == "ingress" and address(text) in cluster.wanted


# ---- selectors ----

def requirement_holds(requirement, labels):
    """20: what each operator says of a key that is present, and of one that is not."""
    key, operator = requirement["key"], requirement["operator"]
    if operator == "In":
        return key in labels and labels[key] in requirement["values"]
    if operator == "NotIn":
        return key not in labels or labels[key] not in requirement["values"]
    if operator == "Exists":
        return key in labels
    assert operator == "DoesNotExist"
    return key not in labels


def selector_matches(selector, labels):
    """19: all requirements must hold, and none is everything; 21: matchLabels is In."""
    pairs = (selector.get("matchLabels") or {}).items()
    expressions = selector.get("matchExpressions") or []
    return all(key in labels and labels[key] == value for key, value in pairs) and \
        all(requirement_holds(entry, labels) for entry in expressions)


# ---- policies ----

def policy_types(policy):
    """3: Ingress, and Egress where there is an egress rule, unless it is said."""
    if not admission.types_are_readable(policy):
        return {"Ingress", "Egress"}
    spec = policy["spec"]
    if spec.get("policyTypes"):
        return set(spec["policyTypes"])
    return {"Ingress", "Egress"} if spec.get("egress") else {"Ingress"}


def selects(policy, pod):
    """1: pods of the policy's own namespace; an empty or absent selector means all."""
    if namespace_of(policy) != namespace_of(pod):
        return False
    if not admission.subjects_are_readable(policy):
        return True
    return selector_matches(policy["spec"].get("podSelector") or {}, labels_of(pod))


def isolates(policy, pod, direction):
    """2, 4: each direction for itself, and only where the type is listed."""
    return direction.capitalize() in policy_types(policy) and selects(policy, pod)


def is_audit(cluster, policy):
    annotations = policy["metadata"].get("annotations") or {}
    return cluster.mode == "audit" or annotations.get(MODE) == "audit"


def rules(policy, direction):
    """9: absent, null and [] allow nothing. A refused policy allows nothing."""
    if not admission.is_valid(policy):
        return []
    return policy["spec"].get(direction) or []


# ---- rules ----

def peer_matches(cluster, policy, peer, text):
    """14, 15: what each combination of selectors selects; 16: pods only; 24: ipBlock."""
    if "ipBlock" in peer:
        return block_matches(peer["ipBlock"], text)
    pod = pod_at(cluster, text)
    if pod is None:
        return False
    if "namespaceSelector" in peer:
        found = namespace_labels(cluster, namespace_of(pod))
        if not selector_matches(peer["namespaceSelector"], found):
            return False
    elif namespace_of(pod) != namespace_of(policy):
        return False
    return selector_matches(peer.get("podSelector", {}), labels_of(pod))


def block_matches(entry, text):
    """24: in the block and in none of its excepts; 26: which concern this block only;
    27: pods are matched like any address; 29: a block knows its own family only."""
    return address(text) in block(entry["cidr"]) and \
        not any(address(text) in block(hole) for hole in entry.get("except") or [])


def port_matches(port, question, destination):
    """
    30, 39: a protocol means itself; 31: no port means all; 33: endPort is included;
    34-36: a name means what it means at the destination, which must be a pod. 44, 46: what
    has no ports is matched by no entry.
    """
    if question.protocol not in WITH_PORTS:
        return False
    if (port.get("protocol") or "TCP") != question.protocol:
        return False
    wanted = port.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return destination is not None and \
            question.port in numbers(destination, wanted, question.protocol)
    return wanted <= question.port <= (port.get("endPort") or wanted)


def rule_matches(cluster, policy, rule, direction, question):
    """11: some peer and some port; 12: none given means all of them."""
    peers, ports = rule.get(PEERS[direction]) or [], rule.get("ports") or []
    other = question.source if direction == "ingress" else question.destination
    if peers and not any(peer_matches(cluster, policy, peer, other) for peer in peers):
        return False
    destination = pod_at(cluster, question.destination)
    return not ports or any(port_matches(port, question, destination) for port in ports)


def first_rule(cluster, policies, direction, question):
    """6: the union of all rules of all policies; the first that matches is named."""
    for policy in policies:
        for index, rule in enumerate(rules(policy, direction)):
            if rule_matches(cluster, policy, rule, direction, question):
                return f"{title(policy)} {direction} rule {index}"
    return None


# ---- verdicts ----

def judge(cluster, direction, question):
    """
    The verdict in one direction: of the destination on ingress, of the source on egress.
    7: both must permit. A policy in audit mode neither isolates nor allows; it would deny
    what is permitted now and what no rule, its own included, allows.
    """
    if address(question.source) == address(question.destination):
        return Verdict("self")  # 51, 52
    text = question.destination if direction == "ingress" else question.source
    subject = pod_at(cluster, text)
    if subject is None or not is_judged_here(cluster, subject, text, direction):
        return Verdict("not isolated")
    if cluster.mode == "off":
        return Verdict("not isolated")
    isolating = [policy for policy in cluster.policies
                 if isolates(policy, subject, direction)]
    enforced = [policy for policy in isolating if not is_audit(cluster, policy)]
    audited = [policy for policy in isolating if is_audit(cluster, policy)]
    rule = first_rule(cluster, enforced, direction, question)
    if rule:
        return Verdict("allowed", rule)
    if enforced:
        return Verdict("denied", isolating=tuple(map(title, enforced)))
    allowed = first_rule(cluster, audited, direction, question)
    return Verdict("not isolated",
                   would_deny=() if allowed else tuple(map(title, audited)))


def verdicts(cluster, question):
    """Egress, then ingress: the order in which a packet meets them."""
    return judge(cluster, "egress", question), judge(cluster, "ingress", question)
