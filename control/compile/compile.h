/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster + health + time → wanted datapath state. Pure: no I/O, no clock, no log.
 */
#ifndef COMPILE_COMPILE_H
#define COMPILE_COMPILE_H

#include <stdio.h>
#include "../cluster/cluster.h"
#include "wanted.h"

struct compile_input {
	const struct cluster *cluster;
	const char *node_name; /* this node */
	bool cluster_cidr;     /* --cluster-cidr given: clusterIPs stay inside */
	uint64_t seed;	       /* of the lookup tables, the same on all balancers */
	/* HEALTH_UNKNOWN / _UP / _DOWN of one check; NULL: nothing is checked, all are
	 * HEALTH_NONE */
	int (*health)(void *context, const struct hg_addr *addr, uint16_t port,
		      const struct check_spec *check);
	void *health_context;
	/*
	 * Whether an endpoint is out of the tables in force. Asked while its health is not
	 * known: a restart does not send traffic to a backend that was known to be dead.
	 * NULL: none is.
	 */
	bool (*is_out)(void *context, const struct hg_addr *addr, uint16_t port,
		       uint8_t protocol);
	void *is_out_context;
};

/*
 * Compile one Service. *ret_service is NULL when the Service is gone or is not proxied.
 * 0, or -ENOMEM. What cannot be honoured becomes a complaint.
 */
int compile_service(const struct compile_input *input, const char *namespace,
		    const char *name, struct complaints *complaints,
		    struct wanted_service **ret_service);

/* The plan of all Services, as text, stable and readable: what --print-plan shows. 0 or
 * -ENOMEM. */
int compile_print_plan(const struct compile_input *input, FILE *out,
		       struct complaints *complaints);

#endif
