# SPDX-License-Identifier: BSD-2-Clause
"""
What the bench is held against. A goal is a row: whom it is for, what it asks. Nothing
fails when one is missed: timing depends on the machine, ratios less so.
"""
import fnmatch

HIGHER_IS_BETTER = ("packets/s", "connections/s", "Gbit/s")

# Established flows: by number of flows, at most so many times the yardstick `line`, or ns.
HIT = {1: (3.0, 45), 1000: (2.5, 60), 65536: (1.6, 130), 1000000: (1.5, 250)}
MANY_SERVICES = 1.1  # × the same with one Service

# (part, scenario, ns at most)
PROGRAMS = (
    ("tcp-v?-syn", 450),
    ("tcp-v?-proof", 350),
    ("pass-*", 25),
)


def best_of(row):
    """The figure that counts: minima, or the most where more is better."""
    return row.get("max", row["p99"]) if row["unit"] in HIGHER_IS_BETTER else row["min"]


def is_better(row, other):
    if row["unit"] in HIGHER_IS_BETTER:
        return best_of(row) > best_of(other)
    return best_of(row) < best_of(other)


def judge(row, rows):
    """What was asked of this row, and "met", "missed" or "" when nothing was."""
    goal, met = judge_programs(row, rows) if row["part"] == "programs" else (None, None)
    if goal is None:
        return "", ""
    return goal, "met" if met else "missed"


def judge_programs(row, rows):
    scenario = row["scenario"]
    for pattern, most in PROGRAMS:
        if fnmatch.fnmatch(scenario, pattern):
            return f"<= {most} ns", row["min"] <= most
    if not scenario.endswith(("-lru-hit", "-reply")) or "hairpin" in scenario:
        return None, None
    if row["services"] > 1:
        one = find(rows, part="programs", scenario=scenario, variant="headgate",
                   services=1, flows=row["flows"])
        if not one or one["min"] <= 0:
            return None, None
        times = row["min"] / one["min"]
        return f"<= {MANY_SERVICES} x one Service ({times:.2f})", times <= MANY_SERVICES
    if row["flows"] not in HIT or row.get("x_line") is None:
        return None, None
    times, most = HIT[row["flows"]]
    return f"<= {times} x line or {most} ns", row["x_line"] <= times or row["min"] <= most


def find(rows, **wanted):
    for row in rows:
        if all(row.get(name) == value for name, value in wanted.items()):
            return row
    return None
