/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan as text: Services by namespace and name, groups by key, one fact per line.
 * Equal plans print equally, so that two may be compared with diff(1).
 */
#include "compile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "../lib/cleanup.h"
#include "table.h"

static const char *const STATES[] = {
	[BACKEND_ACTIVE] = "active",
	[BACKEND_STANDBY] = "standby",
	[BACKEND_DOWN] = "down",
};
static const char *const KINDS[] = {
	[FRONTEND_CLUSTER_IP] = "clusterIP",
	[FRONTEND_EXTERNAL_IP] = "externalIP",
	[FRONTEND_LOAD_BALANCER] = "loadBalancer",
};
static const char *const HEALTHS[] = {
	[HEALTH_NONE] = "",
	[HEALTH_UNKNOWN] = " health unknown",
	[HEALTH_UP] = " health up",
	[HEALTH_DOWN] = " health down",
};
static const char *const CHECKS[] = {
	[CHECK_NONE] = "none",	 [CHECK_TCP] = "tcp", [CHECK_HTTP] = "http",
	[CHECK_HTTPS] = "https", [CHECK_UDP] = "udp", [CHECK_DNS] = "dns",
};
static const struct {
	uint32_t flag;
	const char *word;
} FLAGS[] = {
	{ HG_SERVICE_INSIDE_ONLY, " inside-only" },
	{ HG_SERVICE_SOURCE_RANGES, " source-ranges" },
	{ HG_SERVICE_AFFINITY, " affinity" },
	{ HG_SERVICE_NAT, " nat" },
	{ HG_SERVICE_DROP, " drop-when-empty" },
	{ HG_SERVICE_NO_LOCAL, " no-local-backend" },
	{ HG_SERVICE_SHARED, " shared" },
};

static void print_frontends(FILE *out, const struct wanted_port *port)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < port->frontend_count; i++) {
		const struct wanted_frontend *frontend = &port->frontends[i];

		fprintf(out, "    frontend %s/%s %s",
			addr_print_port(&frontend->addr, frontend->port, text),
			protocol_print(port->protocol), KINDS[frontend->kind]);
		for (size_t flag = 0; flag < sizeof(FLAGS) / sizeof(FLAGS[0]); flag++) {
			if (frontend->flags & FLAGS[flag].flag)
				fputs(FLAGS[flag].word, out);
		}
		fputc('\n', out);
	}
	for (size_t i = 0; i < port->source_ranges.count; i++)
		fprintf(out, "    source-range %s\n",
			cidr_print(&port->source_ranges.items[i], text));
}

static int print_backends(FILE *out, const struct wanted_port *port)
{
	_cleanup_free_ uint32_t *shares =
	    calloc(port->backend_count + 1, sizeof(*shares));
	char text[ADDR_TEXT];

	if (!shares)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < port->slot_count; slot++)
		shares[port->slots[slot]]++;
	for (size_t i = 0; i < port->backend_count; i++) {
		const struct wanted_backend *backend = &port->backends[i];

		fprintf(out, "    backend %s %s weight %u slots %u%s%s",
			addr_print_port(&backend->addr, backend->port, text),
			STATES[backend->state], backend->weight, shares[i],
			HEALTHS[backend->health],
			backend->terminating ? " terminating" : "");
		if (backend->node)
			fprintf(out, " node %s", backend->node);
		if (backend->pod)
			fprintf(out, " pod %s", backend->pod);
		fputc('\n', out);
	}
	return 0;
}

static int print_port(FILE *out, const struct wanted_port *port)
{
	fprintf(out, "  group %s\n    table ", port->key);
	if (port->slot_count)
		fprintf(out, "%s %u slots", table_algorithm_name(port->algorithm),
			port->slot_count);
	else
		fputs("none", out);
	fputs(port->forwarding == FORWARD_NAT ? ", nat" : ", snat", out);
	if (port->affinity_s)
		fprintf(out, ", affinity %u s", port->affinity_s);
	if (port->drain_s >= 0)
		fprintf(out, ", drain %" PRId64 " s", port->drain_s);
	fputc('\n', out);
	print_frontends(out, port);
	return print_backends(out, port);
}

static void print_checks(FILE *out, const struct wanted_service *service)
{
	const struct check_spec *check = &service->check;
	char text[ADDR_TEXT];

	if (check->type == CHECK_NONE)
		return;
	fprintf(out, "  check %s every %u ms, timeout %u ms, rise %u, fall %u",
		CHECKS[check->type], check->interval_ms, check->timeout_ms, check->rise,
		check->fall);
	if (check->path)
		fprintf(out, ", path %s", check->path);
	if (check->host)
		fprintf(out, ", host %s", check->host);
	if (check->type == CHECK_HTTP || check->type == CHECK_HTTPS)
		fprintf(out, ", status %u-%u", check->status_first, check->status_last);
	fputc('\n', out);
	for (size_t i = 0; i < service->check_count; i++)
		fprintf(out, "    target %s\n",
			addr_print_port(&service->checks[i].addr, service->checks[i].port,
					text));
}

struct printer {
	const struct compile_input *input;
	FILE *out;
	struct complaints *complaints;
};

static int print_service(void *context, const struct object *object)
{
	struct printer *printer = context;
	struct wanted_service *service;
	int r;

	r = compile_service(printer->input, object->namespace, object->name,
			    printer->complaints, &service);
	if (r < 0 || !service)
		return r;
	fprintf(printer->out, "service %s/%s\n", service->namespace, service->name);
	for (size_t i = 0; r == 0 && i < service->port_count; i++)
		r = print_port(printer->out, &service->ports[i]);
	print_checks(printer->out, service);
	wanted_service_free(service);
	return r;
}

int compile_print_plan(const struct compile_input *input, FILE *out,
		       struct complaints *complaints)
{
	struct printer printer = {
		.input = input,
		.out = out,
		.complaints = complaints,
	};

	return cluster_each(input->cluster, OBJECT_SERVICE, print_service, &printer);
}
