// SPDX-License-Identifier: BSD-2-Clause
/*
 * The loaded programs, their policy maps written by the compiler. A question is a packet that
 * opens a flow, run through pod_in where its destination is an isolated pod, else through
 * pod_out where its source is one; others no policy would look at.
 */
#include "tables.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <headgate/endian.h>

#include "../datapath/harness.h"
#include "../datapath/topology.h"

static struct harness harness;
static struct policy_tables memory; /* the trie once more, for the compiler */
static uint16_t source_port;

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "loaded: %s: %s\n", what, strerror(-r));
	exit(1);
}

/* ---- what the compiler writes ---- */
static struct hg_range_key key_of(unsigned bank, const struct cidr *prefix)
{
	return (struct hg_range_key){ .prefixlen = 32 + prefix->bits,
				      .set = (__u32)be32(bank),
				      .addr = prefix->addr };
}

static int put_prefix(void *context, unsigned bank, const struct cidr *prefix,
		      uint32_t class)
{
	struct hg_range_key key = key_of(bank, prefix);

	harness_put(&harness, "hg_policy_v6", &key, &class);
	return memory.put_prefix(context, bank, prefix, class);
}

static int drop_prefix(void *context, unsigned bank, const struct cidr *prefix)
{
	struct hg_range_key key = key_of(bank, prefix);

	bpf_map_delete_elem(harness_map(&harness, "hg_policy_v6"), &key);
	return memory.drop_prefix(context, bank, prefix);
}

static void switch_to(void *context, uint32_t state)
{
	harness.state->policy = state;
	memory.switch_to(context, state);
}

static void open_harness(void)
{
	struct hg_config config = harness_config();

	topology_enter();
	check(harness_open(&config, &harness), "the programs are not loaded");
}

void tables_prepare(struct policy_tables *tables)
{
	const struct harness_policy *policy = &harness.policy;

	if (!harness.cpus)
		open_harness();
	harness_clear(&harness);
	memory = *tables;
	tables->rows = policy->rows;
	tables->cells = policy->cells;
	tables->sets = policy->sets;
	tables->pods = policy->pods;
	tables->pod_seed = harness.config.seed;
	tables->ports = policy->ports;
	tables->v4 = policy->v4;
	tables->v4_blocks = policy->v4_blocks;
	tables->counters = policy->counters;
	tables->row_count = HARNESS_ROWS;
	tables->cell_count = HARNESS_CELLS;
	tables->set_count = HARNESS_SETS;
	tables->pod_count = HARNESS_PODS;
	tables->block_count = HARNESS_BLOCKS;
	tables->counter_count = HARNESS_COUNTERS;
	tables->put_prefix = put_prefix;
	tables->drop_prefix = drop_prefix;
	tables->switch_to = switch_to;
}

/* ---- questions ---- */
static struct packet packet_of(const struct policy_question *question)
{
	struct packet packet = { .family = addr_is_v4(&question->to) ? 4 : 6,
				 .src = question->from,
				 .dst = question->to,
				 .ttl = 64,
				 .protocol = question->protocol,
				 .sport = source_port,
				 .dport = question->port,
				 .flags = TCP_SYN,
				 .chunk = SCTP_INIT,
				 .icmp_type = addr_is_v4(&question->to) ? 8 : 128,
				 .icmp_word = (uint32_t)source_port << 16,
				 .payload = 16 };

	source_port++;
	topology_mac(ROUTER, packet.smac);
	topology_link_mac(POD0, packet.dmac);
	return packet;
}

/* The pod at this address, behind POD0. */
static void place_pod(const struct hg_addr *addr, uint32_t place)
{
	uint32_t ifindex = topology_ifindex(POD0);
	struct hg_policy_link *link =
	    &harness.policy.links[ifindex & (HG_POLICY_LINKS - 1)];
	bool is_v6 = !addr_is_v4(addr);

	memset(link, 0, sizeof(*link));
	link->addrs[is_v6] = *addr;
	link->pods[is_v6] = place;
	link->ifindex = ifindex;
}

/* Whichever line it lies on; 0: none. */
static uint32_t find_pod(const struct hg_addr *addr)
{
	for (uint32_t i = 1; i < HARNESS_PODS; i++)
		if (harness.policy.pods[i].taken &&
		    addr_compare(&harness.policy.pods[i].addr, addr) == 0)
			return i;
	return 0;
}

/* Is there an isolated pod at this address? Then it is put behind POD0. */
static bool is_isolated(const struct hg_addr *addr)
{
	const struct hg_policy_view *view;
	uint32_t place = find_pod(addr);

	if (!place)
		return false;
	view = &harness.policy.pods[place].views[harness.state->policy & 1];
	if (!view->ingress && !view->egress)
		return false;
	place_pod(addr, place);
	return true;
}

static bool passes(int program, const struct policy_question *question)
{
	struct packet packet = packet_of(question);
	struct run run = { .ifindex = topology_ifindex(POD0),
			   .ingress_ifindex = topology_ifindex(NIC0) };

	run.in_size = packet_build(&packet, run.in);
	harness_run(program, false, &run);
	return run.verdict != 2; /* TC_ACT_SHOT */
}

/* Without ports there is one flow between two addresses: an earlier question's. */
static void forget_flows(const struct policy_question *question)
{
	if (hg_policy_protocol(question->protocol) != HG_POLICY_PROTOCOLS)
		return;
	memset(harness.flows, 0, HARNESS_LINES * sizeof(*harness.flows));
	memset(harness.embryos, 0, HARNESS_LINES * sizeof(*harness.embryos));
}

bool tables_permit(const struct moments *moments, const struct policy_question *question)
{
	(void)moments;
	forget_flows(question);
	if (is_isolated(&question->to))
		return passes(harness.pod_in, question);
	if (is_isolated(&question->from))
		return passes(harness.pod_out, question);
	return true;
}
