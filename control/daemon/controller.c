/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "controller.h"
#include "controller_state.h"
#include "privilege.h"
#include "readiness.h"

/* Of Services on one turn of the loop: everything else waits this long. */
#define TURN_NS 20000000U

static void on_retry(uv_timer_t *timer)
{
	struct controller *controller = timer->data;
	uint64_t now_ms = uv_now(&controller->loop);
	const uint64_t due_ms[] = {
		reconcile_retry(controller, now_ms),
		interfaces_retry(controller, now_ms),
		policies_retry(controller, now_ms),
		local_pods_retry(controller, now_ms),
	};
	const struct retry *routing = &controller->routing_retry;
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < sizeof(due_ms) / sizeof(*due_ms); i++)
		next = due_ms[i] < next ? due_ms[i] : next;
	if (routing->failures && routing->due_ms <= now_ms)
		controller->due.routes = true;
	else if (routing->failures && routing->due_ms < next)
		next = routing->due_ms;
	if (next != UINT64_MAX)
		controller_retry_at(controller, next);
	controller_schedule(controller);
}

static void reroute(struct controller *controller)
{
	struct complaints complaints = { 0 };
	int r = datapath_reroute(controller->datapath, &complaints);

	if (r < 0 && !complaints_have_errors(&complaints))
		complain(&complaints, COMPLAINT_ERROR, NULL,
			 &(const struct about){ .cause = CAUSE_NOT_APPLIED },
			 "changed routes are not in force (%s): they are tried again",
			 strerror(-r));
	if (r < 0)
		controller_failed(controller, &controller->routing_retry);
	else
		controller_succeeded(&controller->routing_retry);
	log_once_update(&controller->routing_logged, &complaints);
	complaints_clear(&controller->routing);
	controller->routing = complaints;
}

/* Each step may make something due again: that is the next turn's. */
static void on_work(uv_timer_t *timer)
{
	struct controller *controller = timer->data;
	struct due due = controller->due;

	controller->due = (struct due){ 0 };
	if (due.policies)
		policies_update(controller);
	if (due.pods || due.routes || controller->due.pods)
		local_pods_review(controller);
	if (due.routes)
		reroute(controller);
	if (due.inside)
		reconcile_inside(controller);
	if (due.interfaces)
		interfaces_attach(controller);
	if (reconcile_services(controller, TURN_NS) || controller->due.pods)
		controller_schedule(controller);
}

static void on_tick(uv_timer_t *timer)
{
	struct controller *controller = timer->data;
	uint64_t now_ms = uv_now(&controller->loop);

	datapath_tick(controller->datapath);
	changes_tick(&controller->changes, now_ms);
	orphans_tell(controller, now_ms);
}

static void on_end(uv_signal_t *handle, int number)
{
	struct controller *controller = handle->data;

	log_info("ending (%s): the datapath stays in force",
		 number == SIGINT ? "SIGINT" : "SIGTERM");
	uv_stop(&controller->loop);
}

static void on_reload(uv_signal_t *handle, int number)
{
	struct controller *controller = handle->data;
	int r = manifests_reload(controller->manifests);

	(void)number;
	if (r < 0)
		log_error("%s: not reloaded, everything stays in force: %s",
			  controller->options->manifests, strerror(-r));
}

static int open_loop(struct controller *controller)
{
	uv_timer_t *timers[] = { &controller->work, &controller->retry,
				 &controller->tick };
	uv_signal_t *signals[] = { &controller->terminate, &controller->interrupt,
				   &controller->reload };
	int r = uv_loop_init(&controller->loop);

	if (r < 0)
		return log_failure("the event loop cannot be made", r);
	controller->loop_open = true;
	controller->started_ms = uv_now(&controller->loop);
	for (int i = 0; i < 3; i++) { /* neither initialisation can fail on Linux */
		uv_timer_init(&controller->loop, timers[i]);
		uv_signal_init(&controller->loop, signals[i]);
		timers[i]->data = signals[i]->data = controller;
	}
	controller->on_work = on_work;
	controller->on_retry = on_retry;
	controller->handles_open = true;
	return 0;
}

static int count_flow(void *context, const struct datapath_flow *flow)
{
	size_t *count = context;

	(void)flow;
	(*count)++;
	return 0;
}

static void log_takeover(struct controller *controller)
{
	size_t flows = 0;

	if (datapath_each_flow(controller->datapath, count_flow, &flows) == 0 && flows)
		log_info("took over the datapath: %zu flow%s stay%s", flows,
			 flows == 1 ? "" : "s", flows == 1 ? "s" : "");
}

static void tell_ready(const struct controller *controller)
{
	size_t services = cluster_count(controller->cluster, OBJECT_SERVICE);
	size_t attached = interfaces_attached(controller);

	if (attached)
		log_info("ready: %zu Service%s, %zu interface%s attached, API at %s",
			 services, services == 1 ? "" : "s", attached,
			 attached == 1 ? "" : "s", controller->options->socket);
	else if (controller->options->interfaces.count)
		log_error("no interface is attached, so no packet is balanced: see above "
			  "why; %zu Service%s, API at %s",
			  services, services == 1 ? "" : "s",
			  controller->options->socket);
	else
		log_info("ready: %zu Service%s, no pod interface yet, API at %s",
			 services, services == 1 ? "" : "s", controller->options->socket);
}

static int begin(struct controller *controller)
{
	unsigned tick_ms = datapath_tick_interval_ms(controller->datapath);
	int r = uv_signal_start(&controller->terminate, on_end, SIGTERM);

	if (r == 0)
		r = uv_signal_start(&controller->interrupt, on_end, SIGINT);
	if (r == 0)
		r = uv_signal_start(&controller->reload, on_reload, SIGHUP);
	if (r == 0)
		r = uv_timer_start(&controller->tick, on_tick, tick_ms, tick_ms);
	if (r < 0)
		return log_failure("signals and timers cannot be set up", r);
	controller_schedule(controller);
	r = privilege_drop();
	if (r < 0)
		log_warning("capabilities are not dropped: %s", strerror(-r));
	r = grace_thread_open(controller);
	if (r < 0)
		return log_failure("the event loop takes no more handles", r);
	r = readiness_tell("READY=1");
	if (r < 0)
		log_warning("the service manager is not told that all is ready: %s",
			    strerror(-r));
	log_takeover(controller);
	tell_ready(controller);
	changes_begin(&controller->changes);
	/* What reading and programming everything at once needed is not needed again. */
	malloc_trim(0);
	return 0;
}

static int open_all(struct controller *controller)
{
	int r = open_loop(controller);

	if (r == 0)
		r = startup_modules(controller);
	if (r == 0)
		r = begin(controller);
	return r;
}

static void close_handles(struct controller *controller)
{
	uv_handle_t *handles[] = {
		(uv_handle_t *)&controller->work,
		(uv_handle_t *)&controller->retry,
		(uv_handle_t *)&controller->tick,
		(uv_handle_t *)&controller->terminate,
		(uv_handle_t *)&controller->interrupt,
		(uv_handle_t *)&controller->reload,
	};

	if (!controller->handles_open)
		return;
	controller->handles_open = false;
	for (size_t i = 0; i < sizeof(handles) / sizeof(*handles); i++)
		uv_close(handles[i], NULL);
}

static void close_all(struct controller *controller)
{
	close_handles(controller);
	grace_thread_close(controller);
	denials_clear(controller);
	policies_clear(controller); /* its tables lie in maps that are closed next */
	startup_close(controller);
	if (controller->loop_open) {
		uv_run(&controller->loop, UV_RUN_DEFAULT); /* the close callbacks */
		if (uv_loop_close(&controller->loop) < 0)
			log_error(
			    "a handle was left open at the end: please report this");
	}
	reconcile_clear(controller);
	local_pods_clear(controller);
	interfaces_clear(controller);
	startup_clear(controller);
	changes_clear(&controller->changes);
}

int controller_run(const struct options *options)
{
	struct controller controller = { .options = options };

	signal(SIGPIPE, SIG_IGN);
	int r = open_all(&controller);

	if (r == 0) {
		uv_run(&controller.loop, UV_RUN_DEFAULT);
		r = readiness_tell("STOPPING=1");
		if (r < 0)
			log_debug("the service manager is not told of the end: %s",
				  strerror(-r));
		r = 0;
	}
	close_all(&controller);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
