# SPDX-License-Identifier: BSD-2-Clause
"""Tests whose answers everybody knows (Alglave, Maranget, Tautschnig: Herding cats; Pulte et
al.: Simplifying ARM concurrency), so that the models are not taken on trust. The text, and the
models on which it is possible."""

EVERYWHERE = "x86-64, arm64 (LSE), arm64 (exclusive), BPF"
WEAK = "arm64 (LSE), arm64 (exclusive), BPF"
NOWHERE = ""


def two(name, first, second, condition, initial=""):
    return (f"C {name} {{ {initial} }} P0(int *x, int *y) {{ {first} }} "
            f"P1(int *x, int *y) {{ {second} }} exists ({condition})")


WRITES = "WRITE_ONCE(*x, 1); {}WRITE_ONCE(*y, 1);"
READS = "int r0 = READ_ONCE(*y); {}int r1 = READ_ONCE(*x);"
PASSED = r"1:r0=1 /\ 1:r1=0"
MB = "smp_mb(); "
# x86-64 has a barrier where the processor needs one: an atomic operation that stores.
XCHG = "int r9 = xchg(z, 1); "


def buffering(between):
    return (f"WRITE_ONCE(*x, 1); {between}int r0 = READ_ONCE(*y);",
            f"WRITE_ONCE(*y, 1); {between}int r0 = READ_ONCE(*x);", r"0:r0=0 /\ 1:r0=0")


def waiting(first, second):
    return (f"int r0 = READ_ONCE(*x); {first}", f"int r0 = READ_ONCE(*y); {second}",
            r"0:r0=1 /\ 1:r0=1")


POINTER = ("C MP+mb+addr { p=&y; } P0(int *x, int **p) { WRITE_ONCE(*x, 1); smp_mb(); "
           "WRITE_ONCE(*p, &x); } P1(int **p) { int *r0 = READ_ONCE(*p); "
           r"int r1 = READ_ONCE(*r0); } exists (1:r0=&x /\ 1:r1=0)")
INDEPENDENT = ("C {} {{}} P0(int *x) {{ WRITE_ONCE(*x, 1); }} P1(int *y) {{ WRITE_ONCE(*y, 1); "
               "}} P2(int *x, int *y) {{ int r0 = READ_ONCE(*x); {}int r1 = READ_ONCE(*y); }} "
               "P3(int *x, int *y) {{ int r0 = READ_ONCE(*y); {}int r1 = READ_ONCE(*x); }} "
               r"exists (2:r0=1 /\ 2:r1=0 /\ 3:r0=1 /\ 3:r1=0)")

KNOWN = [
    (two("MP", WRITES.format(""), READS.format(""), PASSED), WEAK),
    (two("MP+mb+po", WRITES.format(MB), READS.format(""), PASSED), WEAK),
    (two("MP+po+mb", WRITES.format(""), READS.format(MB), PASSED), WEAK),
    (two("MP+mb+mb", WRITES.format(MB), READS.format(MB), PASSED), NOWHERE),
    (two("MP+xchg+xchg", WRITES.format(XCHG), READS.format(XCHG), PASSED), NOWHERE),
    (two("MP+mb+ctrl", WRITES.format(MB),
         "int r0 = READ_ONCE(*y); if (r0 == 1) { int r1 = READ_ONCE(*x); }", PASSED), WEAK),
    (two("MP+release+acquire", "WRITE_ONCE(*x, 1); smp_store_release(y, 1);",
         "int r0 = smp_load_acquire(y); int r1 = READ_ONCE(*x);", PASSED), NOWHERE),
    # A compare-and-swap that fails is no barrier; casal happens to acquire.
    (two("MP+mb+failed-cmpxchg", WRITES.format(MB),
         "int r0 = cmpxchg(y, 7, 8); int r1 = READ_ONCE(*x);", PASSED),
     "arm64 (exclusive), BPF"),
    # What an atomic operation has stored is seen before what follows it.
    (two("MP+amo+mb", "int r9 = xchg(x, 1); WRITE_ONCE(*y, 1);", READS.format(MB), PASSED),
     NOWHERE),
    (POINTER, NOWHERE),
    (two("SB", *buffering("")), EVERYWHERE),
    (two("SB+xchg+xchg", *buffering(XCHG)), NOWHERE),
    (two("SB+release+acquire", "smp_store_release(x, 1); int r0 = smp_load_acquire(y);",
         "smp_store_release(y, 1); int r0 = smp_load_acquire(x);", r"0:r0=0 /\ 1:r0=0"),
     "x86-64, BPF"),
    (two("LB", *waiting("WRITE_ONCE(*y, 1);", "WRITE_ONCE(*x, 1);")), WEAK),
    (two("LB+data+data", *waiting("WRITE_ONCE(*y, r0);", "WRITE_ONCE(*x, r0);")), NOWHERE),
    (two("LB+ctrl+ctrl", *waiting("if (r0 == 1) { WRITE_ONCE(*y, 1); }",
                                  "if (r0 == 1) { WRITE_ONCE(*x, 1); }")), NOWHERE),
    (two("CoRR", "WRITE_ONCE(*x, 1);", "int r0 = READ_ONCE(*x); int r1 = READ_ONCE(*x);",
         PASSED), NOWHERE),
    (two("atomic", "int r0 = cmpxchg(x, 0, 1);", "int r0 = cmpxchg(x, 0, 1);",
         r"0:r0=0 /\ 1:r0=0"), NOWHERE),
    (INDEPENDENT.format("IRIW", "", ""), WEAK),
    (INDEPENDENT.format("IRIW+mb+mb", MB, MB), NOWHERE),
]
