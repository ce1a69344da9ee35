#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The compiled policy against its naive twin (policy.py), on random clusters, changes and
packets: results as TAP. A disagreement is shrunk and printed as manifests, with the packet
and both answers; --seed repeats a run, and its cluster alone with --only.
"""
import argparse
import collections
import copy
import itertools
import multiprocessing
import os
import random
import sys

import change
import clusters
import command
import packets
import policy
import runner
import shrink
import truth
from properties import PROPERTIES

BATCH = 20  # clusters per process of the program that is asked
SHOWN = 3  # disagreements that are shrunk, per test


# ---- cases: Steps with questions, from a seed ----

def step_of(world, count, restart=False):
    places = packets.Places(world.objects)
    return runner.Step(world, packets.draw(world.rng, places, count), restart)


def cluster_case(seed, count):
    return [step_of(clusters.cluster(seed), count)]


def change_case(seed, count):
    """Changes one after the other, at times with a restart between; some go on for long."""
    worlds = [clusters.cluster(seed)]
    length = worlds[0].rng.choices((3, 6, 30), (80, 15, 5))[0]
    for number in range(length):
        worlds.append(change.changed(worlds[-1], f"{seed}/{number}"))
    return [step_of(world, count, world is not worlds[0] and world.chance(0.15))
            for world in worlds]


# ---- what the twin says ----

def expected(steps):
    """Answers for each step, as the program words them."""
    force = []
    for step in steps:
        force = change.in_force(force, step.objects)
        cluster = policy.Cluster(force, steps[0].node, steps[0].mode, step.wanted)
        yield [tuple(map(str, policy.verdicts(cluster, question)))
               for question in step.questions]


def disagreement(steps, given):
    """Steps up to the first wrong answer, with that question only; None: all agree."""
    for index, (twin, said) in enumerate(zip(expected(steps), given)):
        if isinstance(said, str):
            return steps[:index + 1]
        for question, right, answer in zip(steps[index].questions, twin, said):
            if not all(map(agree, right, answer)):
                last = copy.copy(steps[index])
                last.questions = [question]
                return [*map(silent, steps[:index]), last]
    return None


def agree(twin, said):
    """While no policy selects any pod, nobody asks whether a packet is to its sender."""
    return twin == said or (twin, said) == ("self", "not isolated")


def silent(step):
    step = copy.copy(step)
    step.questions = []
    return step


def fails(steps):
    try:
        return disagreement(steps, runner.ask([steps])[0]) is not None
    except (KeyError, TypeError, ValueError):  # no object any more
        return False


# ---- reports ----

def report(seed, steps):
    """The lines that tell a disagreement."""
    steps = shrink.shrink(steps, fails)
    twin, said = list(expected(steps))[-1], runner.ask([steps])[0][-1]
    lines = [f"cluster {seed}", *shrink.printed(steps)]
    if isinstance(said, str):
        asked = (f"# watched: {' '.join(map(str, question))}"
                 for question in steps[-1].questions[:runner.WATCHED])
        return [*lines, *asked, f"# said: {said}"]
    for question, right, answer in zip(steps[-1].questions, twin, said):
        lines.append(f"# packet: {' '.join(map(str, question))}")
        for direction, one, other in zip(("egress", "ingress"), right, answer):
            mark = "" if agree(one, other) else "   <--"
            lines += [f"# {direction}: twin: {one}", f"# {direction}: said: {other}{mark}"]
    return lines


def run_batch(job):
    """(seeds, make, count) → disagreements as (seed, steps), and counts of outcomes."""
    seeds, make, count = job
    cases = [make(seed, count) for seed in seeds]
    wrong, seen = [], collections.Counter()
    answers = runner.ask(cases)
    if any(isinstance(said, str) for given in answers for said in given):
        answers = [runner.ask([steps])[0] for steps in cases]  # which one it died of
    for seed, steps, given in zip(seeds, cases, answers):
        found = disagreement(steps, given)
        if found:
            wrong.append((seed, found))
        seen.update(text.split(",")[0].split(" by ")[0]
                    for pairs in given if not isinstance(pairs, str)
                    for pair in pairs for text in pair)
    return wrong, seen


def batches(seeds):
    seeds = iter(seeds)
    while batch := list(itertools.islice(seeds, BATCH)):
        yield batch


def compare(pool, seeds, make, count):
    """A test: the lines that tell what is wrong, none when nothing is."""
    wrong, seen = [], collections.Counter()
    jobs = [(batch, make, count) for batch in batches(seeds)]
    for found, outcomes in pool.imap(run_batch, jobs):
        wrong += found
        seen += outcomes
    comment(f"{len(seeds)} cases, {sum(seen.values()) // 2} packets; verdicts: "
            + ", ".join(f"{number} {what}" for what, number in seen.most_common()))
    lines = [line for seed, steps in wrong[:SHOWN] for line in report(seed, steps)]
    return lines + ([f"{len(wrong)} clusters disagree"] if wrong else [])


def holds(seed, make_change, relation, count):
    """A property on one cluster: None, or the lines that tell how it fails."""
    before = clusters.cluster(seed)
    after = copy.copy(before)
    after.objects = copy.deepcopy(before.objects)
    make_change(after)
    first = step_of(before, count)
    second = runner.Step(after, first.questions)
    given = runner.ask([[first], [second]])
    said = given[0][0], given[1][0]
    if any(isinstance(pairs, str) for pairs in said):
        return [f"cluster {seed}", *map(str, said)]
    for question, old, new in zip(first.questions, *said):
        for direction, one, other in zip(("egress", "ingress"), old, new):
            if not relation(permits(one), permits(other)):
                return [f"cluster {seed}: {' '.join(map(str, question))}: {direction}: "
                        f"before: {one}; after: {other}"]
    return None


def truth_tables():
    """The tables written by hand: the twin's own answers, and the program's."""
    tables = [truth.Table(row) for row in truth.ROWS]
    cases = [[runner.Step(table, table.questions)] for table in tables]
    lines = []
    for table, steps, given in zip(tables, cases, runner.ask(cases)):
        lines += (f"twin: {fault}"
                  for fault in table.faults(list(expected(steps))[0], permits))
        if isinstance(given[0], str):
            return [*lines, given[0]]
        lines += (
            f"said: {fault}" for fault in table.faults(given[0], permits))
    return lines


def permits(text):
    return not text.startswith("denied")


# ---- the tests ----

def comment(text):
    print(f"# {text}", flush=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default=os.environ.get("ORACLE_SEED"))
    parser.add_argument("--only", help="one cluster, as a report names it")
    parser.add_argument("--clusters", type=int, default=600)
    parser.add_argument("--packets", type=int, default=400, help="per cluster")
    parser.add_argument("--changes", type=int, default=200, help="sequences of changes")
    parser.add_argument("--asked", type=int, default=100, help="clusters for the command")
    parser.add_argument("--properties", type=int, default=40, help="clusters per property")
    return parser.parse_args()


def tests(pool, chosen):
    """(name, function that returns the lines that tell what is wrong)"""
    seed = chosen.seed
    several = [f"{seed}/{number}" for number in range(chosen.clusters)]
    changes = [f"{seed}/change/{number}" for number in range(chosen.changes)]
    yield "truth_tables_hold", truth_tables
    yield "compiled_policy_agrees_with_its_twin", lambda: compare(
        pool, several, cluster_case, chosen.packets)
    yield "changes_end_where_a_fresh_start_would", lambda: compare(
        pool, changes, change_case, chosen.packets // 4)
    if chosen.asked:
        yield "headgate_policy_test_agrees_with_the_twin", lambda: command.compare(
            several[:chosen.asked], chosen.packets // 40)
    for name, make_change, relation in PROPERTIES if chosen.properties else ():
        yield name, lambda change_=make_change, relation_=relation: [
            line for number in range(chosen.properties)
            for line in holds(f"{seed}/{number}", change_, relation_, 100) or ()]


def only(seed):
    """A single cluster, again."""
    make = change_case if "/change/" in seed else cluster_case
    wrong, _ = run_batch(([seed], make, 100 if make is change_case else 400))
    print("\n".join(report(*wrong[0])) if wrong else "all agree")
    return 1 if wrong else 0


def main():
    chosen = options()
    if chosen.only:
        return only(chosen.only)
    chosen.seed = chosen.seed or str(random.SystemRandom().randrange(1 << 32))
    comment(f"seed {chosen.seed} (ORACLE_SEED or --seed)")
    failed = 0
    with multiprocessing.Pool(2) as pool:
        todo = list(tests(pool, chosen))
        print(f"1..{len(todo)}", flush=True)
        for number, (name, run) in enumerate(todo, 1):
            lines = run()
            failed += bool(lines)
            print("\n".join(lines + [f"{'not ' if lines else ''}ok {number} - {name}"]),
                  flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
