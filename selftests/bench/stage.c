// SPDX-License-Identifier: BSD-2-Clause
#include "stage.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <headgate/endian.h>
#include <headgate/hash.h>

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

/* As in yardstick.bpf.c. */
struct target {
	struct hg_addr addr;
	uint16_t port;
	uint8_t spare[6];
};
struct line {
	struct hg_flow_key key;
	struct target target;
};

void give_up(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, values);
	fputc('\n', stderr);
	va_end(values);
	exit(1);
}

/* build/bench/NAME → build/bench/OBJECT.bpf.o */
static struct bpf_object *open_object(const char *name)
{
	char self[PATH_MAX / 2] = "", path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = size > 0 ? strrchr(self, '/') : NULL;
	struct bpf_object *object;

	if (slash)
		*slash = 0;
	snprintf(path, sizeof(path), "%s/%s.bpf.o", self, name);
	object = bpf_object__open_file(path, NULL);
	if (!object)
		give_up("%s cannot be opened: %s; build it by make bench-tools", path,
			strerror(errno));
	return object;
}

static void size_map(struct bpf_object *object, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map || bpf_map__set_max_entries(map, entries) < 0)
		give_up("map %s cannot have %u entries", name, entries);
}

/* The daemon loads its XDP program with frags where the kernel knows them; programs with
 * and without do not tail-call each other. */
static void load_object(struct bpf_object *object, const char *name)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		if (bpf_program__type(program) == BPF_PROG_TYPE_XDP)
			bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	}
	if (bpf_object__load(object) < 0)
		give_up("object %s is refused by the kernel: %s; the bench needs Linux "
			"5.18 and root",
			name, strerror(errno));
}

static int map_of(const struct bpf_object *object, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);

	if (fd < 0)
		give_up("no map is called %s", name);
	return fd;
}

static void *map_memory(const struct bpf_object *object, const char *name, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, (size + page - 1) / page * page, PROT_READ | PROT_WRITE,
			    MAP_SHARED, map_of(object, name), 0);

	if (memory == MAP_FAILED)
		give_up("map %s cannot be mapped: %s", name, strerror(errno));
	return memory;
}

static int program_of(const struct bpf_object *object, const char *name)
{
	const struct bpf_program *program =
	    bpf_object__find_program_by_name(object, name);

	if (!program)
		give_up("no program is called %s", name);
	return bpf_program__fd(program);
}

static void set_target(const struct stage *stage, enum hook hook, uint32_t slot,
		       int program)
{
	const char *name = hook == HOOK_XDP ? "bench_xdp" : "bench_tc";

	if (bpf_map_update_elem(map_of(stage->restore, name), &slot, &program, BPF_ANY) <
	    0)
		give_up("the harness cannot lead to a program of %s: %s", name,
			strerror(errno));
}

void stage_set_subject(const struct stage *stage, enum hook hook, int program)
{
	set_target(stage, hook, SLOT_SUBJECT, program);
}

static void find_harness(struct stage *stage)
{
	char name[32];

	for (int slot = 0; slot < SLOTS; slot++) {
		snprintf(name, sizeof(name), "restore_xdp_%d", slot);
		stage->harness[HOOK_XDP][slot] = program_of(stage->restore, name);
		snprintf(name, sizeof(name), "restore_tc_%d", slot);
		stage->harness[HOOK_TC][slot] = program_of(stage->restore, name);
	}
	set_target(stage, HOOK_XDP, SLOT_NOTHING,
		   program_of(stage->restore, "nothing_xdp"));
	set_target(stage, HOOK_TC, SLOT_NOTHING,
		   program_of(stage->restore, "nothing_tc"));
	set_target(stage, HOOK_XDP, SLOT_FLOOR,
		   program_of(stage->yardstick, "yard_floor"));
	set_target(stage, HOOK_XDP, SLOT_LINE, program_of(stage->yardstick, "yard_line"));
	set_target(stage, HOOK_XDP, SLOT_HASH, program_of(stage->yardstick, "yard_hash"));
}

/*
 * A test run enters its program into the kernel's table of XDP programs in use and takes it
 * out again, each time waiting for RCU (some 15 ms), unless the program is in use anyhow:
 * attached to interfaces of topology.h on which nothing passes.
 */
static void attach_harness(const struct stage *stage)
{
	static const char *const idle[SLOTS] = { "wire0", "wire1", "wire2", "wire3",
						 "lo" };

	for (int slot = 0; slot < SLOTS; slot++) {
		unsigned ifindex = if_nametoindex(idle[slot]);
		int r = bpf_xdp_attach((int)ifindex, stage->harness[HOOK_XDP][slot],
				       XDP_FLAGS_SKB_MODE, NULL);

		if (!ifindex || r < 0)
			give_up("the harness cannot be attached to %s: %s", idle[slot],
				strerror(-r));
	}
}

void stage_open(struct stage *stage, uint32_t capacity, uint32_t lines, uint32_t flows)
{
	uint32_t mask = lines - 1;
	struct bpf_map *rodata;

	*stage = (struct stage){ .capacity = capacity };
	stage->restore = open_object("restore");
	stage->yardstick = open_object("yardstick");
	size_map(stage->restore, "bench_packets", capacity);
	size_map(stage->yardstick, "yard_lines", lines);
	size_map(stage->yardstick, "yard_table", flows);
	rodata = bpf_object__find_map_by_name(stage->yardstick, ".rodata.mask");
	if (!rodata || bpf_map__set_initial_value(rodata, &mask, sizeof(mask)) < 0)
		give_up("the yardsticks cannot be told their size");
	load_object(stage->restore, "restore");
	load_object(stage->yardstick, "yardstick");
	stage->packets = map_memory(stage->restore, "bench_packets",
				    sizeof(*stage->packets) * capacity);
	stage->template =
	    map_memory(stage->restore, "bench_template", sizeof(*stage->template));
	stage->cursor =
	    map_memory(stage->restore, "bench_cursor", sizeof(*stage->cursor));
	find_harness(stage);
	attach_harness(stage);
}

void stage_close(struct stage *stage)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	munmap(stage->packets,
	       (sizeof(*stage->packets) * stage->capacity + page - 1) / page * page);
	munmap(stage->template, page);
	munmap(stage->cursor, page);
	bpf_object__close(stage->restore);
	bpf_object__close(stage->yardstick);
}

static void build(const struct packet *packet, uint8_t frame[RESTORE_FRAME])
{
	static uint8_t room[FRAME_ROOM];
	size_t size;

	memset(room, 0, RESTORE_FRAME);
	size = packet_build(packet, room);

	if (size > RESTORE_FRAME)
		give_up("a packet of %zu bytes does not fit the harness", size);
	memcpy(frame, room, RESTORE_FRAME);
}

void stage_begin(struct stage *stage, const struct packet *first,
		 const uint32_t offset[RESTORE_DIFFER])
{
	build(first, stage->frame);
	memcpy(&stage->template->l2[0], stage->frame, 8);
	memcpy(&stage->template->l2[1], stage->frame + 6, 8);
	memcpy(stage->template->words, stage->frame + RESTORE_L2,
	       sizeof(stage->template->words));
	memcpy(stage->template->offset, offset, sizeof(stage->template->offset));
}

void stage_set(struct stage *stage, uint32_t index, const struct packet *packet)
{
	uint8_t frame[RESTORE_FRAME];

	if (index >= stage->capacity)
		give_up("a list holds %u packets at most", stage->capacity);
	build(packet, frame);
	for (size_t i = 0; i < RESTORE_DIFFER; i++)
		memcpy(&stage->packets[index].words[i],
		       frame + stage->template->offset[i], 8);
}

void stage_teach(struct stage *stage, const struct packet *packet)
{
	struct line line = { .target = { .addr = packet->src, .port = 1 } };
	uint32_t index, mask = 0;
	int lines = map_of(stage->yardstick, "yard_lines");
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(lines, &info, &size) == 0)
		mask = info.max_entries - 1;
	line.key = (struct hg_flow_key){ .src = packet->src,
					 .dst = packet->dst,
					 .sport = be16(packet->sport),
					 .dport = be16(packet->dport),
					 .protocol = packet->protocol };
	index = (uint32_t)hg_hash_flow(&line.key, 0) & mask;
	if (bpf_map_update_elem(lines, &index, &line, BPF_ANY) < 0 ||
	    bpf_map_update_elem(map_of(stage->yardstick, "yard_table"), &line.key,
				&line.target, BPF_ANY) < 0)
		give_up("the yardsticks cannot learn a flow: %s", strerror(errno));
}

void stage_rewind(struct stage *stage)
{
	stage->cursor->next = 0;
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double stage_run(struct stage *stage, int harness, uint32_t runs, uint32_t count,
		 uint32_t verdict)
{
	uint8_t out[RESTORE_FRAME + 256];
	struct xdp_md xdp = { .data_end = RESTORE_FRAME,
			      .ingress_ifindex = stage->ifindex };
	struct __sk_buff tc = { .ifindex = stage->ifindex };
	bool is_xdp = false;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = stage->frame,
		    .data_size_in = RESTORE_FRAME, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = (int)runs);
	double before;
	int r;

	for (int slot = 0; slot < SLOTS; slot++)
		is_xdp |= stage->harness[HOOK_XDP][slot] == harness;
	opts.ctx_in = is_xdp ? (void *)&xdp : (void *)&tc;
	opts.ctx_size_in = is_xdp ? sizeof(xdp) : sizeof(tc);
	stage->cursor->count = count;
	before = cpu_ns();
	r = bpf_prog_test_run_opts(harness, &opts);
	before = cpu_ns() - before;
	if (r < 0)
		give_up("a program cannot be run: %s", strerror(-r));
	if (verdict != ANY_VERDICT && opts.retval != verdict)
		give_up("the last of %u packets got verdict %u, expected %u", runs,
			opts.retval, verdict);
	return before / runs;
}
