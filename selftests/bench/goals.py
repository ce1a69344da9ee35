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

# Scenario: ns at most, or as often `line` among 65,536 flows: a new flow's lines lie anywhere
# in the table, as those do. None: no yardstick.
PROGRAMS = (
    ("tcp-v?-syn", 450, 5.7),
    ("tcp-v?-proof", 350, 4.4),
    ("pass-*", 25, None),
)


# Control: scenario (a pattern), number of Services or None, at most, unit.
CONTROL = (
    ("first-programming", 10000, 2000),
    ("endpoint-change", 10000, 2),
    ("table maglev 65537 x 1000", None, 2),
    ("rss", 10000, 64),
    ("maps", 10000, 128),  # 96, and 32 for policies
    ("idle, *", 10000, 0.2),
    ("policies from nothing", None, 500),
    ("10000 blocks from nothing", None, 1000),
    ("label-change", None, 5),
    ("maps of policies", None, 32),
    ("*checks at 1/s, user", 1000, 20),
)

# Policies: a verdict in one direction, ns on top of the same new flow without; with few peers
# all is in the cache. The same flows, × those with one rule and ten pods, however much is
# installed. An established flow of an isolated pod, × one that is not.
VERDICT_WARM, VERDICT_COLD, VERDICT_BLOCKS_V6 = 60, 130, 200
FLAT, LEAST = 1.15, "1 rule, 10 pods"
ISOLATED = 1.05

FASTER = 4      # × the packets of nftables, of established flows
TWO_CORES = 1.8  # × the packets of one core


def best_of(row):
    """The figure that counts: minima, or the most where more is better."""
    return row.get("max", row["p99"]) if row["unit"] in HIGHER_IS_BETTER else row["min"]


def is_better(row, other):
    if row["unit"] in HIGHER_IS_BETTER:
        return best_of(row) > best_of(other)
    return best_of(row) < best_of(other)


def judge(row, rows):
    """What was asked of this row, and "met", "missed" or "" when nothing was."""
    judges = {"programs": judge_programs, "frames": judge_frames, "control": judge_control}
    goal, met = judges.get(row["part"], lambda *_: (None, None))(row, rows)
    if goal is None:
        return "", ""
    return goal, "met" if met else "missed"


def judge_policy(row, rows):
    """Rows that are called after their policies: "tcp-v4-syn, 500 rules, 10 pods"."""
    base, label = row["scenario"].split(", ", 1)
    if row["variant"] != "headgate" or base.endswith("-proof"):
        return None, None
    if base.endswith("-lru-hit"):
        plain = find(rows, part="programs", scenario=base, variant="headgate", services=1,
                     flows=row["flows"])
        if not plain:
            return None, None
        times = row["min"] / plain["min"]
        return f"<= {ISOLATED} x without policies ({times:.2f})", times <= ISOLATED
    plain = find(rows, part="programs", scenario=row["scenario"], variant="no policy")
    if not plain:
        return None, None
    is_warm = label.endswith((", 10 pods", ", 10 clients"))
    most = VERDICT_WARM if is_warm else VERDICT_COLD
    if "blocks" in label and "-v6" in base:
        most = VERDICT_BLOCKS_V6
    cost = row["min"] - plain["min"]
    goal, met = f"<= {most} ns more than without policies ({cost:.0f})", cost <= most
    least = find(rows, part="programs", scenario=f"{base}, {LEAST}", variant="headgate")
    bare = find(rows, part="programs", scenario=f"{base}, {LEAST}", variant="no policy")
    if not is_warm or label == LEAST or not least or not bare:
        return goal, met
    # Each by the same without policies at that moment: the machine's pace is not constant.
    times = (row["min"] / plain["min"]) / (least["min"] / bare["min"])
    return f"{goal}, <= {FLAT} x {LEAST} ({times:.2f})", met and times <= FLAT


def judge_programs(row, rows):
    scenario = row["scenario"]
    if ", " in scenario:
        return judge_policy(row, rows)
    for pattern, most, times in PROGRAMS:
        if fnmatch.fnmatch(scenario, pattern) and row["services"] == 1:
            return judge_opening(row, rows, most, times)
    if not fnmatch.fnmatch(scenario.removesuffix("-one"), "*-v?-lru-hit") and \
            not fnmatch.fnmatch(scenario.removesuffix("-one"), "*-v?-reply"):
        return None, None
    if row["services"] > 1:
        one = find(rows, part="programs", scenario=scenario.removesuffix("-one"),
                   variant="headgate", services=1, flows=row["flows"])
        if not one or one["min"] <= 0:
            return None, None
        times = row["min"] / one["min"]
        return f"<= {MANY_SERVICES} x one Service ({times:.2f})", times <= MANY_SERVICES
    if row["flows"] not in HIT or row.get("x_line") is None:
        return None, None
    times, most = HIT[row["flows"]]
    return f"<= {times} x line or {most} ns", row["x_line"] <= times or row["min"] <= most


def judge_opening(row, rows, most, times):
    hit = row["scenario"][:6] + "-lru-hit"
    line = times and find(rows, part="programs", scenario=hit, variant="line", services=1,
                          flows=65536)
    if not line:
        return f"<= {most} ns", row["min"] <= most
    return (f"<= {most} ns or {times} x line of 65,536 ({row['min'] / line['min']:.1f})",
            row["min"] <= most or row["min"] <= times * line["min"])


def judge_frames(row, rows):
    if row["variant"] != "headgate" or row["unit"] != "ns/packet":
        return None, None
    same = {name: row.get(name) for name in ("part", "scenario", "services", "unit")}
    if row.get("cores", 1) > 1:
        one = find(rows, **same, variant="headgate", cores=1)
        times = one["min"] / row["min"] if one else 0
        return f">= {TWO_CORES} x one core ({times:.2f})", times >= TWO_CORES
    rival = find(rows, **same, variant="nftables", cores=row.get("cores"))
    if not rival or "new" in row["scenario"]:
        return None, None
    times = rival["min"] / row["min"]
    return f">= {FASTER} x nftables ({times:.2f})", times >= FASTER


def judge_control(row, _rows):
    for pattern, services, most in CONTROL:
        if fnmatch.fnmatch(row["scenario"], pattern) and \
                services in (None, row.get("services")):
            return f"<= {most:,} {row['unit']}", row["min"] <= most
    return None, None


def find(rows, **wanted):
    for row in rows:
        if all(row.get(name) == value for name, value in wanted.items()):
            return row
    return None
