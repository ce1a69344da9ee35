// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as a manifest. Beyond not crashing: what is accepted keeps the promises that
 * the rest of the daemon builds on, and what is refused says where and why.
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "../../control/source/manifests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_protocol(uint8_t protocol)
{
	assert(protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
	       protocol == IPPROTO_SCTP);
}

static void check_service(const struct service *service)
{
	const struct check_spec *check = &service->options.check;

	assert(service->cluster_ips.count <= 2);
	assert(service->skip || service->port_count);
	for (size_t i = 0; i < service->port_count; i++) {
		assert(service->ports[i].port && service->ports[i].name);
		check_protocol(service->ports[i].protocol);
	}
	for (size_t i = 0; i < service->external_ips.count; i++)
		assert(!addr_is_zero(&service->external_ips.items[i]));
	assert(check->rise && check->fall && check->interval_ms && check->timeout_ms);
	assert(check->status_first <= check->status_last);
	assert(check->path || (check->type != CHECK_HTTP && check->type != CHECK_HTTPS));
	assert(check->send || (check->type != CHECK_UDP && check->type != CHECK_DNS));
	assert(service->options.table_size <= 655373);
}

static void check_slice(const struct endpoint_slice *slice)
{
	for (size_t i = 0; i < slice->port_count; i++) {
		assert(slice->ports[i].port && slice->ports[i].name);
		check_protocol(slice->ports[i].protocol);
	}
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		assert(addr_is_v4(&slice->endpoints[i].addr) != slice->is_v6);
		assert(slice->endpoints[i].weight <= 256);
	}
}

static int check_object(void *context, struct object *object)
{
	(void)context;
	assert(object->name && *object->name && object->namespace);
	assert(object->place.file && object->place.line);
	if (object->kind == OBJECT_SERVICE)
		check_service(&object->service);
	if (object->kind == OBJECT_ENDPOINT_SLICE)
		check_slice(&object->slice);
	object_free(object);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaints complaints = { 0 };
	int r = manifest_read((const char *)data, size, "fuzz.yaml", check_object, NULL,
			      &complaints);

	assert(r == 0 || r == -EBADMSG);
	assert(r == 0 || complaints_have_errors(&complaints));
	for (size_t i = 0; i < complaints.count; i++) {
		const struct complaint *complaint = &complaints.items[i];
		assert(complaint->sentence && *complaint->sentence);
		assert(complaint->place.line || size > 4U << 20);
	}
	complaints_clear(&complaints);
	return 0;
}
