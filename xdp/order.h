/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * In which order other CPUs see what this one loads and stores.
 *
 * BPF has one barrier that the compilers of today can write: an atomic operation that returns
 * a value is fully ordered, whatever word it is applied to (herdtools7's bpf.cat; arm64's JIT
 * makes it an instruction with acquire and release, or adds `dmb ish`). Here it is an exchange
 * with a word of the own stack, so that no cache line travels. Beside it:
 *  - compare-and-swap and exchange on shared words are such barriers themselves; a
 *    compare-and-swap that fails orders nothing;
 *  - an atomic operation whose result nobody takes orders nothing, and compilers make that of
 *    one whose result is unused;
 *  - what is loaded from where an earlier load has pointed to (an index looked up in an array)
 *    comes after it, and so does a store that a branch on it decides. A load behind a branch
 *    does not: that is what these functions are for.
 *
 * x86-64 keeps loads and stores in this order by itself: there they cost nothing, since only
 * the compiler is held (the programs are the same, byte for byte, as without them). A
 * constant that the control process sets would leave its own load at each place, because the
 * verifier removes branches, not loads; so the Makefile names the machine, and a
 * machine that nobody names gets the barriers. load.c refuses programs of the wrong kind.
 *
 * Which orders the protocols need: selftests/order/, where each is shown to be needed.
 */
#ifndef XDP_ORDER_H
#define XDP_ORDER_H

#include <linux/types.h>

#if defined(__TARGET_ARCH_x86) || !defined(__bpf__)
#define ORDER_WEAK 0
#else
#define ORDER_WEAK 1
#endif

#define barrier() asm volatile("" ::: "memory")

static __always_inline void order_all(void)
{
#if ORDER_WEAK
	__u64 word = 0;

	barrier();
	word = __sync_lock_test_and_set(&word, 0);
	/* Taken, so that it stays an exchange. */
	asm volatile("" ::"r"(word) : "memory");
#else
	barrier();
#endif
}

/* What was loaded before is not newer than what is loaded from here on. */
static __always_inline void order_loads(void)
{
	order_all();
}

/* Who sees a store from here on sees those before. */
static __always_inline void order_stores(void)
{
	order_all();
}

#endif
