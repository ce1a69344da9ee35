// SPDX-License-Identifier: BSD-2-Clause
/*
 * One program run, and forgetting what runs left behind.
 */
#include "harness.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_checked(int program, struct bpf_test_run_opts *opts)
{
	int r = bpf_prog_test_run_opts(program, opts);

	if (r < 0) {
		fprintf(stderr, "harness: a program cannot be run: %s\n", strerror(-r));
		exit(1);
	}
}

static void read_mark(struct run *run, const void *place)
{
	memcpy(&run->mark, place, sizeof(run->mark));
	run->marked = run->mark.magic == HG_META_MAGIC;
}

static void run_xdp(int program, struct run *run)
{
	uint8_t out[FRAME_ROOM + 256];
	struct xdp_md before = { .data_end = (uint32_t)run->in_size,
				 .ingress_ifindex = run->ifindex };
	struct xdp_md after = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->in,
		    .data_size_in = (uint32_t)run->in_size, .data_out = out,
		    .data_size_out = sizeof(out), .ctx_in = &before,
		    .ctx_size_in = sizeof(before), .ctx_out = &after,
		    .ctx_size_out = sizeof(after));
	size_t meta;

	run_checked(program, &opts);
	run->verdict = opts.retval;
	meta = after.data;
	if (meta >= sizeof(run->mark))
		read_mark(run, out);
	run->out_size = opts.data_size_out - meta;
	memcpy(run->out, out + meta, run->out_size);
}

static void run_tc(int program, struct run *run)
{
	struct __sk_buff before = { .ifindex = run->ifindex,
				    .ingress_ifindex = run->ingress_ifindex,
				    .gso_size = run->segment,
				    .gso_segs = run->segment ? 2 : 0 };
	struct __sk_buff after = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->in,
		    .data_size_in = (uint32_t)run->in_size, .data_out = run->out,
		    .data_size_out = sizeof(run->out), .ctx_in = &before,
		    .ctx_size_in = sizeof(before), .ctx_out = &after,
		    .ctx_size_out = sizeof(after));

	memcpy(before.cb, &run->given, sizeof(run->given));
	run_checked(program, &opts);
	run->verdict = opts.retval;
	run->out_size = opts.data_size_out;
	read_mark(run, after.cb);
}

void harness_run(int program, bool xdp, struct run *run)
{
	run->marked = false;
	memset(&run->mark, 0, sizeof(run->mark));
	if (xdp)
		run_xdp(program, run);
	else
		run_tc(program, run);
}

static void clear_hash(const struct harness *harness, const char *name)
{
	int fd = harness_map(harness, name);
	uint8_t key[64];

	while (bpf_map_get_next_key(fd, NULL, key) == 0)
		if (bpf_map_delete_elem(fd, key) < 0 && errno != ENOENT)
			break;
}

/* Array maps and per-CPU arrays: every element zero. */
static void clear_array(const struct harness *harness, const char *name, uint32_t entries)
{
	static const uint8_t zero[64 * 64];

	for (uint32_t i = 0; i < entries; i++)
		harness_put_at(harness, name, i, zero);
}

void harness_clear(struct harness *harness)
{
	static const char *const hashes[] = { "hg_frontends", "hg_hop_index", "hg_links",
					      "hg_fragments", "hg_affinity",  "hg_ranges",
					      "hg_policy_v6" };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		clear_hash(harness, hashes[i]);
	clear_array(harness, "hg_ours", HG_OURS_WORDS);
	clear_array(harness, "hg_locals", HG_LOCALS);
	clear_array(harness, "hg_snat", HG_SNAT_ADDRS);
	clear_array(harness, "hg_services", 64);
	clear_array(harness, "hg_backends", HARNESS_BACKENDS);
	clear_array(harness, "hg_hops", 64);
	clear_array(harness, "hg_macs", HG_MACS);
	clear_array(harness, "hg_reasons", HG_REASON_END);
	clear_array(harness, "hg_cursors", 1);
	clear_array(harness, "hg_ports", HARNESS_BACKENDS);
	memset(harness->flows, 0, HARNESS_LINES * sizeof(struct hg_flow));
	memset(harness->embryos, 0, HARNESS_LINES * sizeof(struct hg_flow));
	memset(harness->locks, 0, HG_LOCKS * 8UL);
	memset(harness->stats, 0,
	       sizeof(struct hg_stats) * HARNESS_BACKENDS * harness_rows(harness));
	memset(harness->expired, 0, HARNESS_BACKENDS * 8UL);
	memset(harness->slots, 0, 8192 * 8UL);
	memset(harness->members, 0, 4096 * 8UL);
	harness_clear_policy(harness);
	memset(harness->state, 0, sizeof(*harness->state));
	harness->state->abi_version = HG_ABI_VERSION;
}

void harness_rewind_ports(struct harness *harness, uint16_t port)
{
	uint32_t first = harness->config.port_first;
	uint32_t count = harness->config.port_last - first + 1;
	uint32_t cursor = count + port - first + 1;

	for (uint32_t i = 0; i < HARNESS_BACKENDS; i++)
		harness_put_at(harness, "hg_ports", i, &cursor);
}
