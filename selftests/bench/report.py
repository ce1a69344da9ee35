#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
What the parts of the bench measured, for people and for programs: tables, goals, JSON and
a chart. Rows are JSON lines as measure.c prints them; see headgate-bench(7).

    report.py [--json FILE] [--svg FILE] ROWS…
    report.py --compare BASE_ROWS ROWS
"""
import argparse
import json
import os
import subprocess
import sys

import goals

COLUMNS = ("scenario", "variant", "services", "flows", "cores", "unit")


def read_rows(paths):
    """All rows; of rows that were measured several times, the best."""
    best = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                key = key_of(row)
                if key not in best or goals.is_better(row, best[key]):
                    best[key] = row
    return list(best.values())


def key_of(row):
    return (row["part"],) + tuple(row.get(column) for column in COLUMNS)


def number(value):
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.1f}" if abs(value) >= 10 \
        else f"{value:.2f}"


def print_table(header, rows):
    widths = [max(len(str(row[i])) for row in [header] + rows) for i in range(len(header))]
    for row in [header] + rows:
        print("  ".join(str(cell).ljust(width) if i == 0 or not is_number(cell)
                        else str(cell).rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())


def is_number(cell):
    return str(cell)[:1].isdigit() or str(cell)[:1] == "-"


def yardsticks(rows):
    """(scenario, services, flows) → {variant: row} of program runs."""
    table = {}
    for row in rows:
        if row["part"] == "programs":
            place = (row["scenario"], row["services"], row["flows"])
            table.setdefault(place, {})[row["variant"]] = row
    return table


def line_of(table, place):
    """The yardstick `line` on the same packets; else on its protocol's established flows."""
    if "line" in table[place]:
        return table[place]["line"]["min"]
    scenario, services, flows = place
    family = "v6" if "-v6" in scenario else "v4"
    protocol = "udp" if scenario.startswith("udp") else "tcp"
    hit = table.get((f"{protocol}-{family}-lru-hit", services, flows), {})
    return hit["line"]["min"] if "line" in hit else None


def print_programs(rows):
    table = yardsticks(rows)
    lines = []
    for place, variants in table.items():
        if "headgate" not in variants:
            continue
        row, line = variants["headgate"], line_of(table, place)
        row["x_line"] = round(row["min"] / line, 2) if line else None
        goal, verdict = goals.judge(row, rows)
        lines.append([place[0], number(place[1]), number(place[2]), number(row["min"]),
                      number(row["median"]), number(row["p99"])] +
                     [number(variants[name]["min"]) if name in variants else "-"
                      for name in ("floor", "line", "hash")] +
                     [number(row["x_line"]) or "-", goal, verdict])
    if lines:
        print("\nProgram runs: ns per packet, harness subtracted; floor, line, hash: yardsticks"
              " on the same packets")
        print_table(["SCENARIO", "SERVICES", "FLOWS", "MIN", "MEDIAN", "P99", "FLOOR", "LINE",
                     "HASH", "X LINE", "GOAL", ""], lines)


# In the JSON only: the same figures as others, seen from elsewhere.
DERIVED = ("ns/packet less generator",)
TITLES = {
    "frames": "Live frames: real frames through veth pairs, NIC to NIC",
    "sockets": "Sockets: real clients and servers in the lab",
    "control": "Control: the daemon, from manifests to maps",
}


def print_part(part, rows):
    own = [row for row in rows if row["part"] == part and row["unit"] not in DERIVED]
    columns = [column for column in COLUMNS if any(column in row for row in own)]
    lines = []
    for row in own:
        goal, verdict = goals.judge(row, rows)
        lines.append([number(row.get(column)) if not isinstance(row.get(column), str)
                      else row[column] for column in columns] +
                     [number(row[name]) for name in ("min", "median", "p99")] +
                     [goal, verdict])
    if lines:
        print(f"\n{TITLES[part]}")
        print_table([column.upper() for column in columns] +
                    ["MIN", "MEDIAN", "P99", "GOAL", ""], lines)


def machine():
    def read(path):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            return ""

    model = [line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo").splitlines()
             if line.startswith("model name")]
    folder = "/sys/devices/system/cpu/vulnerabilities"
    return {
        "cpu": model[0] if model else "unknown",
        "cpus": os.cpu_count(),
        "kernel": os.uname().release,
        "returns": read(f"{folder}/spec_rstack_overflow") or "unknown",
        "branches": read(f"{folder}/spectre_v2") or "unknown",
    }


def revision():
    run = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                         text=True, check=False)
    return run.stdout.strip() or "unknown"


def write_json(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"schema": 1, "revision": revision(), "machine": machine(), "rows": rows},
                  file, indent=1)
        file.write("\n")


def compare(base_path, path):
    base = {key_of(row): row for row in read_rows([base_path])}
    lines = []
    for row in read_rows([path]):
        old = base.get(key_of(row))
        if old is None or row["variant"] not in ("headgate", "line"):
            continue
        lines.append([row["scenario"], row["variant"], number(row.get("services")),
                      number(row.get("flows")), number(old["min"]), number(row["min"]),
                      f"{row['min'] / old['min']:.2f}" if old["min"] > 0 else "-"])
    if not lines:
        sys.exit("report: the two revisions have no scenario in common")
    print("Minima of interleaved runs, ns per packet; a ratio below 1 is faster than BASE.\n"
          "line is the same program on both sides: how far its ratio is from 1 is the noise.")
    print_table(["SCENARIO", "VARIANT", "SERVICES", "FLOWS", "BASE", "NOW", "RATIO"], lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--svg", metavar="FILE")
    parser.add_argument("--compare", metavar="BASE_ROWS")
    parser.add_argument("rows", nargs="+")
    options = parser.parse_args()
    if options.compare:
        compare(options.compare, options.rows[0])
        return
    rows = read_rows(options.rows)
    if not rows:
        sys.exit("report: no rows were measured")
    print_programs(rows)
    for part in TITLES:
        print_part(part, rows)
    if options.json:
        write_json(options.json, rows)
    if options.svg:
        import chart
        chart.draw(rows, options.svg, f"Headgate {revision()} on {machine()['cpu']}, "
                   f"Linux {machine()['kernel']}")


main()
