// SPDX-License-Identifier: BSD-2-Clause
/*
 * control fill ROOT COUNT: live TCP flows of Service number 0, written straight into the
 * flow table as the datapath leaves them: both directions linked, seen just now. So many
 * flows that are kept would take as many clients; the sweeper cannot tell.
 */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <headgate/endian.h>
#include <headgate/hash.h>
#include "../../control/lib/addr.h"
#include "frames.h"

#define SEEN (HG_FLOW_SYN | HG_FLOW_ACK)

struct table {
	struct hg_flow *lines; /* mapped */
	uint32_t mask, now;
	uint64_t seed;
	uint32_t index; /* of the backend */
	struct hg_backend backend;
};

static void read_element(const char *root, const char *name, const void *key,
			 void *ret_value)
{
	if (bpf_map_lookup_elem(control_map(root, name), key, ret_value) < 0)
		control_fail(name, strerror(errno));
}

static void find_backend(struct table *table, const char *root)
{
	struct hg_frontend_key key = { .addr = control_service(0),
				       .port = be16(SERVICE_PORT),
				       .protocol = IPPROTO_TCP };
	struct hg_service service;
	struct hg_member member;
	uint32_t index;

	read_element(root, "hg_frontends", &key, &index);
	read_element(root, "hg_services", &index, &service);
	index = service.member_base;
	read_element(root, "hg_members", &index, &member);
	table->index = member.backend;
	read_element(root, "hg_backends", &table->index, &table->backend);
}

static uint64_t read_seed(const char *root)
{
	struct hg_state state;
	uint32_t zero = 0;

	read_element(root, "hg_state", &zero, &state);
	return state.seed;
}

static void map_table(struct table *table, const char *root)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	int map = control_map(root, "hg_flows");
	struct timespec now;

	if (bpf_obj_get_info_by_fd(map, &info, &length) < 0)
		control_fail("hg_flows", strerror(errno));
	table->mask = info.max_entries - 1;
	table->seed = read_seed(root);
	table->lines = mmap(NULL, info.max_entries * sizeof(struct hg_flow),
			    PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (table->lines == MAP_FAILED)
		control_fail("hg_flows", strerror(errno));
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	table->now =
	    (uint32_t)(((uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec) >>
		       HG_TICK_SHIFT);
}

/* Index of a free line in the key's window; raises the home line's reach. */
static uint32_t take_line(struct table *table, const struct hg_flow_key *key)
{
	uint32_t home = (uint32_t)hg_hash_flow(key, table->seed) & table->mask;

	for (uint32_t distance = 0; distance < HG_FLOW_WINDOW; distance++) {
		struct hg_flow *line = &table->lines[(home + distance) & table->mask];

		if ((line->ctl & HG_FLOW_STATE) != HG_FLOW_FREE)
			continue;
		if (table->lines[home].reach < distance)
			table->lines[home].reach = (uint8_t)distance;
		line->key = *key;
		line->ctl = (line->ctl & ~0xffffU) | HG_FLOW_PENDING;
		return (home + distance) & table->mask;
	}
	control_fail("hg_flows", "a window is full");
}

static void publish(struct table *table, uint32_t index, uint32_t partner, uint32_t flags)
{
	struct hg_flow *line = &table->lines[index];

	line->partner = partner;
	line->backend = table->index | (uint32_t)table->backend.generation
					   << HG_BACKEND_BITS;
	line->seen = table->now;
	line->hop = 0;
	line->route_epoch = 0;
	line->snat = flags & HG_FLOW_REPLY ? 0 : table->backend.snat;
	__atomic_store_n(&line->ctl, (line->ctl & ~0xffffU) | HG_FLOW_LIVE | SEEN | flags,
			 __ATOMIC_RELEASE);
}

static void add_flow(struct table *table, uint32_t number)
{
	struct hg_addr client;

	addr_from_v4(htonl(0xc6120001U + number / 16384), &client);
	const struct hg_flow_key forward = {
		.src = client,
		.dst = table->backend.vip,
		.sport = be16((uint16_t)(1024 + number % 16384)),
		.dport = table->backend.vport,
		.protocol = IPPROTO_TCP,
	};
	/* Ports alone cannot tell 100,000 replies apart: the source address does too. */
	const struct hg_flow_key reply = {
		.src = control_endpoint(number / 16384, 1, 0),
		.dst = client,
		.sport = table->backend.port,
		.dport = be16((uint16_t)(1024 + number % 16384)),
		.protocol = IPPROTO_TCP,
		.snat = table->backend.snat ?: 1,
	};
	uint32_t back = take_line(table, &reply), forth = take_line(table, &forward);

	table->lines[forth].port = reply.dport;
	table->lines[back].port = forward.sport;
	publish(table, back, forth, HG_FLOW_REPLY);
	publish(table, forth, back, 0);
}

int fill_main(int argc, char **argv)
{
	struct table table;

	if (argc != 3)
		control_fail("usage", "control fill ROOT COUNT");
	uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);

	find_backend(&table, argv[1]);
	map_table(&table, argv[1]);
	for (uint32_t i = 0; i < count; i++)
		add_flow(&table, i);
	return 0;
}
