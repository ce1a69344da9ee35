/* SPDX-License-Identifier: BSD-2-Clause */
#include "chains.h"

#include <stdio.h>

static const struct object *frontend_at(const struct job *job,
					const struct endpoint *endpoint)
{
	return cluster_find_frontend_owner(job->input->cluster, &endpoint->from->addr,
					   endpoint->port, job->port->protocol);
}

static void complain_of_chain(const struct job *job, const struct endpoint *endpoint,
			      size_t more)
{
	const struct object *owner = frontend_at(job, endpoint);
	const struct about about = object_about(job->object, CAUSE_IGNORED);
	char text[ADDR_TEXT], others[40] = "";

	if (more)
		snprintf(others, sizeof(others), " (and %zu more)", more);
	complain(job->complaints, COMPLAINT_WARNING, &job->object->place, &about,
		 "endpoint %s/%s%s gets no traffic because it is itself a frontend, of "
		 "Service %s/%s, and packets would come back here: name the addresses of "
		 "its backends instead",
		 addr_print_port(&endpoint->from->addr, endpoint->port, text),
		 protocol_print(job->port->protocol), others, owner->namespace,
		 owner->name);
}

void chains_leave_out(const struct job *job, struct endpoint_list *list)
{
	struct endpoint first = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct endpoint endpoint = list->items[i];

		if (!frontend_at(job, &endpoint))
			list->items[kept++] = endpoint;
		else if (!first.from)
			first = endpoint;
	}
	if (first.from)
		complain_of_chain(job, &first, list->count - kept - 1);
	list->count = kept;
}
