/* SPDX-License-Identifier: BSD-2-Clause */
/* When work is done: on the loop's next turn, and again after a failure. */
#include "controller_state.h"

void controller_schedule(struct controller *controller)
{
	if (controller->handles_open)
		uv_timer_start(&controller->work, controller->on_work, 0, 0);
}

void controller_retry_at(struct controller *controller, uint64_t due_ms)
{
	uint64_t now_ms = uv_now(&controller->loop);

	uv_timer_start(&controller->retry, controller->on_retry,
		       due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

void controller_failed(struct controller *controller, struct retry *retry)
{
	unsigned doublings = retry->failures < 16 ? retry->failures : 16;
	uint64_t wait_ms = (uint64_t)RETRY_FIRST_MS << doublings;

	retry->failures++;
	retry->due_ms = uv_now(&controller->loop) +
			(wait_ms < RETRY_LAST_MS ? wait_ms : RETRY_LAST_MS);
	if (!uv_is_active((uv_handle_t *)&controller->retry) ||
	    uv_timer_get_due_in(&controller->retry) > wait_ms)
		controller_retry_at(controller, retry->due_ms);
}

void controller_succeeded(struct retry *retry)
{
	*retry = (struct retry){ 0 };
}
