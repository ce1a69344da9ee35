// SPDX-License-Identifier: BSD-2-Clause
/*
 * control change ROOT FOLDER SERVICES COUNT CPU
 *
 * How long a change takes, from the rename of its file to the map that shows it. One more
 * Service than there are, number SERVICES with 10 endpoints, lives in a file of its own:
 *   endpoint-change   one endpoint leaves or comes back: the frontend names another record
 *   service-change    its port becomes another: the new frontend appears
 * The map is read in a loop on the CPU given, so that the reader does not wait to be woken.
 */
#include "control.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <headgate/endian.h>
#include <netinet/in.h>
#include "../../control/lib/addr.h"
#include "sample.h"

#define ENDPOINTS   10
#define PATIENCE_MS 10000

struct change {
	const char *folder;
	uint32_t number;
	int frontends;
	uint16_t port;	    /* of the Service */
	uint32_t endpoints; /* that it has */
};

static void write_manifest(const void *context, FILE *out)
{
	const struct change *change = context;
	struct hg_addr vip = control_service(change->number);
	char text[ADDR_TEXT];

	fprintf(out,
		"apiVersion: v1\nkind: Service\nmetadata: {name: changing}\nspec:\n"
		"  clusterIP: %s\n  ports: [{name: tcp, port: %u, protocol: TCP}]\n---\n",
		addr_print(&vip, text), change->port);
	fprintf(out,
		"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n"
		"  name: changing-v4\n"
		"  labels: {kubernetes.io/service-name: changing}\n"
		"addressType: IPv4\nports: [{name: tcp, port: 8080, protocol: TCP}]\n"
		"endpoints:\n");
	for (uint32_t i = 0; i < change->endpoints; i++) {
		struct hg_addr addr = control_endpoint(change->number, ENDPOINTS, i);

		fprintf(out, "- {addresses: [%s]}\n", addr_print(&addr, text));
	}
}

/* What the frontend names; 0: it is not there. */
static uint32_t service_record(const struct change *change)
{
	struct hg_frontend_key key = { .addr = control_service(change->number),
				       .port = be16(change->port),
				       .protocol = IPPROTO_TCP };
	uint32_t record;

	return bpf_map_lookup_elem(change->frontends, &key, &record) == 0 ? record : 0;
}

/* Until the map shows another record than before. */
static double await(const struct change *change, uint32_t before, double begun_ms)
{
	double now_ms;

	for (;;) {
		uint32_t record = service_record(change);

		now_ms = control_now_ms();
		if (record && record != before)
			return now_ms - begun_ms;
		if (now_ms - begun_ms > PATIENCE_MS)
			control_fail("change", "not in the map within 10 s");
	}
}

static void measure(struct change *change, bool of_service, unsigned services,
		    unsigned long count)
{
	const struct subject subject = {
		"control",  of_service ? "service-change" : "endpoint-change",
		"headgate", services,
		0,	    0
	};
	struct samples ms = { .count = 0 };
	double begun_ms;

	for (unsigned long i = 0; i < count; i++) {
		if (of_service)
			change->port++;
		else
			change->endpoints = ENDPOINTS - (i + 1) % 2;
		uint32_t before = service_record(change);

		control_replace(change->folder, write_manifest, change, &begun_ms);
		sample_add(&ms, await(change, before, begun_ms));
	}
	sample_print(&subject, "ms", &ms);
}

int change_main(int argc, char **argv)
{
	double begun_ms;

	if (argc != 6)
		control_fail("usage", "control change ROOT FOLDER SERVICES COUNT CPU");
	unsigned services = (unsigned)strtoul(argv[3], NULL, 10);
	unsigned long count = strtoul(argv[4], NULL, 10);
	struct change change = { .folder = argv[2],
				 .number = services,
				 .frontends = control_map(argv[1], "hg_frontends"),
				 .port = 1000,
				 .endpoints = ENDPOINTS };

	control_pin(strtoul(argv[5], NULL, 10));
	control_replace(change.folder, write_manifest, &change, &begun_ms);
	await(&change, 0, begun_ms);
	measure(&change, false, services, count);
	measure(&change, true, services, count);
	close(change.frontends);
	return 0;
}
