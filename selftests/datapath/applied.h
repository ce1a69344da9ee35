/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A datapath of the control process on a pin folder of its own, a resolver that knows
 * every address, and Services wanted by hand. Reads the pinned maps back as anybody could.
 */
#ifndef DATAPATH_APPLIED_H
#define DATAPATH_APPLIED_H

#include <headgate/slot.h>
#include "../../control/datapath/datapath.h"

#define APPLIED_ROOT "/sys/fs/bpf/hgtest-apply"

struct applied {
	struct datapath *datapath;
	struct complaints complaints;
	struct datapath_options options;
	int held; /* hops found and not released */
};

/* Small tables; the folder is removed first. */
void applied_defaults(struct applied *applied);
/* The test ends when this fails; applied_try_open() leaves the complaint. */
void applied_open(struct applied *applied);
int applied_try_open(struct applied *applied);
void applied_close(struct applied *applied);
/* Close and remove every trace. */
void applied_end(struct applied *applied);
const char *applied_sentence(const struct applied *applied); /* of the first complaint */

/* A Service with one TCP port 80 on `vip` over these backends ("10.1.0.1", …, port 8080),
 * table of 97 slots (1009 for more than 97 backends) dealt in turn; freed by wanted_service_free(). */
struct wanted_service *wanted_make(const char *name, const char *vip,
				   const char *const *backends, size_t count);
int applied_put(struct applied *applied, const struct wanted_service *wanted);
int applied_delete(struct applied *applied, const char *name);

/* ---- what the maps say ---- */
int applied_map(const char *name); /* descriptor of a pinned map; the test ends without */
/* The service record of a frontend. False: it is not in force. */
bool applied_service(const char *vip, uint16_t port, uint8_t protocol,
		     struct hg_service *ret_service, uint32_t *ret_index);
struct hg_member applied_member(const struct hg_service *service, uint32_t position);
struct hg_slot applied_slot(const struct hg_service *service, uint32_t slot);
/* Of the flow tables, as the loaded programs have it. */
uint64_t applied_seed(void);
struct hg_backend applied_backend(uint32_t index);
/* Index of the backend with this address behind a frontend, 0: none. */
uint32_t applied_find(const struct hg_service *service, const char *addr);
uint32_t applied_live_backends(void);

/* Tick until the condition holds, at most this long. */
bool applied_tick_until(struct applied *applied, bool (*holds)(void *context),
			void *context, unsigned seconds);

#endif
