/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow lines and their partners, through mapped views. */
#include "pairs.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "../lib/cleanup.h"

#define PAGE 4096UL

struct candidate {
	uint32_t index, partner;
};

struct candidates {
	struct candidate *items;
	size_t count, capacity;
};

static uint32_t view_lines(const struct flow_table *table)
{
	return table->lines < FLOW_VIEW_LINES ? table->lines : FLOW_VIEW_LINES;
}

uint32_t flow_table_views(const struct flow_table *table)
{
	assert(table->lines);
	return table->lines / view_lines(table);
}

int flow_view_open(const struct flow_table *table, uint32_t number,
		   struct flow_view *ret_view)
{
	uint32_t count = view_lines(table);
	size_t bytes = count * sizeof(struct hg_flow);
	size_t first = number * bytes, all = table->lines * sizeof(struct hg_flow);
	unsigned char *place = mmap(NULL, bytes + PAGE, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (place == MAP_FAILED)
		return -errno;
	/* Both parts land in the place reserved above, side by side. */
	void *body = mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			  table->fd, (off_t)first);
	void *tail =
	    body == MAP_FAILED
		? MAP_FAILED
		: mmap(place + bytes, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED, table->fd, (off_t)((first + bytes) % all));
	if (tail == MAP_FAILED) {
		int r = -errno;
		munmap(place, bytes + PAGE);
		return r;
	}
	*ret_view = (struct flow_view){ .first = number * count,
					.count = count,
					.lines = (struct hg_flow *)place,
					.length = bytes + PAGE };
	return 0;
}

void flow_view_close(struct flow_view *view)
{
	if (view->lines)
		munmap(view->lines, view->length);
	view->lines = NULL;
}

static uint32_t read_ctl(const struct hg_flow *line)
{
	return __atomic_load_n(&line->ctl, __ATOMIC_ACQUIRE);
}

bool flow_copy(const struct hg_flow *line, struct hg_flow *ret_copy)
{
	uint32_t ctl = read_ctl(line);

	if ((ctl & HG_FLOW_STATE) != HG_FLOW_LIVE)
		return false;
	*ret_copy = *line;
	ret_copy->ctl = ctl;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !((read_ctl(line) ^ ctl) & HG_FLOW_IDENTITY);
}

/* Where the partner lies; a line of hg_embryos says so in a high bit, and both directions
 * are of the same table. NONE when there is none. */
static uint32_t partner_of(const struct flow_table *table, const struct hg_flow *copy)
{
	if (copy->partner == HG_FLOW_PARTNER_NONE)
		return HG_FLOW_PARTNER_NONE;
	return copy->partner & (table->lines - 1);
}

static int remember(struct candidates *list, uint32_t index, uint32_t partner)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 256;
		struct candidate *items = realloc(list->items, capacity * sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = (struct candidate){ index, partner };
	return 0;
}

static int by_partner(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->partner < y->partner ? -1 : x->partner > y->partner;
}

static int choose(const struct flow_table *table, const struct flow_view *view,
		  const struct pair_visitor *visitor, struct candidates *chosen)
{
	struct hg_flow copy;

	for (uint32_t i = 0; i < view->count; i++) {
		if (!flow_copy(&view->lines[i], &copy))
			continue;
		if (!visitor->wants(visitor->context, table, &copy))
			continue;
		int r = remember(chosen, view->first + i, partner_of(table, &copy));
		if (r < 0)
			return r;
	}
	return 0;
}

static bool view_holds(const struct flow_view *view, uint32_t index)
{
	return view->lines && index >= view->first && index - view->first < view->count;
}

/* Visit one chosen line; `other` is the view that holds its partner, if any. */
static int visit(const struct flow_table *table, const struct flow_view *view,
		 const struct flow_view *other, const struct candidate *chosen,
		 const struct pair_visitor *visitor)
{
	struct pair pair = { .table = table,
			     .index = chosen->index,
			     .line = &view->lines[chosen->index - view->first] };

	assert(view->lines);
	if (!flow_copy(pair.line, &pair.copy) ||
	    partner_of(table, &pair.copy) != chosen->partner)
		return 0;
	if (!visitor->wants(visitor->context, table, &pair.copy))
		return 0;
	if (view_holds(other, chosen->partner)) {
		struct hg_flow *partner = &other->lines[chosen->partner - other->first];

		/* Who makes the flow still holds it: xdp/line.h. */
		if (!(pair.copy.ctl & HG_FLOW_REPLY) &&
		    (read_ctl(partner) & HG_FLOW_STATE) == HG_FLOW_PENDING)
			return 0;
		if (flow_copy(partner, &pair.partner_copy) &&
		    partner_of(table, &pair.partner_copy) == pair.index &&
		    ((pair.partner_copy.ctl ^ pair.copy.ctl) & HG_FLOW_REPLY))
			pair.partner = partner;
	}
	return visitor->visit(visitor->context, &pair);
}

static void cleanup_view(struct flow_view *view)
{
	flow_view_close(view);
}

static void cleanup_candidates(struct candidates *list)
{
	free(list->items);
}

/* In the order of partners, and no more than the visitor takes. */
static void arrange(struct candidates *chosen, const struct pair_visitor *visitor)
{
	if (!chosen->count)
		return;
	qsort(chosen->items, chosen->count, sizeof(*chosen->items), by_partner);
	if (!visitor->most || chosen->count <= visitor->most)
		return;
	size_t first = visitor->turn * visitor->most % chosen->count;
	if (first > chosen->count - visitor->most)
		first = chosen->count - visitor->most;
	memmove(chosen->items, chosen->items + first,
		visitor->most * sizeof(*chosen->items));
	chosen->count = visitor->most;
}

int pairs_walk(const struct flow_table *table, const struct flow_view *view,
	       const struct pair_visitor *visitor)
{
	CLEANUP(cleanup_candidates) struct candidates chosen = { 0 };
	CLEANUP(cleanup_view) struct flow_view moved = { 0 };
	int r = choose(table, view, visitor, &chosen);

	if (r < 0)
		return r;
	arrange(&chosen, visitor);
	for (size_t i = 0; i < chosen.count; i++) {
		uint32_t partner = chosen.items[i].partner;
		const struct flow_view *other = view_holds(view, partner) ? view : &moved;

		if (partner < table->lines && !view_holds(other, partner)) {
			flow_view_close(&moved);
			r = flow_view_open(table, partner / view->count, &moved);
			if (r < 0)
				return r;
		}
		r = visit(table, view, other, &chosen.items[i], visitor);
		if (r)
			return r;
	}
	return 0;
}

int pairs_walk_table(const struct flow_table *table, const struct pair_visitor *visitor)
{
	for (uint32_t number = 0; number < flow_table_views(table); number++) {
		CLEANUP(cleanup_view) struct flow_view view = { 0 };
		int r = flow_view_open(table, number, &view);

		if (r < 0)
			return r;
		r = pairs_walk(table, &view, visitor);
		if (r)
			return r;
	}
	return 0;
}

static bool free_line(struct hg_flow *line, uint32_t ctl)
{
	return __atomic_compare_exchange_n(&line->ctl, &ctl, hg_flow_ctl_free(ctl), false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/*
 * Forward first: without it the client's next packet starts afresh, while a forward line
 * without its reply would send packets whose answers are lost.
 */
bool pair_free(struct pair *pair)
{
	bool leads = !(pair->copy.ctl & HG_FLOW_REPLY);

	if (!pair->partner)
		return free_line(pair->line, pair->copy.ctl);
	struct hg_flow *forward = leads ? pair->line : pair->partner;
	struct hg_flow *reply = leads ? pair->partner : pair->line;
	uint32_t forward_ctl = leads ? pair->copy.ctl : pair->partner_copy.ctl;
	uint32_t reply_ctl = leads ? pair->partner_copy.ctl : pair->copy.ctl;
	if (!free_line(forward, forward_ctl))
		return false;
	/* Flags may have come; the identity cannot: only its owner frees a LIVE line. */
	while (!free_line(reply, reply_ctl)) {
		uint32_t now = read_ctl(reply);

		if ((now ^ reply_ctl) & HG_FLOW_IDENTITY)
			break;
		reply_ctl = now;
	}
	return true;
}
