/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs that stand still anywhere: the datapath's own source (bpf_shim.h), run by actors of
 * which one moves at a time, up to its n-th pause point or to its end. Pause points are what
 * bpf_shim.h names and, since the compiler is asked for them (Makefile), each load and store
 * of the flow tables and locks. Maps are arrays, told apart by address.
 */
#ifndef UNIT_PAUSE_H
#define UNIT_PAUSE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include "bpf_shim.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#include "../../xdp/create.h"
#pragma GCC diagnostic pop

#define PAUSE_LINES HG_LOCKS /* of each table: one home, one lock, as on real tables */
#define PAUSE_CPUS  4
#define PAUSE_SPARE 64 /* elements of a map that these tests look into little */
#define TO_THE_END  0

/* All that CPUs share. */
static struct {
	struct hg_flow flows[PAUSE_LINES], embryos[PAUSE_LINES];
	__u32 locks[HG_LOCKS];
} shared;
static struct hg_state state_map;
static struct hg_backend backends[2];
static struct hg_stats stats_map[PAUSE_CPUS * 2];
static struct flow_order orders[PAUSE_CPUS];
static struct fib_question fibs[PAUSE_CPUS];
static __u32 fib_hop; /* what the FIB and hg_hop_index answer */

struct actor {
	int (*run)(struct actor *actor);
	__u32 cpu;
	struct flow_order order;
	struct packet packet;
	struct flow_resolved resolved;
	struct flow_view view;
	int result;
	bool over;
	/* pause.h's own */
	unsigned points, stop_at;
	unsigned moves; /* how often it went on */
	ucontext_t context;
};

static struct actor *on_cpu; /* who moves; NULL: the test itself */
static ucontext_t scheduler;
static char stacks[PAUSE_CPUS][65536];

/* ---- where a CPU may stand still ---- */
void pause_point(void)
{
	struct actor *actor = on_cpu;

	if (!actor || ++actor->points != actor->stop_at)
		return;
	swapcontext(&actor->context, &scheduler);
}

#ifdef __clang__
#define NOT_TRACED __attribute__((no_sanitize("coverage")))
#else
#define NOT_TRACED
#endif

/* What the compiler calls before each load and store; not instrumented itself. */
#define ACCESS(name)                                                                     \
	void __sanitizer_cov_##name(const void *address);                                \
	NOT_TRACED void __sanitizer_cov_##name(const void *address)                      \
	{                                                                                \
		if ((uintptr_t)address - (uintptr_t)&shared < sizeof(shared))            \
			pause_point();                                                   \
	}
ACCESS(load1)
ACCESS(load2)
ACCESS(load4)
ACCESS(load8)
ACCESS(load16)
ACCESS(store1)
ACCESS(store2)
ACCESS(store4)
ACCESS(store8)
ACCESS(store16)

/* ---- helpers ---- */
__u32 bpf_get_smp_processor_id(void)
{
	return on_cpu ? on_cpu->cpu : 0;
}

struct map_row {
	const void *map;
	void *elements;
	__u32 size, count;
	enum { BY_KEY, BY_CPU, ONE } kind;
};

#define MAP_ROW(map, elements, kind)                                                     \
	{                                                                                \
		&(map), elements, sizeof(*(elements)),                                   \
		    sizeof(elements) / sizeof(*(elements)), kind                         \
	}

/* A map that is not here has no elements. */
void *bpf_map_lookup_elem(const void *map, const void *key)
{
	const struct map_row rows[] = {
		MAP_ROW(hg_flows, shared.flows, BY_KEY),
		MAP_ROW(hg_embryos, shared.embryos, BY_KEY),
		MAP_ROW(hg_locks, shared.locks, BY_KEY),
		MAP_ROW(hg_backends, backends, BY_KEY),
		MAP_ROW(hg_stats, stats_map, BY_KEY),
		MAP_ROW(hg_order, orders, BY_CPU),
		MAP_ROW(hg_fib, fibs, BY_CPU),
		{ &hg_state, &state_map, sizeof(state_map), 1, ONE },
		{ &hg_hop_index, &fib_hop, sizeof(fib_hop), 1, ONE },
	};
	__u32 index;

	pause_point();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].map != map)
			continue;
		index = rows[i].kind == BY_KEY ? *(const __u32 *)key : 0;
		index = rows[i].kind == BY_CPU ? bpf_get_smp_processor_id() : index;
		if (index >= rows[i].count)
			return NULL;
		return (char *)rows[i].elements + (size_t)index * rows[i].size;
	}
	return NULL;
}

long bpf_fib_lookup(const void *ctx, struct bpf_fib_lookup *fib, int size, __u32 flags)
{
	(void)ctx;
	(void)fib;
	(void)size;
	(void)flags;
	pause_point();
	return BPF_FIB_LKUP_RET_SUCCESS;
}

/* ---- actors ---- */
static void act(void)
{
	struct actor *actor = on_cpu;

	actor->result = actor->run(actor);
	actor->over = true;
}

/* Let an actor, unless it is over, go on up to its n-th pause point (counted from its
 * beginning). Returns whether it is over. */
static inline bool goes_on(struct actor *actor, unsigned stop_at)
{
	if (actor->over)
		return true;
	if (!actor->moves++) {
		getcontext(&actor->context);
		actor->context.uc_stack.ss_sp = stacks[actor->cpu];
		actor->context.uc_stack.ss_size = sizeof(stacks[actor->cpu]);
		actor->context.uc_link = &scheduler;
		makecontext(&actor->context, act, 0);
	}
	actor->stop_at = stop_at;
	on_cpu = actor;
	swapcontext(&scheduler, &actor->context);
	on_cpu = NULL;
	return actor->over;
}

static inline bool stands_still(const struct actor *actor)
{
	return actor->moves && !actor->over;
}

/* Empty tables, nobody on a CPU. */
static inline void world_clear(void)
{
	memset(&shared, 0, sizeof(shared));
	memset(orders, 0, sizeof(orders));
	memset(stats_map, 0, sizeof(stats_map));
	state_map = (struct hg_state){ 0 };
	hg_config = (struct hg_config){ .flow_mask = PAUSE_LINES - 1,
					.embryo_mask = PAUSE_LINES - 1,
					.backends = 2,
					.stats_own = PAUSE_CPUS,
					.port_first = 1024,
					.port_last = 32767 };
	for (int i = 0; i < HG_TIMEOUTS; i++)
		hg_config.timeout[i] = HG_TICKS(600);
}

#endif
