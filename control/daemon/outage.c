/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Service that lost all its backends at once is worth a word beyond each backend's own:
 * it is what an operator looks for first. It stands in `status` as long as it is true.
 */
#include "outage.h"

#include <stdio.h>
#include <string.h>

/* How many backends, all of which fail; 0 when one does not. */
static size_t count_failed(const struct wanted_port *port)
{
	size_t failed = 0;

	for (size_t i = 0; i < port->backend_count; i++) {
		const struct wanted_backend *backend = &port->backends[i];

		if (backend->state == BACKEND_STANDBY ||
		    (backend->state == BACKEND_ACTIVE && backend->health != HEALTH_DOWN))
			return 0;
		failed += backend->health == HEALTH_DOWN;
	}
	return failed;
}

/* The same port's list for all nodes, of which this one's is a part, says it already. */
static bool is_told(const struct wanted_service *service, size_t at)
{
	const struct wanted_port *port = &service->ports[at];

	for (size_t i = 0; i < at; i++) {
		const struct wanted_port *earlier = &service->ports[i];

		if (earlier->port == port->port && earlier->protocol == port->protocol &&
		    earlier->is_v6 == port->is_v6 && count_failed(earlier))
			return true;
	}
	return false;
}

void outage_complain(const struct wanted_service *service, const struct about *about,
		     struct complaints *complaints)
{
	char which[64] = "";

	for (size_t i = 0; i < service->port_count; i++) {
		const struct wanted_port *port = &service->ports[i];
		size_t failed = count_failed(port);

		if (!failed || is_told(service, i))
			continue;
		if (service->port_count > 1)
			snprintf(which, sizeof(which), "port %u/%s (IPv%d): ", port->port,
				 protocol_print(port->protocol), port->is_v6 ? 6 : 4);
		if (port->active_count)
			complain(complaints, COMPLAINT_WARNING, NULL, about,
				 "%sall %zu backends fail their check, all are used "
				 "(headgate.io/panic)",
				 which, failed);
		else
			complain(complaints, COMPLAINT_WARNING, NULL, about,
				 "%sall %zu backends fail their check, none is used "
				 "(headgate.io/panic)",
				 which, failed);
	}
}
