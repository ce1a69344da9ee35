/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backends of one service port as the datapath counts them, one view for each virtual
 * address, sorted by backend so that a backend's views lie together.
 */
#ifndef SERVE_VIEWS_H
#define SERVE_VIEWS_H

#include "api_state.h"

struct views {
	struct datapath_backend_view *items; /* sorted by addr, port, vip */
	size_t count, capacity;
};

/* 0 or -ENOMEM. The port may be unknown to the datapath: then there are none. */
int views_read(const struct api_state *api, const char *port_key,
	       struct views *ret_views);
void views_clear(struct views *views);
/* The first of the views of a backend and how many there are; 0: none. */
size_t views_find(const struct views *views, const struct hg_addr *addr, uint16_t port,
		  size_t *ret_first);
void views_add(struct datapath_counters *sum, const struct datapath_counters *counters);

#endif
