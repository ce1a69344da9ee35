# SPDX-License-Identifier: BSD-2-Clause
"""
Network tests: real sockets through real XDP, in a lab of namespaces (topology.py draws
it). One lab per file; tests of a file share a daemon while they can.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from lab import SMALL, Gate, Lab, name_of  # noqa: E402
from policies import Cluster  # noqa: E402


@pytest.fixture(scope="module")
def lab(request):
    made = Lab(name_of(request.path.stem), getattr(request.module, "LAB_PODS", 2))
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def usual_ports(lab):
    """The client chooses among Linux's usual 28,232 ports, as the pods do."""
    name = "net.ipv4.ip_local_port_range"
    before = lab.run("client", "sysctl", "-n", name).split()
    lab.run("client", "sysctl", "-qw", f"{name}=32768 60999")
    yield
    lab.run("client", "sysctl", "-qw", f"{name}={' '.join(before)}")


@pytest.fixture(scope="module")
def cluster(lab):
    """Nine pods under policies; a module that wants it says LAB_PODS = 9."""
    made = Cluster(lab)
    try:
        made.start(*SMALL)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def shared_gate(lab):
    made = Gate(lab)
    yield made
    made.clear()


@pytest.fixture
def gate(shared_gate):
    """headgated without manifests; a test that fails leaves nothing to the next."""
    try:
        shared_gate.reset()
    except Exception:
        shared_gate.clear()
        raise
    yield shared_gate
    if not shared_gate.is_running():
        shared_gate.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the daemon's log."""
    outcome = yield
    report = outcome.get_result()
    made = item.funcargs.get("gate") if hasattr(item, "funcargs") else None
    if report.failed and made is not None and made.log.exists():
        report.sections.append(("headgated", made.log.read_text()[-3000:]))
        if report.when == "call":
            made.clear()
