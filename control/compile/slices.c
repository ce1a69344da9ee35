/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EndpointSlices that lead nowhere. They are valid objects, and a Service without
 * backends is a valid state: that is why the mistake behind it must be named.
 */
#include "slices.h"

#include <stdio.h>
#include <string.h>
#include "../lib/cleanup.h"

#define NAMES_MAX 128

struct question {
	const struct cluster *cluster;
	const struct object *service;
	struct complaints *complaints;
};

static bool serves(const struct service *service, const struct slice_port *port)
{
	for (size_t i = 0; i < service->port_count; i++) {
		if (service->ports[i].protocol == port->protocol &&
		    strcmp(service->ports[i].name, port->name) == 0)
			return true;
	}
	return false;
}

/* "http"/TCP, "dns"/UDP; as many as fit. */
static void print_ports(const struct service *service, char ret_text[NAMES_MAX])
{
	size_t length = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < service->port_count; i++) {
		char one[80];
		int size = snprintf(one, sizeof(one), "%s\"%s\"/%s", i ? ", " : "",
				    service->ports[i].name,
				    protocol_print(service->ports[i].protocol));

		if (length + (size_t)size + sizeof(", …") > NAMES_MAX) {
			snprintf(ret_text + length, NAMES_MAX - length, ", …");
			return;
		}
		memcpy(ret_text + length, one, (size_t)size + 1);
		length += (size_t)size;
	}
}

static int complain_of_slice(void *context, const struct object *slice)
{
	const struct question *question = context;
	const struct object *service = question->service;
	char names[NAMES_MAX];

	if (slice->slice.skip || !slice->slice.endpoint_count)
		return 0;
	for (size_t i = 0; i < slice->slice.port_count; i++) {
		const struct slice_port *port = &slice->slice.ports[i];

		if (serves(&service->service, port))
			continue;
		const struct about about = object_about(slice, CAUSE_MISSING);

		print_ports(&service->service, names);
		complain(question->complaints, COMPLAINT_WARNING, &slice->place, &about,
			 "port \"%s\"/%s is none of Service %s/%s, which has %s: give "
			 "both the same name and protocol",
			 port->name, protocol_print(port->protocol), service->namespace,
			 service->name, names);
		return 1;
	}
	return 0;
}

void slices_complain_of_ports(const struct cluster *cluster, const struct object *service,
			      struct complaints *complaints)
{
	struct question question = { cluster, service, complaints };

	cluster_each_slice(cluster, service->namespace, service->name, complain_of_slice,
			   &question);
}

static int complain_of_orphan(void *context, const struct object *slice)
{
	const struct question *question = context;
	const char *service = slice->slice.service;

	if (!service || slice->slice.skip ||
	    cluster_find(question->cluster, OBJECT_SERVICE, slice->namespace, service))
		return 0;
	const struct about about = object_about(slice, CAUSE_MISSING);

	complain(question->complaints, COMPLAINT_WARNING, &slice->place, &about,
		 "belongs to Service %s/%s, which does not exist: correct its label "
		 "kubernetes.io/service-name or add the Service",
		 slice->namespace, service);
	return 0;
}

void slices_complain_of_orphans(const struct cluster *cluster,
				struct complaints *complaints)
{
	struct question question = { cluster, NULL, complaints };

	cluster_each(cluster, OBJECT_ENDPOINT_SLICE, complain_of_orphan, &question);
}
