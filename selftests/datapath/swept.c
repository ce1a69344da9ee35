// SPDX-License-Identifier: BSD-2-Clause
#include "swept.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <headgate/endian.h>
#include <headgate/hash.h>

#define VIP "10.96.0.10"

struct swept swept;
static const char *const AB[] = { "10.1.0.1", "10.1.0.2" };

static struct hg_flow *map_lines(const char *name, uint32_t lines)
{
	int fd = applied_map(name);
	void *memory = mmap(NULL, lines * sizeof(struct hg_flow), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);

	assert_true(memory != MAP_FAILED);
	close(fd);
	return memory;
}

int swept_setup(void **state)
{
	struct hg_service service;

	(void)state;
	applied_defaults(&swept.applied);
	swept.applied.options.flows = LINES / 4;
	applied_open(&swept.applied);
	struct wanted_service *wanted = wanted_make("cart", VIP, AB, 2);
	assert_int_equal(applied_put(&swept.applied, wanted), 0);
	wanted_service_free(wanted);
	applied_service(VIP, 80, IPPROTO_TCP, &service, NULL);
	swept.backend = applied_find(&service, AB[0]);
	swept.generation = applied_backend(swept.backend).generation;
	swept.seed = applied_seed();
	swept.flows = map_lines("hg_flows", LINES);
	swept.embryos = map_lines("hg_embryos", 65536);
	return 0;
}

int swept_teardown(void **state)
{
	(void)state;
	munmap(swept.flows, LINES * sizeof(*swept.flows));
	munmap(swept.embryos, 65536 * sizeof(*swept.embryos));
	applied_end(&swept.applied);
	return 0;
}

uint32_t now_tick(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (
	    uint32_t)(((uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec) >>
		      HG_TICK_SHIFT);
}

/* A flow of client port `port`: forward line in place, reply where told. */
uint32_t put_flow(struct hg_flow *table, uint32_t reply, uint16_t port, uint32_t idle_s)
{
	bool main_table = table == swept.flows;
	uint32_t mask = main_table ? LINES - 1 : 65535, bit = main_table ? 0 : EMBRYO;
	struct hg_flow line = {
		.ctl = HG_FLOW_LIVE | HG_FLOW_SYN | HG_FLOW_ACK,
		.backend = swept.backend | swept.generation << HG_BACKEND_BITS,
		.seen = now_tick() - HG_TICKS(idle_s),
		.partner = reply | bit,
		.port = be16(40000),
		.snat = 1,
	};

	line.key.src.words[3] = 0x01020304;
	line.key.sport = be16(port);
	line.key.dport = be16(80);
	line.key.protocol = IPPROTO_TCP;
	uint32_t index = (uint32_t)hg_hash_flow(&line.key, swept.seed) & mask;
	line.reach = table[index].reach;
	table[index] = line;
	line.ctl |= HG_FLOW_REPLY;
	line.partner = index | bit;
	table[reply] = line;
	return index;
}

void sweep_all(void)
{
	/* 4 views and 1; twice, wherever the sweeper stands. */
	for (int i = 0; i < 10; i++)
		datapath_tick(swept.applied.datapath);
}

bool is_live(const struct hg_flow *line)
{
	return (line->ctl & HG_FLOW_STATE) == HG_FLOW_LIVE;
}

uint64_t expired_flows(void)
{
	uint64_t value = 0;
	int fd = applied_map("hg_expired");

	assert_int_equal(bpf_map_lookup_elem(fd, &swept.backend, &value), 0);
	close(fd);
	return value;
}
