# SPDX-License-Identifier: BSD-2-Clause
"""
The lab from Python: a lab of one's own, its hosts, and headgated in its balancer. tools/lab
does the work; names derive from the test, so that several runs live side by side.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from manifest import as_list
from topology import ADDRESS

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
CLONE_NEWNET = 0x40000000
# Small maps start faster; a thousand connections still fit several times.
SMALL = ("--flows", "16384", "--slots", "262144", "--backends", "4096", "--services", "1024")
libc = ctypes.CDLL(None, use_errno=True)


def wait_for(condition, what, seconds=10):
    """Poll until condition() is true and return what it returned; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class Lab:
    def __init__(self, name, pods=2):
        self.name = name
        self.pods = pods
        self.folder = pathlib.Path("/run") / name
        self.manifests = self.folder / "manifests"

    def _command(self, verb, *arguments):
        return [str(ROOT / "tools/lab"), verb, "--name", self.name, *map(str, arguments)]

    def up(self):
        subprocess.run(self._command("up", "--pods", self.pods), check=True, stdin=subprocess.DEVNULL)

    def down(self):
        subprocess.run(self._command("down"), check=True, stdin=subprocess.DEVNULL)

    def stop_web(self, host):
        subprocess.run([str(ROOT / "tools/lab"), "stop-web", "--name", self.name, host],
                       check=True, stdin=subprocess.DEVNULL)

    def popen(self, host, *command, **options):
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name}-{host}",
                                 *map(str, command)], text=True, **options)

    def run(self, host, *command, check=True, timeout=60):
        """Output of a command in a host; a failure shows what it said."""
        process = self.popen(host, *command, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        if check:
            assert process.returncode == 0, f"{host}: {command}: {err or out}"
        return out

    def fetch(self, host, url, timeout=5, source=None):
        """Body of a URL over a connection of its own, or None when that fails."""
        options = ["--interface", source] if source else []
        out = self.run(host, "curl", "-sS", "--fail", "-g", "-m", timeout, *options, url,
                       check=False, timeout=timeout + 5)
        return out.strip() or None

    def fetch_many(self, host, url, count):
        """Bodies of a URL, each over a new connection; what curl says where one fails."""
        loop = f"for ((i = 0; i < {count}; i++)); do curl -sS -g -m 5 '{url}' 2>&1; done"
        return self.run(host, "bash", "-c", loop, check=False,
                        timeout=count + 60).split("\n")[:-1]

    def json(self, host, program, *arguments, timeout=120):
        """One of the traffic programs of this folder that prints a line of JSON."""
        return json.loads(self.run(host, BUILD / "net" / program, *arguments, check=False,
                                   timeout=timeout).strip().split("\n")[-1])

    @contextlib.contextmanager
    def inside(self, host):
        """Sockets opened in here belong to a host of the lab."""
        with open("/proc/self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.name}-{host}", "rb") as there:
            assert libc.setns(there.fileno(), CLONE_NEWNET) == 0
            try:
                yield
            finally:
                assert libc.setns(home.fileno(), CLONE_NEWNET) == 0

    def udp(self, host, address, port, source_port=0):
        """A UDP socket of a host, connected to address:port."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.inside(host):
            sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.settimeout(3)
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", source_port))
        sock.connect((address, port))
        return sock

    @contextlib.contextmanager
    def hold(self, host, address, port, count, pause_ms=20):
        """Connections that keep exchanging bytes while the body runs; yields a dictionary
        that has hold.c's report once the body is over."""
        report = {}
        process = self.popen(host, BUILD / "net/hold", address, port, count, pause_ms,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            first = process.stdout.readline()
            assert first == "ready\n", f"not all could connect: {first}"
            yield report
            out, _ = process.communicate("", timeout=60)
            report.update(json.loads(out))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def counter(self, name):
        """Packets of a named nftables counter in the balancer: vip_in_stack, invalid."""
        out = self.run("balancer", "nft", "-j", "list", "counter", "inet", "guard", name)
        return next(item["counter"]["packets"] for item in json.loads(out)["nftables"]
                    if "counter" in item)


class Gate:
    """
    headgated in the balancer of a lab. Loading its programs takes a second, so tests share
    one as long as they ask for the same options; between them the folder is emptied.
    """

    def __init__(self, lab):
        self.lab = lab
        self.process = None
        self.options = None
        self.log = lab.folder / "headgated.log"
        self.reset()

    def reset(self):
        """No manifests, and none in force."""
        self.log.write_text("")
        for manifest in self.lab.manifests.iterdir():
            manifest.unlink()
        if self.is_running():
            wait_for(lambda: not self.json("service", "list")["services"], "no Service is left")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def clear(self):
        """No daemon, no pins: the next start is the first."""
        if self.is_running():
            self.stop()
        self.uninstall()
        self.options = None

    def write(self, name, objects):
        """Put a manifest in place, whole, as editors and rsync do."""
        path = self.lab.manifests / f"{name}.json"
        half = path.with_suffix(".tmp")
        half.write_text(json.dumps(as_list(objects), indent=1))
        half.rename(path)

    def start(self, *options):
        self.options = options
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.lab._command("run", *options), stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self.answers, f"headgated answers; it said:\n{self.log.read_text()}", 15)
        return self

    def answers(self):
        assert self.process.poll() is None, f"headgated ended:\n{self.log.read_text()}"
        return self.command("status", check=False).returncode == 0

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(30) # closing inotify may wait for the kernel
        assert status == (0 if how == signal.SIGTERM else -how), \
            f"headgated ended with {status}:\n{self.log.read_text()}"

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        self.start(*self.options)

    def uninstall(self):
        """From within the balancer: attachments belong to its namespace."""
        self.lab.run("balancer", BUILD / "headgated", "--uninstall", "--pin-root",
                     f"/sys/fs/bpf/{self.lab.name}")

    def command(self, *arguments, check=True):
        """The command headgate, against this daemon."""
        return subprocess.run([str(BUILD / "headgate"), "--socket",
                               str(self.lab.folder / "headgated.sock"), *map(str, arguments)],
                              check=check, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL)

    def get(self, path):
        """A page of the daemon's API, as text."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.lab.folder / "headgated.sock"))
            sock.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return b"".join(iter(lambda: sock.recv(65536), b"")).decode()

    def json(self, *arguments):
        return json.loads(self.command(*arguments, "-o", "json").stdout)

    def backends(self):
        return self.json("backend", "list")["backends"]

    def drops(self, reason):
        return next(drop["packets"] for drop in self.json("drops")["drops"]
                    if drop["name"] == reason)

    @contextlib.contextmanager
    def drops_rise(self, reason, least=1):
        """The body makes at least so many packets be dropped for this reason."""
        before = self.drops(reason)
        yield
        rise = self.drops(reason) - before
        assert rise >= least, f"{reason} rose by {rise} only"

    def wait_backends(self, count, state="active", seconds=10):
        """Until exactly count backend records (per family and port) are in a state."""
        def match():
            found = [b for b in self.backends() if b["state"] == state]
            return len(found) == count and all(b["reachable"] for b in found)
        wait_for(match, f"{count} backends {state} and reachable", seconds)

    def wait_hosts(self, hosts, seconds=10):
        """Until these hosts, in both families, are those that take new connections."""
        expected = {address for host in hosts for address in ADDRESS[host].values()}
        wait_for(lambda: {b["address"] for b in self.backends() if b["state"] == "active"}
                 == expected, f"the table consists of {hosts}", seconds)

    def serve(self, objects, *options, ready=True):
        """Serve these objects and wait until every backend is active and reachable."""
        self.write("test", objects)
        if not self.is_running() or self.options != (*SMALL, *options):
            self.clear()
            self.start(*SMALL, *options)
        if ready:
            self.wait_backends(sum(len(o["endpoints"]) * len(o["ports"]) for o in objects
                                   if o["kind"] == "EndpointSlice"))
        return self


def name_of(node):
    """A lab's name from a test's: short enough for interfaces and paths."""
    return f"hg{os.getpid()}" + re.sub(r"[^a-z]", "", node.lower())[:16]
