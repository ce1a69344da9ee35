/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pieces of compile_service(): one job is one service port in one family for one
 * traffic policy list, and becomes one struct wanted_port. Inside compile/ only.
 */
#ifndef COMPILE_JOB_H
#define COMPILE_JOB_H

#include "compile.h"
#include "endpoints.h"

struct job {
	const struct compile_input *input;
	const struct object *object; /* the Service */
	const struct service_port *port;
	struct viewpoint viewpoint;
	bool is_v6;
	bool local; /* the Local list */
	struct complaints *complaints;
};

/*
 * The frontends that follow this job's list, their flags, and the source ranges. One that
 * an earlier Service holds is left out with a complaint. 0 or -ENOMEM.
 */
int frontends_fill(const struct job *job, struct wanted_port *port);

/* Warn, once for a Service, of load balancer addresses that source ranges of the other
 * family alone leave open, as kube-proxy does. */
void frontends_warn_of_open(const struct job *job);

/* Backends in their states, and the table over the active ones. 0 or -ENOMEM. */
int backends_fill(const struct job *job, const struct endpoint_list *list,
		  struct wanted_port *port);

void wanted_port_clear(struct wanted_port *port);

#endif
