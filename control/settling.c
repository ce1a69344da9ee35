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

static void join(struct settling *settling)
{
	if (settling->is_waiting)
		uv_thread_join(&settling->thread);
	settling->is_waiting = false;
}

/* Readers are gone. Sets that are freed take the names with them that refusals bear. */
static void settle(struct controller *controller)
{
	refusals_note(controller);
	policy_settle(controller->policies.compiler);
}

static void on_done(uv_async_t *done)
{
	struct controller *controller = done->data;
	struct settling *settling = &controller->settling;

	if (!settling->is_waiting)
		return;
	join(settling);
	if (settling->waited_for == settling->changes && controller->policies.compiler)
		settle(controller);
	settling_begin(controller);
}

int settling_open(struct controller *controller)
{
	struct settling *settling = &controller->settling;
	int r = uv_async_init(&controller->loop, &settling->done, on_done);

	settling->done.data = controller;
	settling->is_open = r == 0;
	if (r == 0)
		settling_begin(controller);
	return r;
}

void settling_begin(struct controller *controller)
{
	struct settling *settling = &controller->settling;
	const struct policy *compiler = controller->policies.compiler;

	if (!settling->is_open || settling->is_waiting || !compiler ||
	    !policy_is_unsettled(compiler))
		return;
	settling->waited_for = settling->changes;
	settling->is_waiting =
	    uv_thread_create(&settling->thread, wait_for_readers, &settling->done) == 0;
}

void settling_end(struct controller *controller)
{
	controller->settling.changes++;
	if (!policy_is_unsettled(controller->policies.compiler))
		return;
	datapath_wait_for_readers();
	settle(controller);
}

void settling_close(struct controller *controller)
{
	struct settling *settling = &controller->settling;

	join(settling);
	if (settling->is_open)
		uv_close((uv_handle_t *)&settling->done, NULL);
	settling->is_open = false;
}
