# SPDX-License-Identifier: BSD-2-Clause
"""
Policies that come and go a thousand times while pods keep asking each other, directly and
through Services: nothing gets through that the policies before and after a change both deny,
nothing is lost that both allow (policies.py). And the daemon is killed amid changes.
"""
import bisect
import collections
import random
import signal
import subprocess
import time

from lab import BUILD
from policies import EVERYONE, address, host, labelled, policy, vip
from topology import FAMILIES, V4, V6

LAB_PODS = len(EVERYONE)
CHANGES = 1000
SOURCES = ("x/a", "y/b", "z/c")
TARGETS = ("x/a", "x/b", "y/a")
PORT = 80
ANSWER_MS = 250
KILLS, KILL_MOST_S = 12, 0.0006
# From the moment a question is asked until its answer is back; a change within counts.
LATENCY_NS = 60_000_000

Rule = collections.namedtuple("Rule", "object isolates ingress allows")


def ns(pod):
    return pod.split("/")[0]


def into(name, subjects, isolates, peers, allows, ports=None):
    rule = {"from": peers} | ({"ports": ports} if ports else {})
    return Rule(policy(*name.split("/"), subjects, types=["Ingress"],
                       ingress=[rule] if peers is not None else []), isolates, True, allows)


def out_of(name, subjects, isolates, peers, allows):
    return Rule(policy(*name.split("/"), subjects, types=["Egress"],
                       egress=[{"to": peers}] if peers is not None else []),
                isolates, False, allows)


A, B = labelled(pod="a"), labelled(pod="b")
FROM_Y = [{"namespaceSelector": labelled(ns="y")}]
FROM_Z = [{"namespaceSelector": labelled(ns="z")}]
UDP = [{"protocol": "UDP", "port": PORT}]

# What a policy selects and allows, said twice: as an object and as predicates of pods.
POOL = (
    into("x/deny", {}, lambda p: ns(p) == "x", None, lambda s, proto: False),
    into("x/a-from-y", A, lambda p: p == "x/a", FROM_Y, lambda s, proto: ns(s) == "y"),
    into("x/a-from-z-udp", A, lambda p: p == "x/a", FROM_Z,
         lambda s, proto: ns(s) == "z" and proto == "udp", UDP),
    into("x/b-from-x", B, lambda p: p == "x/b", [{"podSelector": {}}],
         lambda s, proto: ns(s) == "x"),
    into("x/all", {}, lambda p: ns(p) == "x", [{"namespaceSelector": {}}],
         lambda s, proto: True),
    into("y/a-from-block", A, lambda p: p == "y/a",
         [{"ipBlock": {"cidr": f"{address('x/a', f)}/{bits}"}}
          for f, bits in zip(FAMILIES, (32, 128))], lambda s, proto: s == "x/a"),
    out_of("z/deny", {}, lambda p: ns(p) == "z", None, lambda t, proto: False),
    out_of("z/to-x-a", {}, lambda p: ns(p) == "z",
           [{"namespaceSelector": labelled(ns="x"), "podSelector": A}],
           lambda t, proto: t == "x/a"),
    out_of("y/to-x", {}, lambda p: ns(p) == "y", [{"namespaceSelector": labelled(ns="x")}],
           lambda t, proto: ns(t) == "x"),
    out_of("x/to-y", A, lambda p: p == "x/a", FROM_Y, lambda t, proto: ns(t) == "y"),
)


def may(rules, source, target, proto):
    for subject, peer, ingress in ((source, target, False), (target, source, True)):
        isolating = [r for r in rules if r.ingress == ingress and r.isolates(subject)]
        if isolating and not any(r.allows(peer, proto) for r in isolating):
            return False
    return True


def cells():
    for target in TARGETS:
        for proto in ("udp", "tcp"):
            for family in FAMILIES:
                yield target, proto, address(target, family), PORT
                yield target, proto, vip(target, family), 1000 + PORT


CELLS = tuple(cells())


def version(rule, on):
    """A policy that is off selects nobody: a removed file would be believed a while later."""
    if on:
        return rule.object
    spec = rule.object["spec"] | {"podSelector": labelled(nobody="here")}
    return rule.object | {"spec": spec}


class Hammers:
    """One process per source, asking in turn; what came of it as (ns, source, cell, answered)."""

    def __init__(self, lab):
        question = "".join(f"{proto} {addr} {port}\n" for _, proto, addr, port in CELLS)
        self.running = {}
        for source in SOURCES:
            process = lab.popen(host(source), BUILD / "net/reach", "hammer", ANSWER_MS,
                                stdin=subprocess.PIPE,
                                stdout=open(lab.folder / f"hammer-{host(source)}", "w+",
                                            encoding="ascii"))
            process.stdin.write(question + "\n")
            process.stdin.flush()
            self.running[source] = process
        self.folder = lab.folder

    def end(self):
        for source, process in self.running.items():
            process.stdin.close()
            assert process.wait(30) == 0, source
            for line in open(self.folder / f"hammer-{host(source)}", encoding="ascii"):
                at, cell, answered = map(int, line.split())
                yield at, source, CELLS[cell], bool(answered)


def isolated(rules, pod):
    return any(rule.isolates(pod) for rule in rules)


def is_first_isolated(states, source, target):
    """A datagram's answer that is under way then is judged by itself (headgate.policy(7))."""
    return any(isolated(after, pod) and not isolated(before, pod)
               for before, after in zip(states, states[1:]) for pod in (source, target))


def judge(asked, history):
    """Sentences about every answer that no policy in force around it explains."""
    begins = [begun for begun, _, _ in history]
    for at, source, (target, proto, addr, port), answered in asked:
        if source == target:
            continue
        first = max(bisect.bisect_right(begins, at) - 1, 0)
        # The one before may still be in force until this one is known to be.
        while first > 0 and history[first][1] > at:
            first -= 1
        last = bisect.bisect_right(begins, at + LATENCY_NS)
        states = [rules for _, _, rules in history[first:last]]
        verdicts = {may(rules, source, target, proto) for rules in states}
        if not answered and proto == "udp" and is_first_isolated(states, source, target):
            continue
        if verdicts == {not answered}:
            names = [r.object["metadata"]["name"] for r in history[first][2]]
            yield answered, (f"{source} → {target} {proto} {addr} port {port} was "
                             f"{'answered' if answered else 'not answered'} under {names}")


def test_a_thousand_changes_leak_nothing_and_lose_nothing(cluster):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    cluster.apply([version(rule, False) for rule in POOL])
    history = [(0, 0, ())]
    hammers = Hammers(cluster.lab)
    rules = ()
    for _ in range(CHANGES):
        one = chance.choice(POOL)
        rules = tuple(r for r in rules if r != one) if one in rules else rules + (one,)
        begun = time.monotonic_ns()
        cluster.apply([version(rule, rule in rules) for rule in POOL])
        history.append((begun, time.monotonic_ns(), rules))
    time.sleep(0.3)
    asked = list(hammers.end())
    wrong = list(judge(asked, history))
    leaks = [text for answered, text in wrong if answered]
    lost = [text for answered, text in wrong if not answered]
    assert len(asked) > 10 * CHANGES, f"seed {seed}: only {len(asked)} questions"
    assert not leaks, f"seed {seed}: {len(leaks)} of {len(asked)} leaked:\n" + \
        "\n".join(leaks[:10])
    assert not lost, f"seed {seed}: {len(lost)} of {len(asked)} lost:\n" + "\n".join(lost[:10])


def reached(cluster):
    """Who reaches whom, of SOURCES and CELLS: {(source, cell), …} that were answered."""
    targets = [(pod, port, None, proto, addr, port) for pod, proto, addr, port in CELLS]
    return {(source, cell) for source, answers in cluster._ask(SOURCES, targets).items()
            for cell, answer in zip(CELLS, answers) if answer == cell[0]}


def allowed(rules):
    return {(source, cell) for source in SOURCES for cell in CELLS
            if source == cell[0] or may(rules, source, cell[0], cell[1])}


def wait_table(cluster, *tables):
    """Which of the tables the network shows; a busy machine may leave some unanswered once."""
    for _ in range(4):
        found = reached(cluster)
        if found in tables:
            break
    assert found in tables, "\n".join(
        f"against table {i}: leaks {sorted(found - table)}, lost {sorted(table - found)}"
        for i, table in enumerate(tables))
    return tables.index(found)


def test_a_daemon_killed_amid_a_change_leaves_one_policy_whole(cluster):
    """
    Many policies change at once, and the daemon is killed while it takes them in: all of the
    old ones are in force or all of the new ones, while it is gone and until it is back.
    """
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    rules, found = (), []
    cluster.apply([])
    cluster.write("pool", [version(rule, False) for rule in POOL])
    cluster.settle()
    for _ in range(KILLS):
        old, rules = rules, tuple(rule for rule in POOL if chance.random() < 0.5)
        cluster.write("pool", [version(rule, rule in rules) for rule in POOL])
        time.sleep(max(0, chance.uniform(-KILL_MOST_S, KILL_MOST_S)))
        cluster.gate.stop(signal.SIGKILL)
        found.append(wait_table(cluster, allowed(old), allowed(rules)))
        cluster.gate.start(*cluster.gate.options)
        cluster.settle()
        wait_table(cluster, allowed(rules))
    print(f"in force at the kill: {found.count(0)} times the old ones, {found.count(1)} the new")


def test_a_restart_on_what_cannot_be_read_opens_nothing(cluster):
    """A file that does not parse, an invalid pod, no file at all: who was isolated stays so."""
    deny = POOL[0]
    cluster.gate.write("pool", [deny.object])
    cluster.settle()
    closed = allowed((deny,))
    wait_table(cluster, closed)
    folder = cluster.lab.manifests
    whole = {path.name: path.read_text() for path in folder.iterdir()}

    def restart(**files):
        cluster.gate.stop(signal.SIGKILL)
        for name, text in files.items():
            (folder / f"{name}.json").write_text(text)
        cluster.gate.start(*cluster.gate.options)
        time.sleep(0.5) # longer than the daemon takes to get anything wrong
        wait_table(cluster, closed)

    restart(pool="{ broken")
    policy = cluster.gate.json("status")["policy"]
    assert policy["held"] and 0 < policy["podsIsolated"] < policy["podsHere"], policy
    restart(pool=whole["pool.json"],
            pods=whole["pods.json"].replace("serve-80-tcp", "serve-80-tcp-much-too-long"))
    status = cluster.gate.json("status")
    assert "policies of the daemon before stay" in \
        cluster.gate.command("status").stdout.replace("\n", " ").lower().replace("network", "")
    assert {"error", "held"} <= {c["level"] for c in status["complaints"]} | \
        {c["cause"] for c in status["complaints"]}
    count = status["policy"]["addressesHeldIsolated"]
    assert status["policy"]["held"] and count >= 2, status["policy"]
    assert f"the daemon before's are held, {count} addresses isolated" in \
        cluster.gate.command("status").stdout
    shown = cluster.gate.command("policy", "show", "/".join(
        deny.object["metadata"][word] for word in ("namespace", "name"))).stdout
    assert "In force    what the daemon before had in force, because of" in shown
    cluster.gate.stop(signal.SIGKILL)
    for path in folder.iterdir():
        path.unlink()
    cluster.gate.start(*cluster.gate.options)
    time.sleep(0.5)
    direct = {(source, cell) for source, cell in closed if cell[2] == address(cell[0], V4)
              or cell[2] == address(cell[0], V6)}
    assert {found for found in reached(cluster) if found[1][3] == PORT} == direct
    for name, text in whole.items():
        (folder / name).write_text(text)
    cluster.settle()
    wait_table(cluster, closed)
