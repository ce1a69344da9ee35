# SPDX-License-Identifier: BSD-2-Clause
"""pytest's junit file as lines "passed NAME", "failed NAME", "skipped NAME: why"."""
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    name = f"net/{case.get('classname', '').split('.')[-1]}: {case.get('name')}"
    skipped = case.find("skipped")
    if skipped is not None:
        return f"skipped {name}: {skipped.get('message', '')}"
    bad = case.find("failure") is not None or case.find("error") is not None
    return f"{'failed' if bad else 'passed'} {name}"


for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
    print(outcome(case))
