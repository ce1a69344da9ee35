# SPDX-License-Identifier: BSD-2-Clause
"""Many connections that speak when they are told to: talk.c from Python."""
import json
import subprocess

from lab import BUILD

WAIT_MS = 2000
# How many are under way at a time: a UDP socket holds a few hundred datagrams.
WIDTH = {"tcp": 500, "udp": 64}


class Talk:
    """
    Connections of a host to an echo server, over "tcp" or "udp". begin() and answer() let
    several talk at the same time; everything else does both. first_port: their source ports
    are this one and the next ones, else the kernel's choice.
    """

    def __init__(self, lab, host, protocol, address, port, first_port=None):
        self.name = f"{host} → {address}:{port}/{protocol}"
        self.width = WIDTH[protocol]
        ports = [first_port] if first_port else []
        self.process = lab.popen(host, BUILD / "net/talk", protocol, address, port, *ports,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def begin(self, *command):
        self.process.stdin.write(" ".join(map(str, command)) + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        assert line, f"{self.name}: talk ended with {self.process.wait(10)}"
        return json.loads(line)

    def begin_open(self, count, wait_ms=WAIT_MS, width=None):
        self.begin("open", count, width or self.width, wait_ms)

    def begin_say(self, wait_ms=WAIT_MS):
        self.begin("say", self.width, wait_ms)

    def open(self, count, wait_ms=WAIT_MS, width=None):
        self.begin_open(count, wait_ms, width)
        return self.answer()

    def say(self, wait_ms=WAIT_MS):
        self.begin_say(wait_ms)
        return self.answer()

    def close(self, how="close"):
        self.begin(how)
        return self.answer()


def lost(report):
    """How many of those asked had no right answer."""
    return report["asked"] - report["answered"]
