// SPDX-License-Identifier: BSD-2-Clause
#include "applied.h"

#include <bpf/bpf.h>
#include <headgate/endian.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../control/lib/addr.h"

/* Every backend has a slot. */
static uint32_t table_slots(size_t backends)
{
	return backends > 97 ? 1009 : 97;
}

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "applied: %s: %s\n", what, why);
	exit(1);
}

static struct hg_addr addr_of(const char *text)
{
	struct hg_addr addr;

	if (addr_parse(text, &addr) < 0)
		give_up("not an address", text);
	return addr;
}

static int find_hop(void *context, const struct hg_addr *addr, uint32_t *ret_hop,
		    uint32_t *ret_pod_ifindex, struct hg_addr *ret_source)
{
	struct applied *applied = context;

	applied->held++;
	*ret_hop = 1 + addr->bytes[15];
	*ret_pod_ifindex = 0;
	*ret_source = addr_of("192.0.2.1");
	return 0;
}

static void release_hop(void *context, uint32_t hop)
{
	struct applied *applied = context;

	(void)hop;
	applied->held--;
}

void applied_defaults(struct applied *applied)
{
	*applied = (struct applied){
		.options = {
			.pin_root = APPLIED_ROOT,
			.flows = 1024,
			.slots = 4096,
			.backends = 64,
			.services = 64,
			.port_first = 1024,
			.port_last = 32767,
			.slot_seed = 42,
			.timeouts_s = {
				[HG_TIMEOUT_SYN] = 60,
				[HG_TIMEOUT_ESTABLISHED] = 3600,
				[HG_TIMEOUT_FIN] = 120,
				[HG_TIMEOUT_CLOSED] = 60,
				[HG_TIMEOUT_RST] = 10,
				[HG_TIMEOUT_UDP] = 30,
				[HG_TIMEOUT_UDP_STREAM] = 120,
				[HG_TIMEOUT_SCTP_INIT] = 60,
				[HG_TIMEOUT_SCTP] = 3600,
				[HG_TIMEOUT_SCTP_SHUTDOWN] = 10,
			},
		},
	};
	datapath_uninstall(APPLIED_ROOT, &applied->complaints);
	complaints_clear(&applied->complaints);
}

int applied_try_open(struct applied *applied)
{
	const struct datapath_resolver resolver = { applied, find_hop, release_hop };

	return datapath_open(&applied->options, &resolver, &applied->complaints,
			     &applied->datapath);
}

void applied_open(struct applied *applied)
{
	if (applied_try_open(applied) < 0)
		give_up("datapath_open", applied_sentence(applied));
}

void applied_close(struct applied *applied)
{
	datapath_close(applied->datapath);
	applied->datapath = NULL;
	applied->held = 0;
}

void applied_end(struct applied *applied)
{
	applied_close(applied);
	complaints_clear(&applied->complaints);
	if (datapath_uninstall(applied->options.pin_root, &applied->complaints) < 0)
		give_up("datapath_uninstall", applied_sentence(applied));
	complaints_clear(&applied->complaints);
}

const char *applied_sentence(const struct applied *applied)
{
	return applied->complaints.count ? applied->complaints.items[0].sentence : "";
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	return hash;
}

static void fill_port(struct wanted_port *port, const char *const *backends, size_t count)
{
	port->backends = calloc(count + 1, sizeof(*port->backends));
	port->slots = count ? calloc(table_slots(count), sizeof(*port->slots)) : NULL;
	port->backend_count = port->active_count = count;
	port->table_hash[0] = 0xcbf29ce484222325ULL;
	for (size_t i = 0; i < count; i++) {
		struct wanted_backend *backend = &port->backends[i];

		backend->addr = addr_of(backends[i]);
		backend->port = 8080;
		backend->weight = 1;
		port->table_hash[0] = mix(port->table_hash[0], &backend->addr, 16);
	}
	port->slot_count = count ? table_slots(count) : 0;
	for (size_t i = 0; i < port->slot_count; i++)
		port->slots[i] = (uint16_t)(i % count);
}

struct wanted_service *wanted_make(const char *name, const char *vip,
				   const char *const *backends, size_t count)
{
	struct wanted_service *service = calloc(1, sizeof(*service));
	struct wanted_port *port = calloc(1, sizeof(*port));

	service->namespace = strdup("test");
	service->name = strdup(name);
	service->ports = port;
	service->port_count = 1;
	if (asprintf(&port->key, "test/%s:http/TCP", name) < 0)
		give_up("asprintf", name);
	port->name = strdup("http");
	port->protocol = IPPROTO_TCP;
	port->port = 80;
	port->drain_s = -1;
	port->frontends = calloc(1, sizeof(*port->frontends));
	port->frontends[0].addr = addr_of(vip);
	port->frontends[0].port = 80;
	port->frontend_count = 1;
	fill_port(port, backends, count);
	return service;
}

int applied_put(struct applied *applied, const struct wanted_service *wanted)
{
	return datapath_apply(applied->datapath, wanted->namespace, wanted->name, wanted,
			      &applied->complaints);
}

int applied_delete(struct applied *applied, const char *name)
{
	return datapath_apply(applied->datapath, "test", name, NULL,
			      &applied->complaints);
}

int applied_map(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), APPLIED_ROOT "/%s", name);
	int fd = bpf_obj_get(path);
	if (fd < 0)
		give_up("no pinned map", name);
	return fd;
}

static void read_at(const char *map, const void *key, void *ret_value)
{
	int fd = applied_map(map);

	if (bpf_map_lookup_elem(fd, key, ret_value) < 0)
		give_up("lookup", map);
	close(fd);
}

bool applied_service(const char *vip, uint16_t port, uint8_t protocol,
		     struct hg_service *ret_service, uint32_t *ret_index)
{
	struct hg_frontend_key key = { .addr = addr_of(vip),
				       .port = be16(port),
				       .protocol = protocol };
	int fd = applied_map("hg_frontends");
	uint32_t index;
	bool found = bpf_map_lookup_elem(fd, &key, &index) == 0;

	close(fd);
	if (!found)
		return false;
	if (ret_index)
		*ret_index = index;
	read_at("hg_services", &index, ret_service);
	return true;
}

struct hg_member applied_member(const struct hg_service *service, uint32_t position)
{
	uint32_t index = service->member_base + position;
	struct hg_member member;

	read_at("hg_members", &index, &member);
	return member;
}

struct hg_slot applied_slot(const struct hg_service *service, uint32_t slot)
{
	uint32_t bits = hg_slot_bits(service->flags);
	uint32_t index = service->slot_base + hg_slot_element(slot, bits);
	uint64_t element;

	read_at("hg_slots", &index, &element);
	return (struct hg_slot){ hg_slot_position(element, slot, bits, 0),
				 hg_slot_position(element, slot, bits, 1) };
}

uint64_t applied_seed(void)
{
	struct hg_state state;
	uint32_t zero = 0;

	read_at("hg_state", &zero, &state);
	return state.seed;
}

struct hg_backend applied_backend(uint32_t index)
{
	struct hg_backend backend;

	read_at("hg_backends", &index, &backend);
	return backend;
}

uint32_t applied_find(const struct hg_service *service, const char *addr)
{
	struct hg_addr wanted = addr_of(addr);

	for (uint32_t i = 0; i < service->member_count; i++) {
		uint32_t index = applied_member(service, i).backend;

		if (!index)
			continue;
		struct hg_backend backend = applied_backend(index);
		if (!addr_compare(&backend.addr, &wanted))
			return index;
	}
	return 0;
}

uint32_t applied_live_backends(void)
{
	int fd = applied_map("hg_backends");
	struct hg_backend backend;
	uint32_t live = 0;

	for (uint32_t i = 1; bpf_map_lookup_elem(fd, &i, &backend) == 0; i++)
		live += backend.flags & HG_BACKEND_LIVE;
	close(fd);
	return live;
}

bool applied_tick_until(struct applied *applied, bool (*holds)(void *context),
			void *context, unsigned seconds)
{
	const struct timespec step = { .tv_nsec = 20000000 };

	for (unsigned i = 0; i < seconds * 50; i++) {
		datapath_tick(applied->datapath);
		if (holds(context))
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}
