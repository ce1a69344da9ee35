/* SPDX-License-Identifier: BSD-2-Clause */
/* Open, close, and the periodic work. */
#include "datapath.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "addresses.h"
#include "adopt.h"
#include "cpus.h"
#include "frontends.h"
#include "load.h"
#include "pin.h"
#include "pin_dir.h"
#include "tables.h"

#define SLOTS_SPAN   (256UL << 10)
#define MEMBERS_SPAN (256UL << 10)
#define STATS_SPAN   (256UL << 10)
/* Drains and quarantines are over up to this late; a table of the default size is swept
 * at this pace, in SWEEP_PASS_MS as a whole, and not twice as often for nothing. */
#define TICK_MOST_MS 1200U

static int copy_items(const void *items, size_t count, size_t size, void **ret_copy)
{
	void *copy = calloc(count + 1, size);

	if (!copy)
		return -ENOMEM;
	if (count)
		memcpy(copy, items, count * size);
	*ret_copy = copy;
	return 0;
}

static int copy_options(struct datapath *datapath, const struct datapath_options *options)
{
	const struct cidr_list none = { 0 };
	const struct addr_list nobody = { 0 };
	const struct cidr_list *cidrs = options->cluster_cidrs ?: &none;
	const struct addr_list *snat = options->snat_addrs ?: &nobody;
	void *cidr_copy = NULL, *snat_copy = NULL;
	int r = copy_items(cidrs->items, cidrs->count, sizeof(struct cidr), &cidr_copy);

	if (r == 0)
		r = copy_items(snat->items, snat->count, sizeof(struct hg_addr),
			       &snat_copy);
	datapath->cluster_cidrs = cidr_copy;
	datapath->snat_addrs = snat_copy;
	datapath->pin_root = strdup(options->pin_root ?: DATAPATH_PIN_ROOT);
	if (r < 0 || !datapath->pin_root)
		return -ENOMEM;
	datapath->cluster_cidr_count = cidrs->count;
	datapath->snat_addr_count = snat->count;
	datapath->options = *options;
	datapath->options.pin_root = datapath->pin_root;
	datapath->options.cluster_cidrs = NULL;
	datapath->options.snat_addrs = NULL;
	return 0;
}

static void set_config(struct datapath *datapath, const struct map_sizes *sizes)
{
	const struct datapath_options *options = &datapath->options;
	struct hg_config *config = &datapath->config;

	memcpy(datapath->entries, sizes->entries, sizeof(datapath->entries));
	config->slot_seed = options->slot_seed;
	config->flow_mask = sizes->entries[MAP_FLOWS] - 1;
	config->embryo_mask = sizes->entries[MAP_EMBRYOS] - 1;
	config->pod_mask = sizes->entries[MAP_POLICY_PODS] - HG_POLICY_POD_WINDOW - 1;
	config->backends = sizes->entries[MAP_BACKENDS];
	datapath->stats_rows = sizes->rows;
	stats_share_out(sizes->rows, cpus_possible(), config);
	config->port_first = options->port_first;
	config->port_last = options->port_last;
	config->answers_per_tick = 64;
	for (int i = 0; i < HG_TIMEOUTS; i++)
		config->timeout[i] = HG_TICKS(options->timeouts_s[i]);
	config->cluster_cidr = datapath->cluster_cidr_count > 0;
	config->answer_neighbours = options->answer_neighbours;
	config->pods = options->pods;
	config->source_check = options->source_check;
}

/*
 * Lines that lie in the maps were placed by the seed of whoever made them; else it is drawn
 * anew. 0 or -errno.
 */
static int choose_seed(struct datapath *datapath)
{
	uint64_t seed = pin_seed(datapath->pin_root);

	while (!seed)
		if (getrandom(&seed, sizeof(seed), 0) < 0 && errno != EINTR)
			return -errno;
	datapath->config.seed = seed;
	return 0;
}

/* Rows of hg_stats, and half-open connections that nobody asks for, stay as many as they were
 * made, if pinned. */
static int choose_sizes(struct datapath *datapath, struct complaints *complaints)
{
	struct map_sizes sizes;
	uint32_t rows = stats_rows(cpus_possible(), cpus_online());

	if (!datapath->options.half_open)
		datapath->options.half_open = pin_half_open(datapath->pin_root);
	int r = map_sizes(&datapath->options, rows, complaints, &sizes);

	if (r < 0)
		return r;
	uint32_t pinned = pin_rows(datapath->pin_root, sizes.entries[MAP_BACKENDS]);
	if (pinned && pinned != rows)
		r = map_sizes(&datapath->options, pinned, complaints, &sizes);
	if (r == 0)
		r = pin_check(datapath->pin_root, &sizes, complaints);
	if (r == 0)
		set_config(datapath, &sizes);
	return r < 0 ? r : choose_seed(datapath);
}

static void *map_whole(int fd, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void open_mmap_views(struct datapath *datapath)
{
	const uint32_t *entries = datapath->entries;
	size_t expired = WINDOW_PAGE;

	while (expired < entries[MAP_EXPIRED] * sizeof(uint64_t))
		expired <<= 1;
	mmap_view_init(&datapath->slots, datapath->fds[MAP_SLOTS], sizeof(uint64_t),
		       entries[MAP_SLOTS], SLOTS_SPAN);
	mmap_view_init(&datapath->members, datapath->fds[MAP_MEMBERS],
		       sizeof(struct hg_member), entries[MAP_MEMBERS], MEMBERS_SPAN);
	/* Whole: the sweeper counts in random places of it, 8 bytes per backend. */
	mmap_view_init(&datapath->expired, datapath->fds[MAP_EXPIRED], sizeof(uint64_t),
		       entries[MAP_EXPIRED], expired);
	for (uint32_t row = 0; row < datapath->stats_rows; row++)
		mmap_view_init(&datapath->stats[row], datapath->fds[MAP_STATS],
			       sizeof(struct hg_stats), entries[MAP_STATS], STATS_SPAN);
}

static int open_memory(struct datapath *datapath)
{
	const uint32_t *entries = datapath->entries;
	uint32_t ids = entries[MAP_SERVICES];

	datapath->stats = calloc(datapath->stats_rows, sizeof(*datapath->stats));
	datapath->backends = calloc(entries[MAP_BACKENDS], sizeof(*datapath->backends));
	datapath->departures =
	    calloc(entries[MAP_BACKENDS], sizeof(*datapath->departures));
	datapath->hops = calloc(HG_HOPS, sizeof(*datapath->hops));
	datapath->id_holders = calloc(ids, sizeof(*datapath->id_holders));
	datapath->state = map_whole(datapath->fds[MAP_STATE], WINDOW_PAGE);
	datapath->locks = map_whole(datapath->fds[MAP_LOCKS], HG_LOCKS * 8UL);
	if (!datapath->stats || !datapath->backends || !datapath->departures ||
	    !datapath->hops || !datapath->id_holders || !datapath->state ||
	    !datapath->locks)
		return -ENOMEM;
	open_mmap_views(datapath);
	int r = addr_filter_open(&datapath->filter);
	if (r == 0)
		r = ranges_open(&datapath->slot_places, 0, entries[MAP_SLOTS]);
	if (r == 0)
		r = ranges_open(&datapath->member_places, 0, entries[MAP_MEMBERS]);
	if (r == 0)
		r = id_pool_open(&datapath->services, entries[MAP_SERVICES]);
	if (r == 0)
		r = id_pool_open(&datapath->ids, ids);
	if (r == 0)
		r = id_pool_open(&datapath->backend_ids, entries[MAP_BACKENDS]);
	/* An endpoint number rests after its backend does, so there are more of them. */
	if (r == 0)
		r = endpoints_open(&datapath->endpoints, 2 * entries[MAP_BACKENDS]);
	return r < 0 ? r : sweep_open(datapath);
}

static int start(struct datapath *datapath, struct complaints *complaints)
{
	int r = open_memory(datapath);

	if (r == 0 && datapath->state->abi_version)
		r = adopt(datapath, complaints);
	else if (r == 0)
		datapath->settled = true;
	if (r == 0)
		r = source_ranges_add(datapath, 0, datapath->cluster_cidrs,
				      datapath->cluster_cidr_count);
	if (r < 0) {
		char command[PIN_COMMAND];

		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "the maps in %s cannot be taken over: %s; what is in force stays: "
		    "try again, or start afresh with `%s`",
		    datapath->pin_root, strerror(-r),
		    pin_uninstall_command(datapath->pin_root, command));
		return r;
	}
	datapath->state->seed = datapath->config.seed;
	datapath->state->abi_version = HG_ABI_VERSION;
	return 0;
}

static void cleanup_datapath(struct datapath **datapath)
{
	datapath_close(*datapath);
}

int datapath_open(const struct datapath_options *options,
		  const struct datapath_resolver *resolver, struct complaints *complaints,
		  struct datapath **ret_datapath)
{
	CLEANUP(cleanup_datapath)
	struct datapath *datapath = calloc(1, sizeof(*datapath));

	if (!datapath)
		return -ENOMEM;
	datapath->folder = -1;
	datapath->resolver = *resolver;
	int r = copy_options(datapath, options);
	if (r == 0)
		r = load_probe(datapath, complaints);
	if (r == 0)
		r = datapath->folder = pin_dir_open(datapath->pin_root, complaints);
	if (r >= 0)
		r = choose_sizes(datapath, complaints);
	if (r == 0)
		r = load_programs(datapath, complaints);
	if (r == 0)
		r = start(datapath, complaints);
	if (r < 0)
		return r;
	*ret_datapath = TAKE_PTR(datapath);
	return 0;
}

void datapath_tick(struct datapath *datapath)
{
	uint64_t now = clock_ns();

	ranges_tick(&datapath->slot_places, now);
	ranges_tick(&datapath->member_places, now);
	id_pool_tick(&datapath->services, now);
	id_pool_tick(&datapath->ids, now);
	id_pool_tick(&datapath->backend_ids, now);
	id_pool_tick(&datapath->endpoints.ids, now);
	/* A failure here is one of memory: the next tick tries the same again. */
	(void)drain_step(datapath, now);
	(void)tables_settle(datapath, now);
	(void)sweep_step(datapath, clock_tick());
}

unsigned datapath_tick_interval_ms(const struct datapath *datapath)
{
	unsigned interval = SWEEP_PASS_MS / sweep_views(&datapath->sweep);

	if (interval > TICK_MOST_MS)
		return TICK_MOST_MS;
	return interval ? interval : 1;
}
