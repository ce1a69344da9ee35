#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Litmus tests of the protocols between CPUs: can what `exists` says happen?

    selftests/order/litmus.py [FILE…]     (default: every *.litmus beside it; TAP)

A test is in the kernel's litmus format (tools/memory-model), the part of it that language.py
knows; herd7 reads the same files. smp_mb() stands for order_loads() and order_stores() of
xdp/order.h. A line that ends in "/* or: … */" says what it would be without the order it
makes. Every execution is enumerated and checked against the models of models.py:

  - as the file stands, `exists` must be impossible in every model;
  - with any one such line weakened it must be possible on arm64 (so that the test cannot pass
    by accident, and no barrier is there for nothing), and still impossible on x86-64, where
    the functions of xdp/order.h compile to nothing.
"""
import sys
from pathlib import Path

from known import KNOWN
from models import ARM64, MODELS, X86_64, possible
from language import parse, weaken, weak_lines


class Tap:
    """Results, one a line."""

    def __init__(self):
        self.count = self.failed = 0

    def say(self, good, what):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}", flush=True)


def check_known(tap, text, expected):
    """The models give the answers that are in every book."""
    found = ", ".join(model.name for model in possible(parse(text), MODELS))
    tap.say(found == expected, f"{text.split()[1]} is possible on: {found or 'no model'}")


def check_as_it_stands(tap, name, text):
    found = possible(parse(text), MODELS)
    for model in MODELS:
        tap.say(model not in found, f"{name}: never on {model.name}")


def check_weakened(tap, name, text):
    for number in weak_lines(text):
        line = text.splitlines()[number]
        what = line.split("/* or:")[0].strip()
        test = parse(weaken(text, number))
        found = possible(test, [*ARM64, X86_64])
        for model in ARM64:
            tap.say(model in found, f"{name}: needed on {model.name}: {what} (line "
                                    f"{number + 1})")
        tap.say(X86_64 not in found, f"{name}: not needed on {X86_64.name}: {what} (line "
                                     f"{number + 1})")


def main():
    here = Path(__file__).resolve().parent
    files = [Path(name) for name in sys.argv[1:]] or sorted(here.glob("*.litmus"))
    tap = Tap()
    for text, expected in KNOWN:
        check_known(tap, text, expected)
    for file in files:
        text = file.read_text()
        check_as_it_stands(tap, file.stem, text)
        check_weakened(tap, file.stem, text)
    print(f"1..{tap.count}")
    return tap.failed != 0


if __name__ == "__main__":
    sys.exit(main())
