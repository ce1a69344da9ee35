# SPDX-License-Identifier: BSD-2-Clause
"""Which executions a machine allows: axioms over relations between events.

  x86-64             total store order; smp_mb() of xdp/order.h is nothing there
  arm64 (LSE)        what the JIT makes of BPF where the CPU has atomic instructions: swpal and
                     casal; of plain loads and stores ldr and str. A casal that fails acquires.
  arm64 (exclusive)  else: ldxr, stlxr, and `dmb ish` behind those that have stored
  BPF                the model of the instruction set (herdtools7's bpf.cat), which other JITs
                     keep too: dependencies, and atomic operations that return a value

The axioms of arm64 are those of Arm's own model (aarch64.cat: "external visibility") as far
as these tests have such events. User space's acquire and release are ldar and stlr.
"""
from executions import executions


class Relations:
    """What every model is made of. A relation is a set of pairs of event numbers."""

    def __init__(self, events):
        self.of, self.events = events, events.events
        thread = events.thread
        real = [n for n in range(len(self.events)) if thread[n] >= 0]
        self.po = {(a, b) for a in real for b in real if a < b and thread[a] == thread[b]}
        self.memory = {(a, b) for a, b in self.po
                       if self.events[a].kind != "F" and self.events[b].kind != "F"}
        self.same_place = {(a, b) for a, b in self.memory
                           if self.events[a].place == self.events[b].place}
        self.to_store = {(a, b) for a, b in self.memory if self.is_store(b)}
        self.rmw = {(events.own(n, [e.reads])[0], n) for n, e in enumerate(self.events)
                    if e.reads is not None}
        self.address = self.depend("address")
        self.data = self.depend("data")
        self.control = self.depend("control")
        self.rf, self.co, self.fr = set(), set(), set()
        self.fixed = {}  # of each model: what rf and co do not change

    def depend(self, how):
        return {(source, n) for n, e in enumerate(self.events)
                for source in self.of.own(n, getattr(e, how))}

    def look(self, rf, co):
        """At one execution. False when it is impossible everywhere: every place by itself is
        as if there were one order, and nothing comes between the halves of an atomic
        operation."""
        for load, store in self.rmw:
            order = co[self.events[store].place]
            if order.index(store) != order.index(rf[load]) + 1:
                return False
        self.rf = {(w, r) for r, w in rf.items()}
        self.co = {(a, b) for stores in co.values()
                   for i, a in enumerate(stores) for b in stores[i + 1:]}
        self.fr = {(r, b) for r, w in rf.items()
                   for stores in (co[self.events[w].place],)
                   for b in stores[stores.index(w) + 1:]}
        return not is_cyclic(self.same_place | self.rf | self.co | self.fr)

    def external(self, relation):
        thread = self.of.thread
        return {(a, b) for a, b in relation if thread[a] != thread[b]}

    def internal(self, relation):
        return relation - self.external(relation)

    def is_store(self, n):
        return self.events[n].kind == "W"

    def has(self, n, tag):
        return tag in self.events[n].tags

    def across_barriers(self):
        """Pairs of memory events with a full barrier between them."""
        full = [n for n, e in enumerate(self.events) if e.kind == "F"]
        return {(a, b) for a, b in self.memory
                if any((a, f) in self.po and (f, b) in self.po for f in full)}


def join(first, second):
    onward = {}
    for a, b in second:
        onward.setdefault(a, []).append(b)
    return {(a, c) for a, b in first for c in onward.get(b, ())}


def closure(relation):
    closed = set(relation)
    while True:
        more = join(closed, relation) - closed
        if not more:
            return closed
        closed |= more


def is_cyclic(relation):
    onward, before = {}, {}
    for a, b in relation:
        onward.setdefault(a, []).append(b)
        before[b] = before.get(b, 0) + 1
    ready = [a for a in onward if a not in before]
    while ready:
        for b in onward.get(ready.pop(), ()):
            before[b] -= 1
            if not before[b]:
                del before[b]
                ready.append(b)
    return bool(before)


class Model:
    def fixed(self, r):
        if self not in r.fixed:
            r.fixed[self] = self.keeps(r)
        return r.fixed[self]


class X86(Model):
    name = "x86-64"

    def keeps(self, r):
        atomic = {n for pair in r.rmw for n in pair}
        return {(a, b) for a, b in r.memory
                if not r.is_store(a) or r.is_store(b) or a in atomic or b in atomic}

    def allows(self, r):
        return not is_cyclic(self.fixed(r) | r.external(r.rf) | r.co | r.fr)


class Arm64(Model):
    def __init__(self, has_atomics):
        self.has_atomics = has_atomics
        self.name = "arm64 (LSE)" if has_atomics else "arm64 (exclusive)"

    def acquires(self, r, n):
        atomic = r.has(n, "atomic") and not r.is_store(n)
        return r.has(n, "acquire") or (self.has_atomics and atomic)

    def releases(self, r, n):
        return r.has(n, "release") or (r.has(n, "atomic") and r.is_store(n))

    def barriers(self, r):
        """Barrier-ordered-before. What follows an atomic operation that has stored is behind
        it: range([A];amo;[L]);po, or `dmb ish`, which is also between what is around it."""
        stored = {store for _, store in r.rmw}
        ordered = r.across_barriers()
        for a, b in r.memory:
            both = self.releases(r, a) and self.acquires(r, b)
            around = not self.has_atomics and any((a, s) in r.po and (s, b) in r.po
                                                  for s in stored)
            if (both or around or self.acquires(r, a) or self.releases(r, b) or
                    a in stored):
                ordered.add((a, b))
        return ordered

    def keeps(self, r):
        own_stores = r.same_place & r.to_store
        depend = r.address | r.data | (r.control & r.to_store) | join(r.address, r.to_store)
        return own_stores | depend | r.rmw | self.barriers(r)

    def allows(self, r):
        own = r.internal(r.rf)
        stored = {(b, b) for _, b in r.rmw}
        acquiring = {(w, n) for w, n in own if self.acquires(r, n)}
        return not is_cyclic(self.fixed(r) | r.external(r.rf | r.co | r.fr) |
                             join(r.address | r.data, own) | join(stored, acquiring))


class Bpf(Model):
    name = "BPF"

    def keeps(self, r):
        """Full barriers: atomics that have stored, and smp_mb(), which is one. Then those
        of one direction, then all that is kept in the program's order."""
        loads, stores = {a for a, _ in r.rmw}, {b for _, b in r.rmw}
        full = {(a, b) for a, b in r.memory if b in loads or a in stores}
        full |= r.across_barriers()
        release = {(a, b) for a, b in r.memory if r.has(b, "release")}
        acquire = {(a, b) for a, b in r.memory if r.has(a, "acquire")}
        depend = r.address | r.data | (r.control & r.to_store) | join(r.address, r.to_store)
        return full, full | release, full | release | acquire | depend | r.rmw

    def allows(self, r):
        full, strong, kept = self.fixed(r)
        seen = r.external(r.rf)
        before = closure(kept | join(r.address | r.data, r.internal(r.rf)) | seen)
        if any(a == b for a, b in before):
            return False
        reach = strong | join(seen, strong)
        reach |= join(reach, before)
        if is_cyclic(reach | r.co) or any((b, a) in reach for a, b in r.external(r.fr)):
            return False
        return not is_cyclic(full | r.rf | r.co | r.fr)


X86_64 = X86()
ARM64 = [Arm64(True), Arm64(False)]
MODELS = [X86_64, *ARM64, Bpf()]


def possible(test, models):
    """Those of the models on which the test's condition can come true."""
    found = []
    for relations in executions(test, Relations):
        found += [m for m in models if m not in found and m.allows(relations)]
        if len(found) == len(models):
            break
    return found
