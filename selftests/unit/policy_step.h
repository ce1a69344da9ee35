/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks at the tables between any two stores to them: they lie in protected pages, a store
 * faults, is let through alone by the processor's trap flag, and then everything is looked
 * at. Large tables of classes are looked at page by page.
 */
#ifndef UNIT_POLICY_STEP_H
#define UNIT_POLICY_STEP_H

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "policy_world.h"

#define STEP_REGIONS 8
#define TRAP_FLAG    0x100
#define PAGE	     4096UL

struct step_region {
	char *base;
	size_t size;
	void **place; /* in the tables; what was there is put back at the end */
	void *before;
	bool coarse; /* a page stays open until another one is written */
};

struct step {
	struct step_region regions[STEP_REGIONS];
	int count;
	struct step_region *open; /* where a store is under way */
	char *page;		  /* the coarse one that is open */
	void (*look)(void *context);
	void *context;
	unsigned long stores;
};

static struct step step;

static inline void step_protect(int protection)
{
	for (int i = 0; i < step.count; i++)
		assert_int_equal(
		    mprotect(step.regions[i].base, step.regions[i].size, protection), 0);
}

static inline struct step_region *step_find(const char *where)
{
	for (int i = 0; i < step.count; i++) {
		struct step_region *region = &step.regions[i];

		if (where >= region->base && where < region->base + region->size)
			return region;
	}
	return NULL;
}

static inline void step_on_fault(int signal_number, siginfo_t *info, void *context)
{
	struct step_region *region = step_find(info->si_addr);
	char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));

	if (!region) {
		signal(signal_number, SIG_DFL);
		return;
	}
	if (region->coarse) {
		if (step.page)
			mprotect(step.page, PAGE, PROT_READ);
		step.page = page;
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		step.look(step.context);
		return;
	}
	mprotect(region->base, region->size, PROT_READ | PROT_WRITE);
	step.open = region;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static inline void step_on_trap(int signal_number, siginfo_t *info, void *context)
{
	(void)signal_number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~(long long)TRAP_FLAG;
	mprotect(step.open->base, step.open->size, PROT_READ);
	step.stores++;
	step.look(step.context);
}

static inline void step_add(void *place, size_t size, bool coarse)
{
	struct step_region *region = &step.regions[step.count++];

	size = (size + PAGE - 1) & ~(PAGE - 1);
	*region = (struct step_region){
		.base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		.size = size,
		.place = place,
		.before = *(void **)place,
		.coarse = coarse,
	};
	assert_true(region->base != MAP_FAILED);
	*region->place = region->base;
}

/* Before policy_new(). */
static inline void step_open(struct policy_tables *tables, void (*look)(void *context),
			     void *context)
{
	struct sigaction fault = { .sa_sigaction = step_on_fault,
				   .sa_flags = SA_SIGINFO };
	struct sigaction trap = { .sa_sigaction = step_on_trap, .sa_flags = SA_SIGINFO };

	step = (struct step){ .look = look, .context = context };
	step_add(&tables->rows, tables->row_count * sizeof(*tables->rows), false);
	step_add(&tables->cells, tables->cell_count * sizeof(*tables->cells), false);
	step_add(&tables->sets, tables->set_count * sizeof(*tables->sets), false);
	step_add(&tables->pods, tables->pod_count * sizeof(*tables->pods), false);
	step_add(&tables->v4_blocks, tables->block_count * 512UL, false);
	step_add(&tables->v4, 4UL * HG_POLICY_V4_PLACES, true);
	step_add(&tables->ports, 4UL * HG_POLICY_PROTOCOLS * HG_POLICY_PORTS, true);
	assert_int_equal(sigaction(SIGSEGV, &fault, NULL), 0);
	assert_int_equal(sigaction(SIGTRAP, &trap, NULL), 0);
}

static inline void step_begin(void)
{
	step.page = NULL;
	step_protect(PROT_READ);
}

static inline void step_end(void)
{
	step_protect(PROT_READ | PROT_WRITE);
}

static inline void step_close(void)
{
	for (int i = 0; i < step.count; i++) {
		struct step_region *region = &step.regions[i];

		*region->place = region->before;
		munmap(region->base, region->size);
	}
	signal(SIGSEGV, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

#endif
