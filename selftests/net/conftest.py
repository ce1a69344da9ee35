# SPDX-License-Identifier: BSD-2-Clause
"""
Network tests: real sockets through real XDP, in a lab of namespaces (topology.py draws
it). One lab per file, one daemon with pins of its own per test.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from lab import Gate, Lab, name_of  # noqa: E402


@pytest.fixture(scope="module")
def lab(request):
    made = Lab(name_of(request.path.stem))
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture
def gate(lab):
    """headgated, not started yet; what it leaves is removed after the test."""
    made = Gate(lab)
    try:
        yield made
    finally:
        if made.process and made.process.poll() is None:
            made.stop()
        made.uninstall()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the daemon's log."""
    outcome = yield
    report = outcome.get_result()
    made = item.funcargs.get("gate") if hasattr(item, "funcargs") else None
    if report.failed and made is not None and made.log.exists():
        report.sections.append(("headgated", made.log.read_text()[-3000:]))
