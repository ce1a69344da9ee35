/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Active health checks on the loop: when to probe, what a result means, whom to tell.
 *
 * A check starts at a random moment within its first interval, then runs at its fixed
 * interval; of starts that were missed (a probe outlasted the interval, the loop stood
 * still) one is made up for. A check has at most one probe in flight, and
 * all checks together at most half the file descriptors of the process: more wait in a
 * queue. Each check has one entry in the schedule, its next start or the time-out of its
 * probe, and one timer is armed for the first.
 *
 * Every loop callback has two parts. First results are taken in: verdicts change, checks
 * are rescheduled, Services marked, nothing is freed. Then settle() starts what is due
 * and tells the marked Services, whose owner may replace checks at will. So a result
 * reaches the datapath in the same turn of the loop. Sockets are read before time-outs
 * are judged: when the loop stood still, answers that came in time still count.
 *
 * A change of state is also logged: check_log.c.
 *
 * What says nothing of the backend (no descriptor, no local port) changes no verdict; it
 * shows in the check's text and, once a minute, in the log.
 *
 * Until its first result a check is UNKNOWN: see verdict.c.
 */
#include "health.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <utlist.h>
#include "../lib/cleanup.h"
#include "../lib/log.h"
#include "check_log.h"
#include "check_set.h"
#include "prober.h"

#define DESCRIPTORS_MAX	 65536
#define WARN_INTERVAL_MS 60000
/* At some 30 µs each, 4 ms: results and the rest of the daemon wait no longer. */
#define STARTS_PER_TURN 128

struct health {
	uv_timer_t timer;
	struct check_set set;
	struct prober *prober;
	struct check *queue;
	size_t in_flight, in_flight_max;
	void (*changed)(void *context, const char *namespace, const char *service);
	void *context;
	uint64_t random;
	uint64_t warn_ms; /* no warning before */
	struct check_log log;
};

/* uv_now() without its age: the same clock, read now. */
static uint64_t clock_ms(void)
{
	return uv_hrtime() / 1000000;
}

static struct check *check_of_entry(struct schedule_entry *entry)
{
	return (struct check *)((char *)entry - offsetof(struct check, entry));
}

static struct check *check_of_probe(struct probe *probe)
{
	return (struct check *)((char *)probe - offsetof(struct check, probe));
}

/* xorshift64: spreads starts, guards nothing. */
static uint64_t next_random(struct health *health)
{
	health->random ^= health->random << 13;
	health->random ^= health->random >> 7;
	health->random ^= health->random << 17;
	return health->random;
}

static void warn_void(struct health *health, const struct check *check,
		      const struct probe_result *result, uint64_t now_ms)
{
	char address[ADDR_TEXT];

	if (now_ms < health->warn_ms)
		return;
	health->warn_ms = now_ms + WARN_INTERVAL_MS;
	log_warning("health check of %s: %s; its state stays",
		    addr_print_port(&check->target.addr, check->target.port, address),
		    result->text);
}

/* The next start on the grid of the fixed interval. Of those missed, the last is made up
 * for: a time-out as long as the interval must not halve the rate. */
static void plan_next(struct health *health, struct check *check, uint64_t now_ms)
{
	uint64_t interval_ms = check->target.spec.interval_ms;
	uint64_t passed = (now_ms - check->planned_ms) / interval_ms;

	check->planned_ms += (passed ? passed : 1) * interval_ms;
	check->phase = CHECK_WAITING;
	schedule_set(&health->set.schedule, &check->entry, check->planned_ms);
}

static void take_result(struct health *health, struct check *check,
			const struct probe_result *result)
{
	uint64_t now_ms = clock_ms();
	int before = check->verdict.state;

	check->last_duration_us =
	    (unsigned)((uv_hrtime() - check->probe.started_ns) / 1000);
	memcpy(check->text, result->text, sizeof(check->text));
	plan_next(health, check, now_ms);
	if (result->outcome == PROBE_VOID) {
		warn_void(health, check, result, now_ms);
	} else if (verdict_take(&check->verdict, result->outcome == PROBE_PASSED,
				now_ms)) {
		check_set_mark(&health->set, check);
		check_log_tell(&health->log, check, before, now_ms);
	}
}

static void on_finished(void *context, struct probe *probe,
			const struct probe_result *result)
{
	struct health *health = context;

	health->in_flight--;
	take_result(health, check_of_probe(probe), result);
}

static void expire(struct health *health, struct check *check)
{
	struct probe_result result;

	prober_expire(health->prober, &check->probe, &result);
	health->in_flight--;
	take_result(health, check, &result);
}

/* Time-outs that passed become results; checks that are due join the queue. */
static void take_due(struct health *health, uint64_t now_ms)
{
	struct schedule *schedule = &health->set.schedule;

	for (;;) {
		struct schedule_entry *first = schedule_first(schedule);

		if (!first || first->due_ms > now_ms)
			return;
		struct check *check = check_of_entry(first);

		if (check->phase == CHECK_PROBING) {
			expire(health, check);
			continue;
		}
		schedule_remove(schedule, first);
		check->phase = CHECK_QUEUED;
		DL_APPEND(health->queue, check);
	}
}

static void start_probe(struct health *health, struct check *check)
{
	struct probe_result result;
	uint64_t now_ms = clock_ms();

	if (prober_start(health->prober, &check->probe, &check->target, &result)) {
		take_result(health, check, &result);
		return;
	}
	health->in_flight++;
	check->phase = CHECK_PROBING;
	schedule_set(&health->set.schedule, &check->entry,
		     now_ms + check->target.spec.timeout_ms);
}

static bool may_start(const struct health *health)
{
	return health->queue && health->in_flight < health->in_flight_max;
}

static void start_queued(struct health *health)
{
	for (unsigned i = 0; i < STARTS_PER_TURN && may_start(health); i++) {
		struct check *check = health->queue;

		DL_DELETE(health->queue, check);
		start_probe(health, check);
	}
}

static void on_timer(uv_timer_t *timer);

/*
 * By the loop's own clock, and never for now: libuv 1.44 runs a timer that its callback
 * armed for now again within the same turn, so an overload would starve all others.
 */
static void arm(struct health *health)
{
	struct schedule_entry *first = schedule_first(&health->set.schedule);
	uint64_t now_ms = uv_now(health->timer.loop), delay_ms = 1;
	uint64_t due_ms = check_log_flush(&health->log, clock_ms());

	if (first && first->due_ms < due_ms)
		due_ms = first->due_ms;
	if (due_ms == UINT64_MAX && !may_start(health)) {
		uv_timer_stop(&health->timer);
		return;
	}
	if (!may_start(health) && due_ms > now_ms)
		delay_ms = due_ms - now_ms;
	uv_timer_start(&health->timer, on_timer, delay_ms, 0);
}

/* The end of every loop callback. */
static void settle(void *context)
{
	struct health *health = context;

	start_queued(health);
	check_set_tell(&health->set, health->changed, health->context);
	arm(health);
}

static void on_timer(uv_timer_t *timer)
{
	struct health *health = timer->data;

	prober_poll(health->prober);
	take_due(health, clock_ms());
	settle(health);
}

static void admit(void *context, struct check *check)
{
	struct health *health = context;
	const struct check_spec *spec = &check->target.spec;
	uint64_t now_ms = clock_ms();

	verdict_start(&check->verdict, spec->rise, spec->fall, now_ms);
	snprintf(check->text, sizeof(check->text), "not probed yet");
	check->planned_ms = now_ms + next_random(health) % spec->interval_ms;
	check->phase = CHECK_WAITING;
	schedule_set(&health->set.schedule, &check->entry, check->planned_ms);
}

static void dismiss(void *context, struct check *check)
{
	struct health *health = context;

	if (check->phase == CHECK_QUEUED)
		DL_DELETE(health->queue, check);
	if (check->phase == CHECK_PROBING) {
		prober_stop(health->prober, &check->probe);
		health->in_flight--;
	}
	schedule_remove(&health->set.schedule, &check->entry);
}

/* Raise the soft limit to the hard one; half of it is for probes. */
static size_t bound_in_flight(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 256;
	rlim_t wanted =
	    limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;

	if (limit.rlim_cur < wanted) {
		rlim_t before = limit.rlim_cur;

		limit.rlim_cur = wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			limit.rlim_cur = before;
	}
	if (limit.rlim_cur > DESCRIPTORS_MAX)
		limit.rlim_cur = DESCRIPTORS_MAX;
	return limit.rlim_cur < 4 ? 1 : limit.rlim_cur / 2;
}

int health_open(uv_loop_t *loop,
		void (*changed)(void *context, const char *namespace,
				const char *service),
		void *context, struct health **ret_health)
{
	static const struct http_events events = { on_finished, settle };
	_cleanup_free_ struct health *health = calloc(1, sizeof(*health));
	int r;

	if (!health)
		return -ENOMEM;
	r = uv_random(NULL, NULL, &health->random, sizeof(health->random), 0, NULL);
	if (r < 0)
		return r;
	health->random |= 1; /* xorshift stays at zero */
	health->set.admit = admit;
	health->set.dismiss = dismiss;
	health->set.context = health;
	health->changed = changed;
	health->context = context;
	health->in_flight_max = bound_in_flight();
	r = prober_open(loop, &events, health, &health->prober);
	if (r < 0)
		return r;
	r = uv_timer_init(loop, &health->timer);
	if (r < 0) {
		prober_close(health->prober);
		return r;
	}
	health->timer.data = health;
	*ret_health = TAKE_PTR(health);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void health_close(struct health *health)
{
	check_set_clear(&health->set);
	prober_close(health->prober);
	uv_close((uv_handle_t *)&health->timer, on_closed);
}

int health_set_service(struct health *health, const char *namespace, const char *name,
		       const struct wanted_service *service)
{
	int r = check_set_replace(&health->set, namespace, name, service);

	arm(health);
	return r;
}

int health_state(void *health, const struct hg_addr *addr, uint16_t port,
		 const struct check_spec *check)
{
	struct health *of = health;
	const struct check *found = check_set_find(&of->set, addr, port, check);

	return found ? found->verdict.state : HEALTH_UNKNOWN;
}

int health_describe(const struct health *health, const struct hg_addr *addr,
		    uint16_t port, const struct check_spec *check,
		    struct health_result *ret_result)
{
	const struct check *found = check_set_find(&health->set, addr, port, check);

	if (!found)
		return -ENOENT;
	*ret_result = (struct health_result){
		.state = found->verdict.state,
		.successes = found->verdict.successes,
		.failures = found->verdict.failures,
		.changed_ms = found->verdict.changed_ms,
		.last_duration_us = found->last_duration_us,
	};
	snprintf(ret_result->text, sizeof(ret_result->text), "%s", found->text);
	return 0;
}

size_t health_count(const struct health *health)
{
	return check_set_count(&health->set);
}
