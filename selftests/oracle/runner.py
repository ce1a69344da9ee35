# SPDX-License-Identifier: BSD-2-Clause
"""
Asks those who know the compiled policy. build/oracle/verdicts reads commands and questions
(its file comment says which) and answers each question with two lines, egress and ingress;
whatever else speaks this language can be asked in its place.
"""
import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("ORACLE_PROGRAM", str(ROOT / "build/oracle/verdicts"))
DEATH = 700  # characters of what it said before it died
WATCHED = 20  # questions of a step that are asked at every moment of its update
NAMES = {"TCP": "tcp", "UDP": "udp", "SCTP": "sctp"}


class Step:
    """A state of the cluster and what is asked of it."""

    def __init__(self, world, questions, restart=False):
        self.objects = world.objects
        self.restart = restart  # before it, another compiler takes over
        self.node, self.mode = world.node, world.mode
        self.wanted = list(world.wanted)
        self.questions = questions


def script(sequences):
    """Each sequence is a list of Steps: the first from nothing, the others as changes."""
    lines = []
    for steps in sequences:
        wanted = set()
        lines.append(f"begin {steps[0].node} {steps[0].mode}\n")
        for step in steps:
            if step.restart:
                lines.append("restart\n")
                wanted = set()
            lines += (f"unwant {text}\n" for text in sorted(wanted - set(step.wanted)))
            lines += (f"want {text}\n" for text in sorted(set(step.wanted) - wanted))
            wanted = set(step.wanted)
            text = json.dumps({"apiVersion": "v1", "kind": "List", "items": step.objects})
            lines.append(f"objects {len(text)}\n{text}\n")
            asked = [f"{q.source} {q.destination} {NAMES.get(q.protocol, q.protocol)} "
                     f"{q.port}\n" for q in step.questions]
            lines += (f"watch {line}" for line in asked[:WATCHED])
            lines += ["update\n", *asked]
    return "".join(lines)


def ask(sequences):
    """
    For each step of each sequence: a list of (egress, ingress) as texts, or one string:
    what the program said when it could not compile, or how it died.
    """
    with tempfile.TemporaryDirectory(prefix="headgate-oracle-") as folder:
        done = subprocess.run([PROGRAM], input=script(sequences), capture_output=True,
                              text=True, check=False, env={**os.environ, "TMPDIR": folder})
    lines = iter(done.stdout.splitlines())
    death = f"{PROGRAM} ended with {done.returncode}: {done.stderr[:DEATH]}"
    given = [[answers(lines, step, death) for step in steps] for steps in sequences]
    if done.returncode != 0:
        given[-1][-1] = death  # a leak shows at the end, when all is answered
    return given


def answers(lines, step, death):
    status = next(lines, death)
    pairs = [(next(lines, "egress dead")[7:], next(lines, "ingress dead")[8:])
             for _ in step.questions]
    if pairs and pairs[-1] == ("dead", "dead"):
        return death
    return pairs if status == "updated" else status
