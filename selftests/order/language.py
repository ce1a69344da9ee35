# SPDX-License-Identifier: BSD-2-Clause
"""The part of the kernel's litmus format (C) that these tests use.

    C name
    (* words *)
    { x=1; p=&x; }                         initial values; others are 0
    P0(int *x, int **p) { … }              statements, see STATEMENTS
    exists (0:r0=1 /\\ (1:r1=2 \\/ ~1:r2=&x))

Statements: [int] rN = READ_ONCE(*v) | smp_load_acquire(v) | cmpxchg(v, old, new) |
xchg(v, value); WRITE_ONCE(*v, value); smp_store_release(v, value); smp_mb();
if (rN == value && …) { … }. v is a parameter, or a register that holds an address.
"""
import re

TOKEN = re.compile(r"\s*(/\\|\\/|&&|==|!=|&?\w+|.)", re.S)
WEAK = re.compile(r"^(.*?)/\* or: *(.*?) *\*/\s*$")


def weak_lines(text):
    return [n for n, line in enumerate(text.splitlines()) if WEAK.match(line)]


def weaken(text, number):
    lines = text.splitlines()
    lines[number] = WEAK.match(lines[number]).group(2)
    return "\n".join(lines)


def value_of(token):
    """An integer, or an address as text."""
    return int(token) if re.fullmatch(r"-?\d+", token) else token


class Reader:
    def __init__(self, text):
        self.tokens = [t for t in TOKEN.findall(text) if t.strip()]
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted):
        token = self.peek()
        if wanted and token not in wanted:
            around = " ".join(self.tokens[max(0, self.at - 5):self.at + 5])
            raise ValueError(f"{wanted[0]!r} wanted, {token!r} found near: {around}")
        self.at += 1
        return token

    def ends(self):
        return self.at >= len(self.tokens)


class Test:
    def __init__(self):
        self.initial = {}
        self.threads = []
        self.condition = None


def read_initial(reader, test):
    reader.take("{")
    while reader.peek() != "}":
        name = reader.take()
        reader.take("=")
        test.initial[name] = value_of(reader.take())
        reader.take(";")
    reader.take("}")


def read_call(reader, name):
    """Arguments of a call, as text; the star of READ_ONCE(*v) says nothing new."""
    reader.take("(")
    arguments = []
    while reader.peek() != ")":
        if reader.peek() in ("*", ","):
            reader.take()
        else:
            arguments.append(reader.take())
    reader.take(")")
    return (name, *arguments)


def read_comparison(reader):
    register, operator, value = reader.take(), reader.take("==", "!="), reader.take()
    return register, operator, value_of(value)


def read_if(reader):
    reader.take("(")
    terms = [read_comparison(reader)]
    while reader.peek() == "&&":
        reader.take()
        terms.append(read_comparison(reader))
    reader.take(")")
    return ("if", terms, read_block(reader))


def read_statement(reader):
    while reader.peek() in ("int", "*"):
        reader.take()
    name = reader.take()
    if name == "if":
        return read_if(reader)
    if reader.peek() == "=":
        reader.take()
        statement = ("set", name, read_call(reader, reader.take()))
    else:
        statement = ("do", read_call(reader, name))
    reader.take(";")
    return statement


def read_block(reader):
    reader.take("{")
    block = []
    while reader.peek() != "}":
        block.append(read_statement(reader))
    reader.take("}")
    return block


def read_atom(reader):
    if reader.peek() == "(":
        reader.take()
        inner = read_or(reader)
        reader.take(")")
        return inner
    if reader.peek() == "~":
        reader.take()
        inner = read_atom(reader)
        return lambda registers: not inner(registers)
    thread = int(reader.take())
    reader.take(":")
    register = reader.take()
    reader.take("=")
    value = value_of(reader.take())
    return lambda registers: registers[thread].get(register) == value


def read_joined(reader, sign, join, read_part):
    parts = [read_part(reader)]
    while reader.peek() == sign:
        reader.take()
        parts.append(read_part(reader))
    return lambda registers: join(part(registers) for part in parts)


def read_and(reader):
    return read_joined(reader, "/\\", all, read_atom)


def read_or(reader):
    return read_joined(reader, "\\/", any, read_and)


def parse(text):
    text = re.sub(r"\(\*.*?\*\)|/\*.*?\*/", " ", text, flags=re.S)
    reader, test = Reader(text), Test()
    reader.take("C")
    while reader.peek() != "{":
        reader.take()
    read_initial(reader, test)
    while reader.peek() != "exists":
        reader.take(f"P{len(test.threads)}")
        while reader.take() != ")":
            pass
        test.threads.append(read_block(reader))
    reader.take()
    test.condition = read_or(reader)
    if not reader.ends():
        raise ValueError(f"more after the condition: {reader.peek()!r}")
    return test
