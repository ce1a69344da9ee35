// SPDX-License-Identifier: BSD-2-Clause
/*
 * While a flow moves from hg_embryos to hg_flows it is in both for an instant, PENDING in the
 * one and LIVE in the other: each of its packets must find it, on whatever CPU.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/endian.h>
#include <headgate/hash.h>
#include "flow_check.h"
#include "rows.h"
#include "talk.h"

/* Copy each LIVE embryo to its home in hg_flows, as whoever moves it leaves it there. */
static void begin_to_move(const struct harness *harness)
{
	for (uint32_t i = 0; i < HARNESS_LINES; i++) {
		const struct hg_flow *embryo = &harness->embryos[i];
		uint32_t home =
		    (uint32_t)hg_hash_flow(&embryo->key, harness->config.seed) &
		    harness->config.flow_mask;

		if ((embryo->ctl & HG_FLOW_STATE) != HG_FLOW_LIVE)
			continue;
		harness->flows[home] = *embryo;
		harness->flows[home].ctl = HG_FLOW_PENDING;
		harness->flows[home].reach = 0;
	}
}

static void a_flow_is_found_while_it_moves(void **state)
{
	struct scene scene;
	struct packet packet, want;

	for (int i = 0; i < 8; i++) {
		bool reply = i & 4;

		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		an_open_flow(&scene);
		begin_to_move(scene.harness);
		if (reply)
			scene_from_backend(&scene, BACKEND_A, &packet);
		else
			scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, reply ? BACKEND_A : CLIENT, &packet);
		want = packet;
		if (reply)
			reaches_client(&scene, &want);
		else
			reaches_backend_a(&scene, &want);
		assert_true(scene_saw(&scene, "a moving flow's packet", XDP_TX, &want));
		assert_int_equal(harness_stats(*state, 1).created, 1);
	}
}

/* ---- on two CPUs ---- */
#define CONNECTIONS 900
#define ROUNDS	    4

static struct replier {
	struct scene scene;
	uint32_t
	    moving; /* the client's port | ours << 16 of the latest connection; 0: none */
	int stop;
	unsigned long sent, wrong;
} replier;

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* The backend goes on replying; nothing of it may be lost. */
static void *reply_on(void *argument)
{
	struct scene *scene = &replier.scene;
	struct packet packet, want;

	(void)argument;
	stay_on(1);
	while (!__atomic_load_n(&replier.stop, __ATOMIC_ACQUIRE)) {
		uint32_t moving = __atomic_load_n(&replier.moving, __ATOMIC_ACQUIRE);

		if (!moving)
			continue;
		scene->snat_port = (uint16_t)(moving >> 16);
		scene_from_backend(scene, BACKEND_A, &packet);
		packet.flags = TCP_ACK;
		scene_send(scene, BACKEND_A, &packet);
		want = packet;
		scene_to_client(scene, CLIENT, &want);
		want.dport = (uint16_t)moving;
		__atomic_add_fetch(&replier.sent, 1, __ATOMIC_RELEASE);
		replier.wrong +=
		    !scene_saw(scene, "a reply amid the move", XDP_TX, &want);
	}
	return NULL;
}

/* Until the other CPU is at work on the latest connection. */
static void wait_for_reply(void)
{
	unsigned long sent = __atomic_load_n(&replier.sent, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&replier.sent, __ATOMIC_ACQUIRE) == sent)
		sched_yield();
}

static void connect_often(struct scene *scene)
{
	struct talk talk;

	for (uint16_t port = 2000; port < 2000 + CONNECTIONS; port++) {
		talk_begin(&talk, scene, port);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_SYN, 0));
		talk_hear(&talk, BY_BACKEND);
		assert_true(talk_say(&talk, BY_BACKEND, TCP_SYN | TCP_ACK, 0));
		talk_hear(&talk, BY_CLIENT);
		__atomic_store_n(&replier.moving, port | (uint32_t)talk.snat_port << 16,
				 __ATOMIC_RELEASE);
		wait_for_reply();
		assert_true(talk_say(&talk, BY_CLIENT, TCP_ACK, 0));
		assert_true(talk_say(&talk, BY_CLIENT, TCP_ACK, 10));
	}
}

static void no_packet_is_lost_while_flows_move(void **state)
{
	struct harness *harness = *state;
	pthread_t thread;

	if (harness->cpus < 2) {
		print_message("skip: this machine has one CPU\n");
		skip();
	}
	for (int i = 0; i < ROUNDS; i++) {
		memset(&replier, 0, sizeof(replier));
		scene_begin(&replier.scene, harness, i & 1 ? 6 : 4, PROTOCOL_TCP);
		one_backend_on_the_same_link(&replier.scene);
		struct scene scene = replier.scene;

		stay_on(0);
		assert_int_equal(pthread_create(&thread, NULL, reply_on, NULL), 0);
		connect_often(&scene);
		__atomic_store_n(&replier.stop, 1, __ATOMIC_RELEASE);
		pthread_join(thread, NULL);
		assert_true(replier.sent > 0);
		assert_int_equal(replier.wrong, 0);
		assert_int_equal(flow_check(harness), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_found_while_it_moves),
		cmocka_unit_test(no_packet_is_lost_while_flows_move),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
