// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between a switch and the wait for readers there are packets that have read the former
 * state: both are asked about.
 */
#include "moments.h"

#include <errno.h>
#include <stdlib.h>

#include "reader.h"

/* What one question was answered so far, a bit per answer: 1 denied, 2 permitted. */
struct watched {
	struct policy_question question;
	unsigned before, meanwhile;
};

struct moments {
	struct policy_tables inner, outer;
	struct reader reader;
	uint32_t states[2]; /* in force; what it was before, while packets know it */
	unsigned state_count, switches;
	struct watched *watched;
	size_t watched_count;
	bool changing;
};

/* ---- moments ---- */
static void look(struct moments *moments)
{
	for (size_t i = 0; moments->changing && i < moments->watched_count; i++) {
		struct watched *watched = &moments->watched[i];
		for (unsigned j = 0; j < moments->state_count; j++)
			watched->meanwhile |=
			    1U << reader_permits(&moments->reader, moments->states[j],
						 &watched->question);
	}
}

bool moments_permit(const struct moments *moments, const struct policy_question *question)
{
	return reader_permits(&moments->reader, moments->states[0], question);
}

int moments_watch(struct moments *moments, const struct policy_question *question)
{
	struct watched *watched =
	    reallocarray(moments->watched, moments->watched_count + 1, sizeof(*watched));

	if (!watched)
		return -ENOMEM;
	moments->watched = watched;
	watched[moments->watched_count++] = (struct watched){ .question = *question };
	return 0;
}

void moments_begin(struct moments *moments)
{
	moments->changing = true;
	look(moments);
	for (size_t i = 0; i < moments->watched_count; i++)
		moments->watched[i].before = moments->watched[i].meanwhile;
}

const struct policy_question *moments_end(struct moments *moments)
{
	const struct policy_question *torn = NULL;

	for (size_t i = 0; i < moments->watched_count && !torn; i++) {
		struct watched *watched = &moments->watched[i];
		unsigned after = 1U
				 << reader_permits(&moments->reader, moments->states[0],
						   &watched->question);
		if (watched->before == after && watched->meanwhile != after)
			torn = &watched->question;
	}
	moments->changing = false;
	moments->watched_count = 0;
	return torn;
}

/* ---- what the compiler calls ---- */
static int put_prefix(void *context, unsigned bank, const struct cidr *prefix,
		      uint32_t class)
{
	struct moments *moments = context;

	look(moments);
	int r = reader_put_prefix(&moments->reader, bank, prefix, class);
	look(moments);
	return r < 0 ? r
		     : moments->inner.put_prefix(moments->inner.context, bank, prefix,
						 class);
}

static int drop_prefix(void *context, unsigned bank, const struct cidr *prefix)
{
	struct moments *moments = context;

	look(moments);
	reader_drop_prefix(&moments->reader, bank, prefix);
	look(moments);
	return moments->inner.drop_prefix(moments->inner.context, bank, prefix);
}

static uint32_t find_prefix(void *context, unsigned bank, const struct hg_addr *addr)
{
	const struct moments *moments = context;

	return moments->inner.find_prefix(moments->inner.context, bank, addr);
}

static int each_prefix(void *context, unsigned bank,
		       int (*visit)(void *visitor, const struct cidr *prefix),
		       void *visitor)
{
	const struct moments *moments = context;

	return moments->inner.each_prefix(moments->inner.context, bank, visit, visitor);
}

static void switch_to(void *context, uint32_t state)
{
	struct moments *moments = context;

	look(moments);
	moments->states[1] = moments->states[0];
	moments->states[0] = state;
	moments->state_count = 2;
	moments->switches++;
	look(moments);
	moments->inner.switch_to(moments->inner.context, state);
}

static void wait_for_readers(void *context)
{
	struct moments *moments = context;

	look(moments);
	moments->state_count = 1;
	moments->inner.wait_for_readers(moments->inner.context);
}

struct moments *moments_new(const struct policy_tables *tables)
{
	struct moments *moments = calloc(1, sizeof(*moments));

	if (!moments)
		return NULL;
	moments->inner = moments->outer = moments->reader.tables = *tables;
	moments->outer.context = moments;
	moments->outer.put_prefix = put_prefix;
	moments->outer.drop_prefix = drop_prefix;
	moments->outer.find_prefix = find_prefix;
	moments->outer.each_prefix = tables->each_prefix ? each_prefix : NULL;
	moments->outer.switch_to = switch_to;
	moments->outer.wait_for_readers = wait_for_readers;
	moments->states[0] = tables->state;
	moments->state_count = 1;
	return moments;
}

void moments_free(struct moments *moments)
{
	if (!moments)
		return;
	reader_clear(&moments->reader);
	free(moments->watched);
	free(moments);
}

const struct policy_tables *moments_tables(struct moments *moments)
{
	moments->outer.state = moments->states[0];
	moments->state_count = 1; /* no packet outlives a restart */
	return &moments->outer;
}

unsigned moments_switches(const struct moments *moments)
{
	return moments->switches;
}
