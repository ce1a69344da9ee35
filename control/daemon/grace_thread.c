/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only readers of an older policy use is free when they are gone, a few milliseconds
 * after each change: a thread waits for them, so that the next change need not. It begins
 * after the capabilities are dropped, which it would keep; where none can be had, the next
 * change waits.
 */
#include "controller_state.h"

/* A thread's. */
static void wait_for_readers(void *context)
{
	uv_async_t *done = context;

	datapath_wait_for_readers();
	uv_async_send(done);
}

static void join(struct grace *grace)
{
	if (grace->is_waiting)
		uv_thread_join(&grace->thread);
	grace->is_waiting = false;
}

/* Readers are gone. Sets that are freed take the names with them that refusals bear. */
static void settle(struct controller *controller)
{
	denials_note(controller);
	policy_settle(controller->policies.compiler);
}

static void on_done(uv_async_t *done)
{
	struct controller *controller = done->data;
	struct grace *grace = &controller->grace;

	if (!grace->is_waiting)
		return;
	join(grace);
	if (grace->waited_for == grace->changes && controller->policies.compiler)
		settle(controller);
	grace_thread_begin(controller);
}

int grace_thread_open(struct controller *controller)
{
	struct grace *grace = &controller->grace;
	int r = uv_async_init(&controller->loop, &grace->done, on_done);

	grace->done.data = controller;
	grace->is_open = r == 0;
	if (r == 0)
		grace_thread_begin(controller);
	return r;
}

void grace_thread_begin(struct controller *controller)
{
	struct grace *grace = &controller->grace;
	const struct policy *compiler = controller->policies.compiler;

	if (!grace->is_open || grace->is_waiting || !compiler ||
	    !policy_is_unsettled(compiler))
		return;
	grace->waited_for = grace->changes;
	grace->is_waiting =
	    uv_thread_create(&grace->thread, wait_for_readers, &grace->done) == 0;
}

void grace_thread_end(struct controller *controller)
{
	controller->grace.changes++;
	if (!policy_is_unsettled(controller->policies.compiler))
		return;
	datapath_wait_for_readers();
	settle(controller);
}

void grace_thread_close(struct controller *controller)
{
	struct grace *grace = &controller->grace;

	join(grace);
	if (grace->is_open)
		uv_close((uv_handle_t *)&grace->done, NULL);
	grace->is_open = false;
}
