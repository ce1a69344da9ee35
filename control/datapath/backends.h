/* SPDX-License-Identifier: BSD-2-Clause */
/* Backend records: entered, resolved, changed in place, freed with the next generation. */
#ifndef DATAPATH_BACKENDS_H
#define DATAPATH_BACKENDS_H

#include "state.h"

/* What a backend is entered with; the rest is found here. */
struct backend_spec {
	struct frontend *frontend;
	struct endpoint endpoint; /* a key */
	uint8_t flags;
	uint32_t service; /* id */
};

/* Give a backend an index and write its record. 0, or -ENOSPC, -EAGAIN, -ENOMEM, -errno. */
int backend_enter(struct datapath *datapath, const struct backend_spec *spec,
		  struct complaints *complaints, uint32_t *ret_index);
/* Take over a LIVE record found in the map. 0 or -errno: it cannot be one of ours. */
int backend_adopt(struct datapath *datapath, uint32_t index,
		  const struct hg_backend *record, struct frontend *frontend);
/* It was entered, but no frontend has named it yet. */
void backend_discard(struct datapath *datapath, uint32_t index);
/* Flows lose it at once; the index rests, then gets another meaning. 0 or -errno. */
int backend_free(struct datapath *datapath, uint32_t index);

/* All zero when the backend is not in use. */
static inline const struct endpoint *backend_endpoint(const struct datapath *datapath,
						      const struct backend *backend)
{
	return &datapath->endpoints.items[backend->endpoint];
}

/* Ask the resolver again and write what changed. 0 or -errno. */
int backend_resolve(struct datapath *datapath, uint32_t index,
		    struct complaints *complaints);
/* Change flags (of those in mask) and service id in place. 0 or -errno. */
int backend_mark(struct datapath *datapath, uint32_t index, uint8_t flags,
		 uint32_t service);

/* Wanted again, or no longer: then it waits in the list of departed ones. */
void backend_return(struct datapath *datapath, uint32_t index);
void backend_depart(struct datapath *datapath, uint32_t index, int64_t drain_s,
		    uint64_t now_ns);

#endif
