# SPDX-License-Identifier: BSD-2-Clause
"""
`headgate policy test` against the twin: what the command prints about a packet, from
manifests alone, where every pod is judged whatever its node.
"""
import json
import pathlib
import subprocess
import tempfile

import clusters
import packets
import policy

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/headgate"
PORTS = {"TCP": "tcp", "UDP": "udp", "SCTP": "sctp"}
SHOWN = 3  # disagreements that are told


def port_of(question):
    """As --port takes it; None: the command has no word for it."""
    if question.protocol in PORTS:
        return f"{question.port}/{PORTS[question.protocol]}" if question.port else None
    return "icmp" if "ICMP" in question.protocol else None


def ask(folder, question):
    """(exit code, the two directions as the twin words them)"""
    done = subprocess.run(
        [PROGRAM, "policy", "test", "--manifests", folder, "--from", question.source,
         "--to", question.destination, "--port", port_of(question), "-o", "json"],
        capture_output=True, text=True, check=False)
    try:
        path = json.loads(done.stdout)["paths"][0]
    except (ValueError, KeyError, IndexError):
        return done.returncode, (done.stdout + done.stderr,)
    return done.returncode, (worded(path["egress"]), worded(path["ingress"]))


def worded(side):
    text = side["outcome"]
    if text in ("notAPod", "notIsolated"):
        text = "not isolated"
    if text == "allowed":
        rule = side["rule"]
        text += f" by {rule['policy']} {rule['direction']} rule {rule['index']}"
    if text == "denied":
        text += f", isolated by {names(side, audit=False)}"
    if side["auditDenied"]:
        text += f"; audit: isolated by {names(side, audit=True)}"
    return text


def names(side, audit):
    return " ".join(entry["policy"] for entry in side["isolatedBy"]
                    if (entry["mode"] == "audit") == audit)


def expected(cluster, question):
    said = tuple(map(str, policy.verdicts(cluster, question)))
    return int(any(text.startswith("denied") for text in said)), said


def agree(twin, said):
    """Whether a packet is to its sender is asked of pods only, and while some are isolated."""
    return twin == said or (twin[1][0], said) == ("self", (0, ("not isolated",) * 2))


def faults(seed, count):
    """The lines that tell where the command and the twin differ on one cluster."""
    world = clusters.cluster(seed)
    cluster = policy.Cluster(world.objects, "*")
    drawn = packets.draw(world.rng, packets.Places(world.objects), count)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "objects.json").write_text(
            json.dumps({"apiVersion": "v1", "kind": "List", "items": world.objects}),
            encoding="utf-8")
        for question in filter(port_of, drawn):
            right, said = expected(cluster, question), ask(folder, question)
            if not agree(right, said):
                yield (f"cluster {seed}: {' '.join(map(str, question))}: twin: {right}; "
                       f"headgate policy test: {said}")


def compare(seeds, count):
    lines = [line for seed in seeds for line in faults(seed, count)]
    return lines[:SHOWN] + ([f"{len(lines)} answers disagree"] if lines else [])
