/* SPDX-License-Identifier: BSD-2-Clause */
/* The sweeper. What may go is decided in expiry.c; here it is found and freed. */
#include "sweep.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "expiry.h"
#include "routes.h"
#include "state.h"

static uint32_t window_of(const struct flow_table *table)
{
	return table->embryonic ? HG_EMBRYO_WINDOW : HG_FLOW_WINDOW;
}

int sweep_open(struct datapath *datapath)
{
	struct sweep *sweep = &datapath->sweep;

	sweep->tables[0] = (struct flow_table){ .fd = datapath->fds[MAP_FLOWS],
						.lines = datapath->entries[MAP_FLOWS] };
	sweep->tables[1] = (struct flow_table){ .fd = datapath->fds[MAP_EMBRYOS],
						.lines = datapath->entries[MAP_EMBRYOS],
						.embryonic = true };
	sweep->reach = calloc(FLOW_VIEW_LINES, sizeof(*sweep->reach));
	return sweep->reach ? 0 : -ENOMEM;
}

void sweep_close(struct sweep *sweep)
{
	free(sweep->reach);
	sweep->reach = NULL;
}

uint32_t sweep_views(const struct sweep *sweep)
{
	return flow_table_views(&sweep->tables[0]) + flow_table_views(&sweep->tables[1]);
}

void sweep_count(struct datapath *datapath, const struct hg_flow *line)
{
	uint32_t index = hg_backend_index(line->backend);
	uint32_t generation = line->backend >> HG_BACKEND_BITS;

	/* Index 0: a direct flow, no backend's. */
	if (!index || index >= datapath->entries[MAP_BACKENDS] ||
	    datapath->backends[index].generation != generation)
		return;
	uint64_t *expired = mmap_view_at(&datapath->expired, index);
	if (expired)
		*expired += 1;
}

/* ---- time-outs ---- */
struct expiring {
	struct datapath *datapath;
	uint32_t now;
};

static bool may_lead(void *context, const struct flow_table *table,
		     const struct hg_flow *copy)
{
	const struct expiring *expiring = context;
	uint32_t idle = hg_flow_age(expiring->now, copy->seen);

	return idle >= expiry_earliest(expiring->datapath->config.timeout,
				       copy->key.protocol, copy->ctl, table->embryonic);
}

static int expire(void *context, struct pair *pair)
{
	const struct expiring *expiring = context;
	struct datapath *datapath = expiring->datapath;
	uint32_t idle = hg_flow_age(expiring->now, pair->copy.seen);
	uint32_t partner_ctl = 0;

	if (pair->partner) {
		uint32_t other = hg_flow_age(expiring->now, pair->partner_copy.seen);

		idle = other < idle ? other : idle;
		partner_ctl = pair->partner_copy.ctl;
	}
	if (idle < hg_flow_timeout(datapath->config.timeout, pair->copy.key.protocol,
				   pair->copy.ctl, partner_ctl, pair->table->embryonic))
		return 0;
	bool leads = !(pair->copy.ctl & HG_FLOW_REPLY);
	if (!pair_free(pair) || (!leads && !pair->partner))
		return 0;
	sweep_count(datapath, leads ? &pair->copy : &pair->partner_copy);
	datapath->sweep.expired++;
	return 0;
}

/* A line that is claimed is seen first: its time is its own. */
static void free_left(struct hg_flow *line, uint32_t ctl, uint32_t now)
{
	if (hg_flow_age(now, line->seen) > HG_FLOW_LEFT_TICKS)
		__atomic_compare_exchange_n(&line->ctl, &ctl, hg_flow_ctl_free(ctl),
					    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* ---- reach ---- */
/* Take the home's lock as the datapath does; not waited for: there is a next pass. */
static uint32_t *lock_home(struct datapath *datapath, uint32_t home, uint32_t now)
{
	uint32_t *lock = &datapath->locks[2 * (home & (HG_LOCKS - 1))];
	uint32_t free_lock = 0;

	if (!__atomic_compare_exchange_n(lock, &free_lock,
					 hg_lock_holder(now, HG_LOCK_SWEEPER), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return NULL;
	return lock;
}

static void lower_reach(struct datapath *datapath, const struct flow_table *table,
			struct hg_flow *line, uint32_t home)
{
	/* Not the tick of the sweep's start: a lock that looks old is taken over. */
	uint32_t now = clock_tick();
	uint32_t *lock = lock_home(datapath, home, now);

	if (!lock)
		return;
	uint8_t reach = expiry_reach(line, home, window_of(table), datapath->config.seed,
				     table->lines - 1);
	uint32_t mine = hg_lock_holder(now, HG_LOCK_SWEEPER);
	if (reach < line->reach && __atomic_load_n(lock, __ATOMIC_ACQUIRE) == mine)
		*(volatile uint8_t *)&line->reach = reach;
	/*
	 * Stopped for two seconds in here, we lost the lock, and an insert may have raised
	 * what we lowered: the largest reach is always safe, the next pass lowers it.
	 */
	if (!__atomic_compare_exchange_n(lock, &mine, 0, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		*(volatile uint8_t *)&line->reach = (uint8_t)(window_of(table) - 1);
}

/*
 * What was found or judged in another epoch never becomes valid again by the epoch coming round:
 * each pass moves it along. By plain stores, as the datapath does it: a way that was found in
 * this instant is looked up once more, a flow judged in it once more. (65,536 epochs of policy
 * do not begin in one pass, and nearly all lines are left clean.)
 */
static void keep_stale(struct datapath *datapath, struct hg_flow *line, uint32_t ctl)
{
	const struct hg_state *state = datapath->state;
	uint8_t route = (uint8_t)__atomic_load_n(&state->route_epoch, __ATOMIC_RELAXED);
	uint16_t policy = (uint16_t)__atomic_load_n(&state->policy, __ATOMIC_RELAXED);

	if (ctl & HG_FLOW_REPLY && line->route_epoch != route)
		*(volatile uint8_t *)&line->route_epoch = (uint8_t)(route - 1);
	if ((uint16_t)(policy - line->key.policy) > HG_POLICY_EPOCH / 2)
		*(volatile uint16_t *)&line->key.policy = (uint16_t)(policy - 1);
}

/*
 * One look at every line of the view: notes how far keys lie from home, counts,
 * frees lines that an insert left PENDING.
 */
static void survey(struct datapath *datapath, const struct flow_table *table,
		   const struct flow_view *view, uint32_t now)
{
	struct sweep *sweep = &datapath->sweep;
	uint32_t mask = table->lines - 1, window = window_of(table);

	memset(sweep->reach, 0, view->count);
	for (uint32_t i = 0; i < view->count + window - 1; i++) {
		struct hg_flow *line = &view->lines[i];
		uint32_t ctl = __atomic_load_n(&line->ctl, __ATOMIC_ACQUIRE);
		uint32_t state = ctl & HG_FLOW_STATE;

		if (state == HG_FLOW_FREE)
			continue;
		uint32_t home =
		    (uint32_t)hg_hash_flow(&line->key, datapath->config.seed) & mask;
		uint32_t distance = (view->first + i - home) & mask;
		uint32_t place = i - distance;
		if (distance < window && distance <= i && place < view->count &&
		    sweep->reach[place] < distance)
			sweep->reach[place] = (uint8_t)distance;
		if (i >= view->count)
			continue;
		sweep->counting[table->embryonic]++;
		keep_stale(datapath, line, ctl);
		if (state != HG_FLOW_LIVE)
			free_left(line, ctl, now);
	}
}

static int sweep_view(struct datapath *datapath, const struct flow_table *table,
		      const struct flow_view *view, uint32_t now)
{
	struct expiring expiring = { datapath, now };
	struct pair_visitor visitor = { .context = &expiring,
					.wants = may_lead,
					.visit = expire,
					.most = SWEEP_PAIRS,
					.turn = datapath->sweep.passes };
	int r = pairs_walk(table, view, &visitor);

	survey(datapath, table, view, now);
	for (uint32_t i = 0; i < view->count; i++)
		if (view->lines[i].reach > datapath->sweep.reach[i])
			lower_reach(datapath, table, &view->lines[i], view->first + i);
	return r;
}

/* A lock that nobody asks for would look young again once its tick comes round. */
static void free_left_locks(struct datapath *datapath, uint32_t now)
{
	uint32_t mine = hg_lock_holder(now, HG_LOCK_SWEEPER);

	for (uint32_t i = 0; i < HG_LOCKS; i++) {
		uint32_t *lock = &datapath->locks[2 * i];
		uint32_t held = __atomic_load_n(lock, __ATOMIC_RELAXED);

		if (held && hg_lock_age(mine, held) > (int32_t)HG_LOCK_STALE_TICKS)
			__atomic_compare_exchange_n(lock, &held, 0, false,
						    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
}

static void end_pass(struct datapath *datapath, uint32_t now)
{
	struct sweep *sweep = &datapath->sweep;

	sweep->next = 0;
	free_left_locks(datapath, now);
	routes_pass(datapath);
	sweep->passes++;
	memcpy(sweep->live, sweep->counting, sizeof(sweep->live));
	memset(sweep->counting, 0, sizeof(sweep->counting));
}

int sweep_step(struct datapath *datapath, uint32_t now)
{
	struct sweep *sweep = &datapath->sweep;
	uint32_t number = sweep->next++;
	const struct flow_table *table = &sweep->tables[0];
	struct flow_view view;

	if (number >= flow_table_views(table)) {
		number -= flow_table_views(table);
		table = &sweep->tables[1];
	}
	int r = flow_view_open(table, number, &view);
	if (r == 0) {
		r = sweep_view(datapath, table, &view, now);
		flow_view_close(&view);
	}
	if (sweep->next == sweep_views(sweep))
		end_pass(datapath, now);
	return r;
}
