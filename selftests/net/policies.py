# SPDX-License-Identifier: BSD-2-Clause
"""
The cluster of the NetworkPolicy tests: namespaces x, y, z with pods a, b, c on one node, each
serving ports 80 and 81 over TCP and UDP and both families, each behind a Service of its own;
and who reaches whom in it. Expectations are written as functions of (source, target, port,
protocol), from the text of the upstream cases alone.
"""
import itertools
import json
import subprocess
import time

from lab import BUILD, Gate, wait_for
from topology import FAMILIES, V4, V6

NAMESPACES, PODS = ("x", "y", "z"), ("a", "b", "c")
EVERYONE = tuple(f"{n}/{p}" for n in NAMESPACES for p in PODS)
PORTS, PROTOCOLS = (80, 81), ("tcp", "udp")
WAIT_MS = 300 # a denied probe; one that is answered needs a few


def number(pod):
    return EVERYONE.index(pod)


def host(pod):
    return f"pod{number(pod)}"


def address(pod, family):
    n = number(pod) + 2
    return f"10.244.1.{n}" if family == V4 else f"fd00:244:1::{n:x}"


def vip(pod, family):
    n = number(pod) + 100
    return f"10.96.1.{n}" if family == V4 else f"fd00:96::1:{n:x}"


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": name, "labels": {"ns": name, "kubernetes.io/metadata.name": name, **labels}}}


def pod_object(pod, phase="Running", **labels):
    ns, name = pod.split("/")
    ports = [{"name": f"serve-{port}-{protocol}", "containerPort": port,
              "protocol": protocol.upper()} for port in PORTS for protocol in PROTOCOLS]
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": ns, "labels": {"pod": name, **labels}},
            "spec": {"nodeName": "balancer", "containers": [{"name": "serve", "ports": ports}]},
            "status": {"phase": phase, "podIP": address(pod, V4),
                       "podIPs": [{"ip": address(pod, family)} for family in FAMILIES]}}


def service_objects(pod):
    """The Service's ports differ from the pod's: policy speaks of the pod's."""
    ns, name = pod.split("/")
    meta = {"name": f"s-{name}", "namespace": ns}
    ports = [{"name": f"p{port}-{protocol}", "port": 1000 + port, "targetPort": port,
              "protocol": protocol.upper()} for port in PORTS for protocol in PROTOCOLS]
    yield {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {
        "clusterIP": vip(pod, V4), "clusterIPs": [vip(pod, f) for f in FAMILIES],
        "ipFamilies": list(FAMILIES), "ports": ports}}
    for family in FAMILIES:
        yield {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
               "metadata": {"name": f"s-{name}-{family.lower()}", "namespace": ns,
                            "labels": {"kubernetes.io/service-name": f"s-{name}"}},
               "addressType": family,
               "ports": [{"name": p["name"], "port": p["targetPort"],
                          "protocol": p["protocol"]} for p in ports],
               "endpoints": [{"addresses": [address(pod, family)], "nodeName": "balancer",
                              "conditions": {"ready": True},
                              "targetRef": {"kind": "Pod", "namespace": ns, "name": name}}]}


def policy(ns, name, subjects=None, types=None, annotations=None, **rules):
    spec = {"podSelector": subjects or {}, **rules}
    if types:
        spec["policyTypes"] = list(types)
    meta = {"name": name, "namespace": ns}
    if annotations:
        meta["annotations"] = annotations
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": meta, "spec": spec}


def labelled(**labels):
    return {"matchLabels": labels}


def expression(key, operator, *values):
    found = {"key": key, "operator": operator}
    if values:
        found["values"] = list(values)
    return {"matchExpressions": [found]}


class Cluster:
    """The nine pods in a lab, their servers, and headgated over them."""

    def __init__(self, lab):
        self.lab = lab
        self.gate = Gate(lab)
        self.servers = []
        self.round = 0 # of settle()
        self.applied = {} # policies by file
        for pod in EVERYONE:
            lab.stop_web(host(pod)) # port 80 is nginx's in every host of the lab
            self.servers.append(lab.popen(host(pod), BUILD / "net/reach", "serve", pod,
                                          *PORTS, stdin=subprocess.DEVNULL))

    def close(self):
        self.gate.clear()
        for server in self.servers:
            server.kill()
            server.wait()

    def start(self, *options):
        self.write("namespaces", [namespace(n) for n in NAMESPACES])
        self.write("pods", [pod_object(pod) for pod in EVERYONE])
        self.write("services", [o for pod in EVERYONE for o in service_objects(pod)])
        self.gate.start(*options)
        self.gate.wait_backends(len(EVERYONE) * len(PORTS) * len(PROTOCOLS) * len(FAMILIES))

    def write(self, name, objects):
        self.gate.write(name, objects)

    def apply(self, policies):
        """
        Put exactly these policies in force, and wait until they are. Each has a file of its
        own: what one file gains and loses comes into force in two steps.
        """
        names = {f"{p['metadata']['namespace']}-{p['metadata']['name']}": p for p in policies}
        gone = self.applied.keys() - names.keys()
        for name in gone:
            (self.lab.manifests / f"{name}.json").unlink()
        for name, found in names.items():
            if found != self.applied.get(name):
                self.write(name, [found])
        self.applied = names
        if gone:
            wait_for(lambda: {f"{p['namespace']}-{p['name']}" for p in
                              self.gate.json("policy", "list")["policies"]} == names.keys(),
                     f"the policies are {sorted(names)}")
        self.settle()

    def settle(self):
        """Until what was written is in force: a Service that was written after it is."""
        self.round += 1
        marker = {"apiVersion": "v1", "kind": "Service",
                  "metadata": {"name": f"settled-{self.round}", "namespace": "x"},
                  "spec": {"clusterIP": "10.96.2.1", "ports": [{"port": 9}]}}
        self.write("zz-settled", [marker])
        end = time.monotonic() + 10
        while f'"settled-{self.round}"' not in self.gate.get("/v1/services"):
            assert time.monotonic() < end, "what was written does not come into force"
            time.sleep(0.001)

    def _ask(self, sources, targets):
        """All probes at once: {source: [who answered or '-']}, in the order of targets."""
        question = "".join(f"{t[3]} {t[4]} {t[5]}\n" for t in targets)
        asked = {source: self.lab.popen(host(source), BUILD / "net/reach", "probe", WAIT_MS,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                 for source in sources}
        for process in asked.values():
            process.stdin.write(question)
            process.stdin.close()
            process.stdin = None
        return {source: process.communicate(timeout=30)[0].split("\n")[:-1]
                for source, process in asked.items()}

    @staticmethod
    def cells():
        """(target, port, family, protocol, address, port asked): direct and by Service."""
        for pod, port, family, protocol in itertools.product(EVERYONE, PORTS, FAMILIES,
                                                             PROTOCOLS):
            yield pod, port, family, protocol, address(pod, family), port
            yield pod, port, family, protocol, vip(pod, family), 1000 + port

    def reaches(self, source, target, port, family, protocol):
        cell = (target, port, family, protocol, address(target, family), port)
        return self._ask([source], [cell])[source] == [target]

    def wrong(self, expected):
        """Every cell of the table that is not as expected, as sentences."""
        cells = list(self.cells())
        found = []
        for source, answers in self._ask(EVERYONE, cells).items():
            for cell, answer in zip(cells, answers):
                pod, port, family, protocol, _, asked = cell
                if pod == source:
                    continue # a pod cannot block access to itself
                may = expected(source, pod, port, protocol)
                if (answer == pod) != may:
                    found.append((may, f"{source} → {pod} {port}/{protocol} {family} "
                                  f"{'by Service' if asked != port else 'directly'}: "
                                  f"{'allowed' if may else 'denied'} expected, got {answer}"))
        return found

    def check(self, expected):
        """
        The whole table. What gets through though denied fails at once; what does not though
        allowed is asked for again: a busy machine may take longer than a probe waits.
        """
        for attempt in range(4):
            wrong = self.wrong(expected)
            leaks = [text for may, text in wrong if not may]
            assert not leaks, f"{len(leaks)} cells leak:\n" + "\n".join(leaks[:20])
            if not wrong:
                return
        assert not wrong, f"{len(wrong)} cells are closed:\n" + \
            "\n".join(text for _, text in wrong[:20])

    def status(self):
        return json.loads(self.gate.command("status", "-o", "json").stdout)
