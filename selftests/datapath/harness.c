// SPDX-License-Identifier: BSD-2-Clause
#include "harness.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../control/datapath/clock.h"

#define HARNESS_PORT_FIRST 20000
#define HARNESS_PORT_LAST  29999

static void give_up(const char *what, const char *which)
{
	fprintf(stderr, "harness: %s %s: %s\n", what, which, strerror(errno));
	exit(1);
}

struct hg_config harness_config(void)
{
	struct hg_config config = {
		.seed = 0x5eed0f7ab1e5ULL,
		.slot_seed = 0x510755eed,
		.flow_mask = HARNESS_LINES - 1,
		.embryo_mask = HARNESS_LINES - 1,
		.backends = HARNESS_BACKENDS,
		.stats_own = (uint32_t)libbpf_num_possible_cpus(),
		.port_first = HARNESS_PORT_FIRST,
		.port_last = HARNESS_PORT_LAST,
		.answers_per_tick = UINT32_MAX,
		.timeout = {
			[HG_TIMEOUT_SYN] = HG_TICKS(60),
			[HG_TIMEOUT_ESTABLISHED] = HG_TICKS(432000),
			[HG_TIMEOUT_FIN] = HG_TICKS(120),
			[HG_TIMEOUT_CLOSED] = HG_TICKS(120),
			[HG_TIMEOUT_RST] = HG_TICKS(10),
			[HG_TIMEOUT_UDP] = HG_TICKS(30),
			[HG_TIMEOUT_UDP_STREAM] = HG_TICKS(120),
			[HG_TIMEOUT_SCTP_INIT] = HG_TICKS(60),
			[HG_TIMEOUT_SCTP] = HG_TICKS(432000),
			[HG_TIMEOUT_SCTP_SHUTDOWN] = HG_TICKS(10),
		},
		.cluster_cidr = 1,
		.answer_neighbours = 1,
		.pods = 1,
		.frags = 1,
		.source_check = 1,
		.pod_mask = HARNESS_PODS - HG_POLICY_POD_WINDOW - 1,
	};

	if (clock_calibrate(&config) < 0)
		give_up("cannot calibrate", "the clock");
	return config;
}

/* build/datapath/x_test → build/xdp/NAME */
static void object_path(const char *name, char path[PATH_MAX])
{
	char self[PATH_MAX / 2] = "";
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = size > 0 ? strrchr(self, '/') : NULL;

	if (getenv("HEADGATE_XDP")) {
		snprintf(path, PATH_MAX, "%s/%s", getenv("HEADGATE_XDP"), name);
		return;
	}
	if (slash)
		*slash = 0;
	snprintf(path, PATH_MAX, "%s/../xdp/%s", self, name);
}

/* Written by make beside the objects. */
void harness_compiler(char ret_name[32])
{
	char path[PATH_MAX];
	FILE *file;

	object_path("compiler", path);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%31s", ret_name) != 1)
		give_up("cannot read", path);
	fclose(file);
}

struct size {
	const char *map;
	uint32_t entries;
};

static const struct size sizes[] = {
	{ "hg_frontends", 1024 },
	{ "hg_services", 1024 },
	{ "hg_slots", 8192 },
	{ "hg_members", 4096 },
	{ "hg_backends", HARNESS_BACKENDS },
	{ "hg_hop_index", 1024 },
	{ "hg_links", 64 },
	{ "hg_flows", HARNESS_LINES },
	{ "hg_embryos", HARNESS_LINES },
	{ "hg_fragments", 1024 },
	{ "hg_affinity", 1024 },
	{ "hg_ranges", 1024 },
	{ "hg_expired", HARNESS_BACKENDS },
	{ "hg_policy_rows", HARNESS_ROWS },
	{ "hg_policy_cells", HARNESS_CELLS / 4 },
	{ "hg_policy_sets", HARNESS_SETS },
	{ "hg_policy_pods", HARNESS_PODS },
	{ "hg_policy_v4_blocks", HARNESS_BLOCKS * 64 },
	{ "hg_policy_counters", HARNESS_COUNTERS },
};

uint32_t harness_rows(const struct harness *harness)
{
	return harness->config.stats_own + harness->config.stats_shared;
}

static int size_map(const struct harness *harness, struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	if (!strcmp(name, "hg_stats"))
		return bpf_map__set_max_entries(map,
						harness_rows(harness) * HARNESS_BACKENDS);
	if (!strcmp(name, ".rodata.config"))
		return bpf_map__set_initial_value(map, &harness->config,
						  sizeof(harness->config));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (!strcmp(name, sizes[i].map))
			return bpf_map__set_max_entries(map, sizes[i].entries);
	return 0;
}

static int prepare_map(const struct harness *harness, struct bpf_map *map)
{
	const struct bpf_map *first = NULL;
	int r;

	if (!bpf_map__is_internal(map)) {
		r = bpf_map__set_pin_path(map, NULL);
		if (r < 0)
			return r;
		if (harness->objects[0])
			first = bpf_object__find_map_by_name(harness->objects[0],
							     bpf_map__name(map));
	}
	if (first)
		return bpf_map__reuse_fd(map, bpf_map__fd(first));
	return size_map(harness, map);
}

static int load_object(struct harness *harness, const char *name,
		       struct bpf_object **ret_object)
{
	char path[PATH_MAX];
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_map *map;
	int r;

	object_path(name, path);
	object = bpf_object__open_file(path, NULL);
	if (!object) {
		r = -errno;
		fprintf(stderr, "harness: %s cannot be opened: %s; build it by make\n",
			path, strerror(-r));
		return r;
	}
	bpf_object__for_each_map(map, object)
	{
		r = prepare_map(harness, map);
		if (r < 0)
			return r;
	}
	bpf_object__for_each_program(program, object) if (harness->config.frags &&
							  bpf_program__type(program) ==
							      BPF_PROG_TYPE_XDP)
	    bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	r = bpf_object__load(object);
	if (r < 0)
		return r;
	*ret_object = object;
	return 0;
}

static int find_program(const struct harness *harness, const char *name)
{
	for (int i = 0; i < 2; i++) {
		const struct bpf_program *program =
		    bpf_object__find_program_by_name(harness->objects[i], name);

		if (program)
			return bpf_program__fd(program);
	}
	fprintf(stderr, "harness: no program is called %s\n", name);
	exit(1);
}

int harness_map(const struct harness *harness, const char *name)
{
	for (int i = 0; i < 2; i++) {
		int fd = bpf_object__find_map_fd_by_name(harness->objects[i], name);

		if (fd >= 0)
			return fd;
	}
	fprintf(stderr, "harness: no map is called %s\n", name);
	exit(1);
}

void *harness_map_array(const struct harness *harness, const char *name, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, (size + page - 1) / page * page, PROT_READ | PROT_WRITE,
			    MAP_SHARED, harness_map(harness, name), 0);

	if (memory == MAP_FAILED)
		give_up("cannot map", name);
	return memory;
}

int harness_open(const struct hg_config *config, struct harness *ret_harness)
{
	struct harness *harness = ret_harness;
	int r;

	memset(harness, 0, sizeof(*harness));
	harness->config = *config;
	harness->cpus = libbpf_num_possible_cpus();
	r = load_object(harness, "nic.bpf.o", &harness->objects[0]);
	if (r < 0)
		return r;
	r = load_object(harness, "pod.bpf.o", &harness->objects[1]);
	if (r < 0)
		return r;
	harness->nic = find_program(harness, "nic");
	harness->nic_tc = find_program(harness, "nic_tc");
	harness->pod_out = find_program(harness, "pod_out");
	harness->pod_in = find_program(harness, "pod_in");
	harness->flows = harness_map_array(harness, "hg_flows", HARNESS_LINES * 64UL);
	harness->embryos = harness_map_array(harness, "hg_embryos", HARNESS_LINES * 64UL);
	harness->locks = harness_map_array(harness, "hg_locks", HG_LOCKS * 8UL);
	harness->stats = harness_map_array(harness, "hg_stats",
					   sizeof(struct hg_stats) * HARNESS_BACKENDS *
					       harness_rows(harness));
	harness->expired =
	    harness_map_array(harness, "hg_expired", HARNESS_BACKENDS * 8UL);
	harness->slots = harness_map_array(harness, "hg_slots", 8192 * 8UL);
	harness->members = harness_map_array(harness, "hg_members", 4096 * 8UL);
	harness->state = harness_map_array(harness, "hg_state", sizeof(struct hg_state));
	harness_map_policy(harness);
	harness_clear(harness);
	return 0;
}

void harness_close(struct harness *harness)
{
	for (int i = 0; i < 2; i++)
		bpf_object__close(harness->objects[i]);
}

void harness_put(const struct harness *harness, const char *map, const void *key,
		 const void *value)
{
	if (bpf_map_update_elem(harness_map(harness, map), key, value, BPF_ANY) < 0)
		give_up("cannot write to", map);
}

void harness_put_at(const struct harness *harness, const char *map, uint32_t index,
		    const void *value)
{
	harness_put(harness, map, &index, value);
}

uint64_t harness_reason(const struct harness *harness, uint32_t reason)
{
	struct hg_counter counters[64];
	uint64_t sum = 0;

	if (harness->cpus > 64 || bpf_map_lookup_elem(harness_map(harness, "hg_reasons"),
						      &reason, counters) < 0)
		give_up("cannot read", "hg_reasons");
	for (int cpu = 0; cpu < harness->cpus; cpu++)
		sum += counters[cpu].packets;
	return sum;
}

struct hg_stats harness_stats(const struct harness *harness, uint32_t backend)
{
	struct hg_stats sum = { 0 };

	for (uint32_t row = 0; row < harness_rows(harness); row++) {
		const struct hg_stats *stats =
		    &harness->stats[row * HARNESS_BACKENDS + backend];

		for (int i = 0; i < 2; i++) {
			sum.packets[i] += stats->packets[i];
			sum.bytes[i] += stats->bytes[i];
		}
		sum.created += stats->created;
		sum.closed += stats->closed;
	}
	return sum;
}

uint32_t harness_verified(int program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &size) < 0)
		give_up("cannot ask about", "a program");
	return info.verified_insns;
}

uint32_t harness_tick(void)
{
	return clock_tick();
}
