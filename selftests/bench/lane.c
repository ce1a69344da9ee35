// SPDX-License-Identifier: BSD-2-Clause
#include "lane.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "runner.h"

static int fail(const struct lane *lane, const char *what, int error)
{
	fprintf(stderr, "frames: lane %s: %s: %s\n", lane->name, what, strerror(error));
	return error > 0 ? -error : -EINVAL;
}

static int find_link(const char *name, uint32_t *ret_ifindex, uint8_t ret_mac[6])
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	int r = ioctl(fd, SIOCGIFHWADDR, &request) < 0 ? -errno : 0;

	close(fd);
	if (r < 0)
		return r;
	memcpy(ret_mac, request.ifr_hwaddr.sa_data, 6);
	if (ret_ifindex)
		*ret_ifindex = if_nametoindex(name);
	return 0;
}

static int enter(const struct lane *lane, enum lane_end end)
{
	return setns(lane->spaces[end], CLONE_NEWNET) < 0 ? -errno : 0;
}

static int attach(struct lane *lane, enum lane_end end, const char *device,
		  const char *program, uint32_t mode)
{
	struct bpf_program *found =
	    bpf_object__find_program_by_name(lane->object, program);
	int r = enter(lane, end);

	if (r < 0 || !found)
		return r < 0 ? r : -ENOENT;
	return bpf_xdp_attach((int)if_nametoindex(device), bpf_program__fd(found), mode,
			      NULL);
}

static int open_spaces(struct lane *lane, const char *prefix)
{
	static const char *const ends[LANE_ENDS] = { "client", "gate", "server" };

	for (int end = 0; end < LANE_ENDS; end++) {
		char path[128];

		snprintf(path, sizeof(path), "/run/netns/%s-%s-%s", prefix, lane->name,
			 ends[end]);
		lane->spaces[end] = open(path, O_RDONLY | O_CLOEXEC);
		if (lane->spaces[end] < 0)
			return fail(lane, path, errno);
	}
	return 0;
}

static int find_links(struct lane *lane)
{
	int r = enter(lane, LANE_CLIENT);

	if (r == 0)
		r = find_link("c0", &lane->client_ifindex, lane->client_mac);
	if (r == 0)
		r = enter(lane, LANE_SERVER);
	if (r == 0)
		r = find_link("s0", &lane->server_ifindex, lane->server_mac);
	if (r == 0)
		r = enter(lane, LANE_GATE);
	if (r == 0)
		r = find_link("nic0", NULL, lane->gate_mac);
	if (r == 0)
		r = find_link("nic1", &lane->settings->out, lane->gate_far_mac);
	return r;
}

static void *map_memory(struct lane *lane, const char *name, size_t bytes)
{
	struct bpf_map *map = bpf_object__find_map_by_name(lane->object, name);
	void *memory = mmap(NULL, (bytes + 4095) & ~4095UL, PROT_READ | PROT_WRITE,
			    MAP_SHARED, bpf_map__fd(map), 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int map_fd(const struct lane *lane, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(lane->object, name));
}

static int load(struct lane *lane, const char *path)
{
	size_t bytes = lane->room * sizeof(struct frame);

	lane->object = bpf_object__open_file(path, NULL);
	if (!lane->object)
		return -errno;
	static const char *const arrays[] = { "frames", "answers" };

	for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
		struct bpf_map *map =
		    bpf_object__find_map_by_name(lane->object, arrays[i]);

		if (!map || bpf_map__set_max_entries(map, lane->room) < 0)
			return -EINVAL;
	}
	int r = bpf_object__load(lane->object);

	if (r < 0)
		return r;
	lane->generate =
	    bpf_program__fd(bpf_object__find_program_by_name(lane->object, "generate"));
	lane->cursors = map_fd(lane, "cursors");
	lane->counts = map_fd(lane, "counts");
	lane->frames = map_memory(lane, "frames", bytes);
	lane->answers = map_memory(lane, "answers", bytes);
	lane->settings = map_memory(lane, "settings", sizeof(*lane->settings));
	return lane->frames && lane->answers && lane->settings ? 0 : -ENOMEM;
}

/*
 * Who receives: the generator alone is met by a sink where the balancer would be. The
 * generator itself is attached where nothing ever comes by: a program that is in use is
 * in the kernel's XDP dispatcher already, which else is patched at the begin and the end
 * of each run and waits for a grace period, by which a second core missed the first.
 */
static int attach_all(struct lane *lane)
{
	bool alone = strcmp(lane->name, "generator") == 0;
	bool bare = strcmp(lane->name, "bare") == 0;
	const char *far = bare ? "sink" : "server", *near = alone ? "sink" : "forward";
	int r = attach(lane, LANE_CLIENT, "lo", "generate", XDP_FLAGS_SKB_MODE);

	if (r == 0)
		r = attach(lane, LANE_CLIENT, "c0", "client", XDP_FLAGS_DRV_MODE);
	if (r == 0)
		r = attach(lane, LANE_SERVER, "s0", far, XDP_FLAGS_DRV_MODE);
	if (r == 0 && (alone || bare))
		r = attach(lane, LANE_GATE, "nic0", near, XDP_FLAGS_DRV_MODE);
	return r;
}

int lane_open(struct lane *lane, const char *object, const char *prefix, const char *name,
	      uint32_t room)
{
	*lane = (struct lane){ .spaces = { -1, -1, -1 }, .room = room };
	snprintf(lane->name, sizeof(lane->name), "%s", name);
	int r = open_spaces(lane, prefix);

	if (r < 0)
		return r;
	r = load(lane, object);
	if (r < 0)
		return fail(lane, object, -r);
	r = find_links(lane);
	if (r < 0)
		return fail(lane, "its interfaces are not there", -r);
	r = attach_all(lane);
	return r < 0 ? fail(lane, "XDP is refused", -r) : 0;
}

void lane_close(struct lane *lane)
{
	for (int end = 0; end < LANE_ENDS; end++)
		if (lane->spaces[end] >= 0)
			close(lane->spaces[end]);
	bpf_object__close(lane->object);
	*lane = (struct lane){ .spaces = { -1, -1, -1 } };
}

uint64_t lane_count(const struct lane *lane, enum count which)
{
	int cpus = libbpf_num_possible_cpus();
	uint32_t key = which;
	uint64_t values[1024] = { 0 }, sum = 0;

	if (cpus < 0 || cpus > 1024 ||
	    bpf_map_lookup_elem(lane->counts, &key, values) < 0)
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += values[cpu];
	return sum;
}

uint64_t lane_settle(const struct lane *lane, enum count which)
{
	const struct timespec step = { .tv_nsec = 2000000 };
	uint64_t before, now = lane_count(lane, which);

	do {
		before = now;
		nanosleep(&step, NULL);
		now = lane_count(lane, which);
	} while (now != before);
	return now;
}

static int set_cursors(const struct lane *lane, const struct lane_order *order)
{
	struct cursor cursors[1024] = { 0 };
	uint32_t key = 0, part = order->flows / order->cores;

	for (uint32_t core = 0; core < order->cores; core++) {
		uint32_t first = order->first + core * part;

		cursors[core] = (struct cursor){ first, first + part, first, 0 };
	}
	return bpf_map_update_elem(lane->cursors, &key, cursors, BPF_ANY);
}

int lane_run(struct lane *lane, const struct lane_order *order, struct lane_run *ret_run)
{
	enum count which = order->from_server ? COUNT_ANSWERED : COUNT_ARRIVED;
	struct runner runners[LANE_CORES_MOST];
	uint64_t before = lane_settle(lane, which);

	if (order->cores > LANE_CORES_MOST || order->flows < order->cores)
		return -EINVAL;
	int r = set_cursors(lane, order);

	if (r < 0)
		return fail(lane, "cursors", -r);
	for (uint32_t core = 0; core < order->cores; core++)
		runners[core] = (struct runner){
			.space =
			    lane->spaces[order->from_server ? LANE_SERVER : LANE_CLIENT],
			.program = lane->generate,
			.ifindex = order->from_server ? lane->server_ifindex
						      : lane->client_ifindex,
			.core = core,
			.packets = order->packets / order->cores,
		};
	r = runners_go(runners, order->cores);
	if (r < 0)
		return fail(lane, "live frames are refused", -r);
	*ret_run = (struct lane_run){ 0 };
	for (uint32_t core = 0; core < order->cores; core++) {
		ret_run->sent += runners[core].packets;
		ret_run->sent_per_s += 1e9 / (runners[core].ns_per_packet ?: 1);
	}
	ret_run->arrived = lane_settle(lane, which) - before;
	return 0;
}
