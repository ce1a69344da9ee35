# SPDX-License-Identifier: BSD-2-Clause
"""The chart: one panel of program runs by number of flows, one per live part."""
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend is chosen first

COLOURS = {"headgate": "#1f6feb", "floor": "#d0d7de", "line": "#8c959f", "hash": "#57606a",
           "nftables": "#cf222e", "bare": "#8c959f", "generator": "#d0d7de"}
SHADES = ("#9ec5fe", "#3d8bfd", "#0a58ca", "#052c65")
SCENARIOS = ("tcp-v4-lru-hit", "tcp-v4-reply", "tcp-v6-lru-hit", "udp-v4-lru-hit")
OPENING = ("tcp-v4-syn", "tcp-v4-proof", "tcp-v6-syn", "udp-v4-lru-miss")


def bars(axes, groups, variants, value, label):
    """groups: names on the axis; value(group, variant) → number or None."""
    width = 0.8 / len(variants)
    for i, variant in enumerate(variants):
        places = [place + (i - (len(variants) - 1) / 2) * width
                  for place in range(len(groups))]
        heights = [value(group, variant) or 0 for group in groups]
        drawn = axes.bar(places, heights, width, label=variant,
                         color=COLOURS.get(variant, "#1f6feb"))
        axes.bar_label(drawn, [f"{h:,.0f}" if h else "" for h in heights], fontsize=7,
                       padding=1)
    axes.set_xticks(range(len(groups)), groups, fontsize=6.5)
    axes.set_ylabel(label)
    finish(axes)


def finish(axes):
    """The legend above, where no bar can meet it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower right",
                bbox_to_anchor=(1, 1))


def plural(count, word):
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def programs(rows):
    """{(scenario, flows, variant): ns} with one Service."""
    return {(row["scenario"], row["flows"], row["variant"]): row["min"] for row in rows
            if row["part"] == "programs" and row["services"] == 1}


def draw_hits(axes, table):
    flows = sorted({key[1] for key in table if key[0] in SCENARIOS})
    groups = [(name, count) for name in SCENARIOS for count in flows
              if (name, count, "headgate") in table]
    labels = {f"{name}\n{plural(count, 'flow')}": (name, count) for name, count in groups}
    bars(axes, list(labels), ("floor", "line", "hash", "headgate"),
         lambda label, variant: table.get((*labels[label], variant)), "ns per packet")
    axes.set_title("Established flows: Headgate against yardsticks", fontsize=10, loc="left")


def draw_opening(axes, table):
    flows = sorted({key[1] for key in table if key[0] in OPENING})
    names = [name for name in OPENING if any((name, count, "headgate") in table
                                             for count in flows)]
    width = 0.8 / max(len(flows), 1)
    for i, count in enumerate(flows):
        heights = [table.get((name, count, "headgate"), 0) for name in names]
        drawn = axes.bar([place + (i - (len(flows) - 1) / 2) * width
                          for place in range(len(names))], heights, width,
                         color=SHADES[i % len(SHADES)],
                         label=f"beside {plural(count, 'flow')}")
        axes.bar_label(drawn, [f"{h:,.0f}" for h in heights], fontsize=7, padding=1)
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set_ylabel("ns per packet")
    finish(axes)
    axes.set_title("New flows", fontsize=10, loc="left")


def draw_frames(axes, rows):
    own = [row for row in rows if row["part"] == "frames" and row["unit"] == "ns/packet" and
           row.get("cores", 1) == 1]
    counts = sorted({row["services"] for row in own if "services" in row})
    names = sorted({row["scenario"] for row in own})
    table = {}
    for row in own:
        for count in counts if "services" not in row else [row["services"]]:
            table[row["scenario"], count, row["variant"]] = row["min"]
    labels = {f"{name}\n{plural(count, 'Service')}": (name, count)
              for name in names for count in counts
              if (name, count, "headgate") in table}
    variants = [variant for variant in ("generator", "bare", "headgate", "nftables")
                if any(key[2] == variant for key in table)]
    bars(axes, list(labels), variants,
         lambda label, variant: table.get((*labels[label], variant)), "ns per packet")
    axes.set_title("Live frames, NIC to NIC, one core", fontsize=10, loc="left")


def draw(rows, path, title):
    table = programs(rows)
    panels = []
    if any(key[0] in SCENARIOS for key in table):
        panels.append(lambda axes: draw_hits(axes, table))
    if any(key[0] in OPENING for key in table):
        panels.append(lambda axes: draw_opening(axes, table))
    if any(row["part"] == "frames" for row in rows):
        panels.append(lambda axes: draw_frames(axes, rows))
    if not panels:
        return
    figure, axes = plt.subplots(len(panels), 1, figsize=(11, 3.6 * len(panels)),
                                squeeze=False)
    for panel, place in zip(panels, axes[:, 0]):
        panel(place)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    figure.tight_layout(rect=(0, 0, 1, 0.98))
    figure.savefig(path)
    plt.close(figure)
