/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walk a flow table window by window and see each chosen line together with its partner,
 * which usually lies in another window. The chosen lines of a window are sorted by where
 * their partners lie and visited one partner window at a time, so the number of mappings
 * depends on the size of the table, not on the number of flows.
 */
#ifndef DATAPATH_PAIRS_H
#define DATAPATH_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headgate/abi.h>

#define FLOW_VIEW_LINES 65536U /* 4 MiB */

struct flow_table {
	int fd;		/* of a page-aligned BPF_F_MMAPABLE array of struct hg_flow */
	uint32_t lines; /* a power of two */
	bool embryonic;
};

/* Lines [first, first + count) and the page of lines that follows them, wrapping. */
struct flow_view {
	uint32_t first, count;
	struct hg_flow *lines;
	size_t length;
};

uint32_t flow_table_views(const struct flow_table *table);
int flow_view_open(const struct flow_table *table, uint32_t number,
		   struct flow_view *ret_view);
void flow_view_close(struct flow_view *view);
/* A line as it was at one instant. False: it is not LIVE, or changed meanwhile. */
bool flow_copy(const struct hg_flow *line, struct hg_flow *ret_copy);

struct pair {
	const struct flow_table *table;
	uint32_t index;
	struct hg_flow *line;
	struct hg_flow copy;
	struct hg_flow *partner; /* NULL: none, or it is not ours */
	struct hg_flow partner_copy;
};

struct pair_visitor {
	void *context;
	bool (*wants)(void *context, const struct flow_table *table,
		      const struct hg_flow *copy);
	/* Non-zero stops the walk and is returned by it. */
	int (*visit)(void *context, struct pair *pair);
	/*
	 * Pairs visited per view at most, 0: all. Those taken lie side by side in the order
	 * of their partners, from a place that `turn` chooses, so that none starves.
	 */
	size_t most;
	size_t turn;
};

/* Visit the pairs led by the lines of an open view. */
int pairs_walk(const struct flow_table *table, const struct flow_view *view,
	       const struct pair_visitor *visitor);
/* All views of a table. */
int pairs_walk_table(const struct flow_table *table, const struct pair_visitor *visitor);

/* Free the forward line, then the reply, when neither changed since it was copied. True:
 * the flow is gone. */
bool pair_free(struct pair *pair);

#endif
