# SPDX-License-Identifier: BSD-2-Clause
"""
A case that fails made small: whatever can be left out while it still fails is left out. A
case is a list of Steps, of which the last one is asked one question.
"""
import copy
import json
import time

from policy import title

# Without these an object means something else, or nothing.
NEEDED = {"cidr", "key", "operator", "containerPort", "ip", "name", "containers"}
SECONDS = 40


def shrink(steps, fails):
    """The smallest case that greedy removal finds; fails(steps) says whether one fails."""
    deadline = time.monotonic() + SECONDS

    def still_fails(candidate):
        return time.monotonic() < deadline and fails(candidate)

    before = None
    while before is not steps:
        before = steps
        for lessen in (fewer_steps, fewer_questions, fewer_objects, fewer_parts):
            steps = lessen(steps, still_fails)
    return steps


def fewer(steps, items, without, fails):
    """Leave out chunks of items, halves first and single ones last, while it fails."""
    size = len(items)
    while size:
        at = 0
        while at < len(items):
            candidate = without(steps, items[at:at + size])
            if fails(candidate):
                steps, items = candidate, items[:at] + items[at + size:]
            else:
                at += size
        size //= 2
    return steps


def fewer_steps(steps, fails):
    for chosen in [step for step in steps if step.restart]:
        candidate = [changed(step, restart=step.restart and step is not chosen)
                     for step in steps]
        steps = candidate if fails(candidate) else steps
    return fewer(steps, steps[:-1],
                 lambda all_, gone: [step for step in all_ if step not in gone], fails)


def fewer_questions(steps, fails):
    def without(all_, gone):
        left = [question for question in all_[-1].questions if question not in gone]
        return [*all_[:-1], changed(all_[-1], questions=left)]
    return fewer(steps, steps[-1].questions, without, fails)


def fewer_objects(steps, fails):
    """Objects of all steps, then of single ones; and what is wanted."""
    steps = fewer(steps, sorted({name_of(entry) for step in steps for entry in step.objects}),
                  lambda all_, gone: [without_names(step, gone) for step in all_], fails)
    for at, step in enumerate(steps):
        steps = fewer(steps, [name_of(entry) for entry in step.objects],
                      lambda all_, gone, at_=at: [
                          without_names(one, gone) if index == at_ else one
                          for index, one in enumerate(all_)], fails)
    return fewer(steps, sorted({text for step in steps for text in step.wanted}),
                 lambda all_, gone: [
                     changed(step, wanted=[text for text in step.wanted if text not in gone])
                     for step in all_], fails)


def fewer_parts(steps, fails):
    """Parts of objects: out of the same object in all steps, then out of one."""
    at = 0
    while True:
        found = [(index, entry, path) for index, step in enumerate(steps)
                 for entry in step.objects for path in paths(entry)]
        if at >= len(found):
            return steps
        index, entry, path = found[at]
        everywhere = [replaced(step, entry, path) for step in steps]
        here = [*steps[:index], everywhere[index], *steps[index + 1:]]
        smaller = next((one for one in (everywhere, here) if fails(one)), None)
        steps, at = (smaller, at) if smaller else (steps, at + 1)


def changed(step, **values):
    step = copy.copy(step)
    vars(step).update(values)
    return step


def name_of(entry):
    return entry["kind"], title(entry)


def without_names(step, names):
    return changed(step, objects=[entry for entry in step.objects
                                  if name_of(entry) not in names])


def replaced(step, chosen, path):
    return changed(step, objects=[without(entry, path) if entry == chosen else entry
                                  for entry in step.objects])


def paths(entry):
    """Ways to the parts of an object that it can do without."""
    for section in ("labels", "annotations"):
        if section in entry["metadata"]:
            yield ("metadata", section)
        for key in entry["metadata"].get(section) or {}:
            yield ("metadata", section, key)
    for section in ("spec", "status"):
        yield from parts(entry.get(section) or {}, (section,))


def parts(value, path):
    keys = list(value) if isinstance(value, dict) else \
        range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        if key not in NEEDED:
            yield (*path, key)
        yield from parts(value[key], (*path, key))


def without(entry, path):
    entry = copy.deepcopy(entry)
    place = entry
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return entry


# ---- what is printed ----

def yaml(value, indent=""):
    """Lines of block YAML. Scalars and empty collections are JSON, which YAML contains."""
    if not isinstance(value, (dict, list)) or not value:
        return [indent + scalar(value)]
    lines = []
    for key in value if isinstance(value, dict) else range(len(value)):
        inner = yaml(value[key], indent + "  ")
        mark = f"{key}:" if isinstance(value, dict) else "-"
        if mark == "-" or not isinstance(value[key], (dict, list)) or not value[key]:
            lines += [f"{indent}{mark} {inner[0].strip()}", *inner[1:]]
        else:
            lines += [f"{indent}{mark}", *inner]
    return lines


def scalar(value):
    plain = isinstance(value, str) and value.replace("-", "").replace("/", "").isalpha()
    if plain and value not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
        return value
    return json.dumps(value)


def printed(steps):
    for number, step in enumerate(steps, 1):
        yield f"# step {number} of {len(steps)}: node {step.node}, mode {step.mode}, " \
            f"wanted {' '.join(step.wanted) or 'nothing'}" \
            f"{', after a restart' if step.restart else ''}"
        for entry in step.objects:
            yield from ("---", *yaml(entry))
