# SPDX-License-Identifier: BSD-2-Clause
"""All executions of a litmus test whose registers end as its condition says.

Each thread is run for every value that a load may bring (values that some store writes
there); a run is a list of events with their dependencies. Of every choice of runs that fits
the condition, each way in which loads may have read from stores (rf) and stores of one place
may have followed each other (co) is an execution; models say whether it may happen.
"""
from itertools import permutations, product

MOST_ROUNDS = 6  # until values that threads hand on are known everywhere


class Event:
    """kind: R, W or F (a barrier). tags: acquire, release, full; rmw: of an atomic operation.
    address, data, control: the loads it depends on, by place in the thread's run."""

    def __init__(self, kind, place=None, value=None, tags=(), **depends):
        self.kind, self.place, self.value, self.tags = kind, place, value, frozenset(tags)
        self.address = frozenset(depends.get("address", ()))
        self.data = frozenset(depends.get("data", ()))
        self.control = frozenset(depends.get("control", ()))
        self.reads = None  # of the store of an atomic operation: its load


class Run:
    def __init__(self):
        self.events, self.registers, self.sources = [], {}, {}
        self.control = frozenset()

    def fork(self):
        other = Run()
        other.events = list(self.events)
        other.registers, other.sources = dict(self.registers), dict(self.sources)
        other.control = self.control
        return other


class Runner:
    def __init__(self, values):
        self.values = values  # place → values that a load may bring

    def operand(self, run, token):
        """Value and the loads it comes from."""
        if token in run.registers:
            return run.registers[token], run.sources[token]
        return (int(token) if token.lstrip("-").isdigit() else token), frozenset()

    def place(self, run, token):
        """A parameter's name, or what a register points at."""
        value, sources = self.operand(run, token)
        return str(value).removeprefix("&"), sources

    def add(self, run, kind, place, value, tags, sources, data=()):
        run.events.append(Event(kind, place, value, tags, address=sources, data=data,
                                control=run.control))
        return len(run.events) - 1

    def loads(self, run, token, tags):
        """A fork for each value; yields (run, number of the load, value)."""
        place, sources = self.place(run, token)
        for value in sorted(self.values.get(place, {0}), key=str):
            fork = run.fork()
            yield fork, self.add(fork, "R", place, value, tags, sources), value

    def store(self, run, token, written, tags):
        place, sources = self.place(run, token)
        value, data = self.operand(run, written)
        return self.add(run, "W", place, value, tags, sources, data)

    def atomic(self, run, token, wanted, written):
        """xchg (wanted None) and cmpxchg."""
        for fork, load, value in self.loads(run, token, {"atomic"}):
            if wanted is None or self.operand(fork, wanted)[0] == value:
                store = self.store(fork, token, written, {"atomic"})
                fork.events[store].reads = load
            yield fork, load, value

    def call(self, run, call):
        """Yields (run, load or None, value)."""
        name, *arguments = call
        if name == "READ_ONCE":
            yield from self.loads(run, arguments[0], ())
        elif name == "smp_load_acquire":
            yield from self.loads(run, arguments[0], {"acquire"})
        elif name == "xchg":
            yield from self.atomic(run, arguments[0], None, arguments[1])
        elif name == "cmpxchg":
            yield from self.atomic(run, *arguments)
        else:
            fork = run.fork()
            if name == "smp_mb":
                self.add(fork, "F", None, None, {"full"}, ())
            elif name in ("WRITE_ONCE", "smp_store_release"):
                tags = {"release"} if name == "smp_store_release" else ()
                self.store(fork, *arguments, tags)
            else:
                raise ValueError(f"what is {name}?")
            yield fork, None, None

    def block(self, runs, statements):
        for statement in statements:
            runs = [after for run in runs for after in self.statement(run, statement)]
        return runs

    def statement(self, run, statement):
        if statement[0] == "if":
            return self.branch(run, *statement[1:])
        call = statement[-1]
        after = []
        for fork, load, value in self.call(run, call):
            if statement[0] == "set":
                fork.registers[statement[1]] = value
                fork.sources[statement[1]] = frozenset((load,))
            after.append(fork)
        return after

    def branch(self, run, terms, block):
        run = run.fork()
        taken = True
        for register, operator, value in terms:
            run.control |= run.sources[register]
            taken &= (run.registers[register] == value) == (operator == "==")
        return self.block([run], block) if taken else [run]


def all_runs(test):
    values = {}
    for place, value in test.initial.items():
        values[place] = {value}
    for _ in range(MOST_ROUNDS):
        runner = Runner(values)
        runs = [runner.block([Run()], thread) for thread in test.threads]
        known = {place: set(old) for place, old in values.items()}
        for event in (e for thread in runs for run in thread for e in run.events):
            if event.kind == "W":
                known.setdefault(event.place, {0}).add(event.value)
        if known == values:
            return runs
        values = known
    raise ValueError("values grow without end")


class Events:
    """Of all threads, initial stores first; what they have done to each other is not said."""

    def __init__(self, test, runs):
        places = {e.place for run in runs for e in run.events if e.place is not None}
        self.events = [Event("W", p, test.initial.get(p, 0)) for p in sorted(places)]
        self.thread = [-1] * len(self.events)
        self.first = []
        for number, run in enumerate(runs):
            self.first.append(len(self.events))
            self.events += run.events
            self.thread += [number] * len(run.events)

    def own(self, event, numbers):
        """Events of the same thread by their places in its run."""
        return [self.first[self.thread[event]] + n for n in numbers]

    def of(self, kind, place=None):
        return [n for n, e in enumerate(self.events)
                if e.kind == kind and place in (None, e.place)]


def reads_from(events):
    """Each way in which loads may have read: load → store."""
    loads = events.of("R")
    choices = [[w for w in events.of("W", events.events[r].place)
                if events.events[w].value == events.events[r].value] for r in loads]
    for chosen in product(*choices):
        yield dict(zip(loads, chosen))


def orders(events):
    """Each way in which stores may have followed each other: place → stores."""
    by_place = {}
    for store in events.of("W"):
        by_place.setdefault(events.events[store].place, []).append(store)
    for chosen in product(*(permutations(stores[1:]) for stores in by_place.values())):
        yield {place: [stores[0], *rest]
               for (place, stores), rest in zip(by_place.items(), chosen)}


def executions(test, relations_of):
    """relations_of(events) is told of each rf and co by its look()."""
    for runs in product(*all_runs(test)):
        if not test.condition([run.registers for run in runs]):
            continue
        events = Events(test, runs)
        relations = relations_of(events)
        all_orders = list(orders(events))
        for rf in reads_from(events):
            for co in all_orders:
                if relations.look(rf, co):
                    yield relations
