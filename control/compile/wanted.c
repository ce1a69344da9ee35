/* SPDX-License-Identifier: BSD-2-Clause */
#include "wanted.h"

#include <stdlib.h>
#include "job.h"

void wanted_port_clear(struct wanted_port *port)
{
	for (size_t i = 0; i < port->backend_count; i++) {
		free(port->backends[i].node);
		free(port->backends[i].pod);
	}
	free(port->backends);
	free(port->frontends);
	free(port->slots);
	free(port->source_ranges.items);
	free(port->key);
	free(port->name);
	*port = (struct wanted_port){ 0 };
}

void wanted_service_drop_slots(struct wanted_service *service)
{
	for (size_t i = 0; i < service->port_count; i++) {
		free(service->ports[i].slots);
		service->ports[i].slots = NULL;
	}
}

void wanted_service_free(struct wanted_service *service)
{
	if (!service)
		return;
	for (size_t i = 0; i < service->port_count; i++)
		wanted_port_clear(&service->ports[i]);
	free(service->ports);
	free(service->checks);
	free(service->check.path);
	free(service->check.host);
	free(service->check.send);
	free(service->check.expect);
	free(service->namespace);
	free(service->name);
	free(service);
}
