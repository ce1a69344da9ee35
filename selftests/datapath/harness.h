/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real programs, run one packet at a time by BPF_PROG_TEST_RUN. The objects are those
 * that the daemon embeds; their maps are private (nothing is pinned) and shared between
 * both objects by name. Tables are small but for what the contract fixes; the mapped ones
 * are handed out as plain arrays, so that tests read and age flows directly.
 *
 * A harness stands in a network namespace of its own (topology.h), where the kernel's FIB
 * and interfaces are what the tests say. One harness per process.
 */
#ifndef DATAPATH_HARNESS_H
#define DATAPATH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>
#include <headgate/abi.h>
#include <headgate/reasons.h>
#include "packet_build.h"

#define HARNESS_BACKENDS 256U
#define HARNESS_LINES	 8192U /* of hg_flows; and of hg_embryos */
#define HARNESS_ROWS	 16384U
#define HARNESS_CELLS	 131072U
#define HARNESS_SETS	 256U
#define HARNESS_PODS	 (1024U + HG_POLICY_POD_WINDOW)
#define HARNESS_BLOCKS	 1024U
#define HARNESS_COUNTERS 8192U

struct bpf_object;

/* The arrays of policy, mapped; see <headgate/policy.h>. */
struct harness_policy {
	struct hg_policy_row *rows;
	uint16_t *cells;
	struct hg_policy_set *sets;
	struct hg_policy_pod *pods;
	struct hg_policy_link *links;
	uint16_t *v4, *v4_blocks, *ports;
	struct hg_policy_counter *counters;
	struct hg_policy_event *events;
};

struct harness {
	struct bpf_object *objects[2];
	struct hg_config config;
	int nic, nic_tc, pod_out, pod_in; /* program descriptors */
	int cpus;

	struct hg_flow *flows, *embryos; /* mapped; HARNESS_LINES each */
	uint64_t *locks;		 /* mapped; the low half is the lock */
	struct hg_stats *stats;		 /* mapped; [row * HARNESS_BACKENDS + backend] */
	uint64_t *expired;
	__u64 *slots; /* hg_slots, see slot.h */
	struct hg_member *members;
	struct hg_state *state;
	struct harness_policy policy;
};

/* What the tests run with when they do not care: every feature on, answers unlimited. */
struct hg_config harness_config(void);

/* The compiler of the BPF objects, "clang-14" for example; the test ends if there is none. */
void harness_compiler(char ret_name[32]);

/* 0 or -errno, having said on stderr what failed (with the verifier's last words). */
int harness_open(const struct hg_config *config, struct harness *ret_harness);
void harness_close(struct harness *harness);

/* Forget everything: state, flows, counters, cursors. */
void harness_clear(struct harness *harness);

/* A mapped array by name; ends the test when it cannot be had. */
void *harness_map_array(const struct harness *harness, const char *name, size_t size);
void harness_map_policy(struct harness *harness);
void harness_clear_policy(struct harness *harness);

/* Every CPU's SNAT port cursor: the next port sought is the one after this. */
void harness_rewind_ports(struct harness *harness, uint16_t port);

/* Descriptor of a map by name; the test ends if there is no such map. */
int harness_map(const struct harness *harness, const char *name);
void harness_put(const struct harness *harness, const char *map, const void *key,
		 const void *value);
/* Elements of arrays that are not mapped. */
void harness_put_at(const struct harness *harness, const char *map, uint32_t index,
		    const void *value);

struct run {
	uint8_t in[FRAME_ROOM], out[FRAME_ROOM];
	size_t in_size, out_size;
	uint32_t ifindex;	  /* where it arrives */
	uint32_t ingress_ifindex; /* tc: where the host got it from; 0: made here */
	uint32_t segment; /* tc: payload of each segment of a train; 0: one frame */
	uint32_t verdict;
	bool marked; /* the program left a struct hg_xdp_meta (metadata or cb) */
	struct hg_xdp_meta mark;
	struct hg_xdp_meta given; /* tc: cb on the way in; all zero: none */
};

/* Run a program once. The test ends when the kernel refuses to run it. */
void harness_run(int program, bool xdp, struct run *run);

uint32_t harness_rows(const struct harness *harness); /* of stats */
uint64_t harness_reason(const struct harness *harness, uint32_t reason);
struct hg_stats harness_stats(const struct harness *harness, uint32_t backend);

/* Instructions that the verifier processed for a program. */
uint32_t harness_verified(int program);

/* Coarse time as the datapath sees it. */
uint32_t harness_tick(void);

#endif
