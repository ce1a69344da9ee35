// SPDX-License-Identifier: BSD-2-Clause
/*
 * How connections end. A FIN counts when the other end has acknowledged it, an RST when it
 * bears the number that its receiver takes: nobody else shortens a connection's life.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "answers.h"
#include "flow_check.h"
#include "rows.h"
#include "talk.h"

static void begin(struct scene *scene, void **state, uint8_t family)
{
	scene_begin(scene, *state, family, PROTOCOL_TCP);
	one_backend_on_the_same_link(scene);
}

static void assert_goes_on(struct talk *talk)
{
	uint16_t port = talk->snat_port;

	for (int side = BY_CLIENT; side <= BY_BACKEND; side++) {
		assert_true(talk_say(talk, side, TCP_ACK, 100));
		talk_hear(talk, !side);
	}
	assert_int_equal(talk->snat_port, port);
}

/* Numbers that are all wrong, in and out of any window; ends of either side. */
static void forged_ends_shorten_nothing(void **state)
{
	static const uint8_t ends[] = { TCP_RST, TCP_RST | TCP_ACK, TCP_FIN | TCP_ACK,
					TCP_FIN };
	struct scene scene;
	struct talk talk;

	for (uint8_t family = 4; family <= 6; family += 2) {
		begin(&scene, state, family);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		assert_goes_on(&talk);
		for (uint32_t i = 1; i < 4000; i++) {
			uint32_t far = i % 3 ? i * 2654435761U : i;
			int side = i & 1;

			talk_forge(&talk, side, ends[i / 2 % 4],
				   talk.next[side] + far + !(far << 8),
				   talk.heard[side] + far);
			assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_ESTABLISHED);
		}
		scene_age(&scene, 4000);
		assert_goes_on(&talk);
	}
}

/* A forged reset, then a forged opening from the client's port: the backend is asked. */
static void a_forged_opening_takes_nothing_over(void **state)
{
	struct scene scene;
	struct talk talk;
	uint16_t port;

	for (uint8_t family = 4; family <= 6; family += 2) {
		begin(&scene, state, family);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		port = talk.snat_port;
		talk_forge(&talk, BY_CLIENT, TCP_RST, 12345, 0);
		assert_true(talk_forge(&talk, BY_CLIENT, TCP_SYN, 98765, 0));
		assert_int_equal(talk.snat_port, port);
		assert_goes_on(&talk);
		assert_int_equal(harness_stats(*state, 1).created, 1);
	}
}

/* The sender's next number, which the other end has acknowledged. */
static void a_reset_in_order_ends_the_flow(void **state)
{
	static const uint8_t resets[] = { TCP_RST, TCP_RST | TCP_ACK };
	struct scene scene;
	struct talk talk;

	for (int i = 0; i < 8; i++) {
		begin(&scene, state, i & 1 ? 6 : 4);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		assert_goes_on(&talk);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_ACK, 0));
		assert_true(talk_say(&talk, i >> 2, resets[i >> 1 & 1], 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_RST);
		/* Another connection from the port begins anew. */
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		assert_int_equal(harness_stats(*state, 1).created, 2);
	}
}

/* Whose sender was told of a segment that it never wanted: the segment's own number. */
static void who_goes_on_after_a_reset_did_not_mean_it(void **state)
{
	struct scene scene;
	struct talk talk;

	begin(&scene, state, 4);
	assert_true(talk_open(&talk, &scene, CLIENT_PORT));
	assert_true(talk_say(&talk, BY_CLIENT, TCP_RST, 0));
	assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_RST);
	assert_goes_on(&talk);
	assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_ESTABLISHED);
}

static void each_end_counts_once_acknowledged(void **state)
{
	struct scene scene;
	struct talk talk;

	for (int i = 0; i < 4; i++) {
		enum side first = i >> 1, last = !first;

		begin(&scene, state, i & 1 ? 6 : 4);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		assert_goes_on(&talk);
		assert_true(talk_say(&talk, first, TCP_FIN | TCP_ACK, 50));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_ESTABLISHED);
		/* Of what was under way, before the FIN arrived. */
		assert_true(talk_say(&talk, last, TCP_ACK, 100));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_ESTABLISHED);
		talk_hear(&talk, last);
		assert_true(talk_say(&talk, last, TCP_ACK, 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_FIN);
		/* Half open for long, then the answer and its own end. */
		scene_age(&scene, 100);
		assert_true(talk_say(&talk, last, TCP_ACK, 1000));
		assert_true(talk_say(&talk, last, TCP_FIN | TCP_ACK, 1000));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_FIN);
		talk_hear(&talk, first);
		assert_true(talk_say(&talk, first, TCP_ACK, 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_CLOSED);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		assert_int_equal(harness_stats(*state, 1).created, 2);
	}
}

/* Both leave at once; a FIN that is said again; one that is made up in between. */
static void ends_that_cross_count_too(void **state)
{
	struct scene scene;
	struct talk talk;

	for (uint8_t family = 4; family <= 6; family += 2) {
		begin(&scene, state, family);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		talk_forge(&talk, BY_BACKEND, TCP_FIN | TCP_ACK, 4711, 0);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_FIN | TCP_ACK, 0));
		assert_true(talk_say(&talk, BY_BACKEND, TCP_FIN | TCP_ACK, 0));
		talk.next[BY_CLIENT]--;
		assert_true(talk_say(&talk, BY_CLIENT, TCP_FIN | TCP_ACK, 0));
		talk_hear(&talk, BY_BACKEND);
		talk_hear(&talk, BY_CLIENT);
		assert_true(talk_say(&talk, BY_BACKEND, TCP_ACK, 0));
		assert_true(talk_say(&talk, BY_CLIENT, TCP_ACK, 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_CLOSED);
	}
}

/* The segment that proves the client is its last one too. */
static void an_end_within_the_proof_counts(void **state)
{
	struct scene scene;
	struct talk talk;

	for (uint8_t family = 4; family <= 6; family += 2) {
		begin(&scene, state, family);
		talk_begin(&talk, &scene, CLIENT_PORT);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_SYN, 0));
		talk_hear(&talk, BY_BACKEND);
		assert_true(talk_say(&talk, BY_BACKEND, TCP_SYN | TCP_ACK, 0));
		talk_hear(&talk, BY_CLIENT);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_FIN | TCP_ACK, 200));
		talk_hear(&talk, BY_BACKEND);
		assert_true(talk_say(&talk, BY_BACKEND, TCP_FIN | TCP_ACK, 300));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_FIN);
		talk_hear(&talk, BY_CLIENT);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_ACK, 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_CLOSED);
	}
}

/* A SYN that is refused by its number frees the port; one that somebody refuses does not. */
static void a_refusal_counts_by_the_number_of_the_opening(void **state)
{
	struct scene scene;
	struct talk talk;

	for (uint8_t family = 4; family <= 6; family += 2) {
		begin(&scene, state, family);
		talk_begin(&talk, &scene, CLIENT_PORT);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_SYN, 0));
		talk_forge(&talk, BY_BACKEND, TCP_RST | TCP_ACK, 0, 4711);
		talk_forge(&talk, BY_BACKEND, TCP_RST, 0, 0);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_SYN, 0));
		assert_int_equal(harness_stats(*state, 1).created, 1);
		talk_forge(&talk, BY_BACKEND, TCP_RST | TCP_ACK, 0, talk.next[BY_CLIENT]);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_SYN, 0));
		assert_int_equal(harness_stats(*state, 1).created, 2);
	}
}

static enum role client_aborts(struct scene *scene, struct packet *packet, uint8_t chunk,
			       uint32_t tag)
{
	scene_from_client(scene, CLIENT, packet);
	packet->chunk = chunk;
	packet->tag = tag;
	scene_send(scene, CLIENT, packet);
	return CLIENT;
}

/* One that was guessed well. The other end acknowledges more: both sides' ends count again. */
static void a_made_up_end_is_forgotten(void **state)
{
	struct scene scene;
	struct talk talk;

	for (int i = 0; i < 4; i++) {
		enum side victim = i >> 1;

		begin(&scene, state, i & 1 ? 6 : 4);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		assert_goes_on(&talk);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_ACK, 0));
		talk_forge(&talk, victim, TCP_FIN | TCP_ACK, talk.next[victim] + 49,
			   talk.heard[victim]);
		assert_goes_on(&talk);
		assert_goes_on(&talk);
		assert_true(talk_say(&talk, BY_CLIENT, TCP_ACK, 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_ESTABLISHED);
		assert_true(talk_say(&talk, !victim, TCP_RST | TCP_ACK, 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_RST);
	}
}

/* Megabytes are under way when a side has said all; what is lost is acknowledged in leaps. */
static void an_end_far_ahead_counts(void **state)
{
	struct scene scene;
	struct talk talk;

	for (int i = 0; i < 4; i++) {
		enum side first = i >> 1;

		begin(&scene, state, i & 1 ? 6 : 4);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		for (int sent = 0; sent < 4000; sent++)
			assert_true(talk_say(&talk, first, TCP_ACK, 1400));
		assert_true(talk_say(&talk, first, TCP_FIN | TCP_ACK, 0));
		for (talk.heard[!first] += 3000000;
		     (int32_t)(talk.next[first] - talk.heard[!first]) > 0;
		     talk.heard[!first] += 3000000)
			assert_true(talk_say(&talk, !first, TCP_ACK, 0));
		talk_hear(&talk, !first);
		assert_true(talk_say(&talk, !first, TCP_FIN | TCP_ACK, 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_FIN);
		talk_hear(&talk, first);
		assert_true(talk_say(&talk, first, TCP_ACK, 0));
		assert_int_equal(talk_timeout(&talk), HG_TIMEOUT_CLOSED);
	}
}

static void sctp_ends_by_its_verification_tag(void **state)
{
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < 4; i++) {
		uint8_t chunk = i & 2 ? SCTP_SHUTDOWN : SCTP_ABORT;
		uint32_t tag;

		scene_begin(&scene, *state, i & 1 ? 6 : 4, PROTOCOL_SCTP);
		one_backend_on_the_same_link(&scene);
		assert_true(scene_establish(&scene, CLIENT, BACKEND_A));
		scene_from_client(&scene, CLIENT, &packet);
		tag = packet.tag;
		for (uint32_t wrong = 1; wrong < 2000; wrong++)
			client_aborts(&scene, &packet, chunk, tag + wrong * 8111);
		client_aborts(&scene, &packet, SCTP_INIT, tag);
		assert_int_equal(harness_stats(*state, 1).created, 1);
		client_aborts(&scene, &packet, chunk, tag);
		if (chunk == SCTP_SHUTDOWN) {
			scene_from_backend(&scene, BACKEND_A, &packet);
			packet.chunk = SCTP_SHUTDOWN_ACK;
			scene_send(&scene, BACKEND_A, &packet);
		}
		client_aborts(&scene, &packet, SCTP_INIT, tag);
		assert_int_equal(harness_stats(*state, 1).created, 2);
	}
}

static uint32_t forward_line(const struct talk *talk)
{
	struct hg_flow *lines[2];

	assert_true(talk_lines(talk, lines));
	return (uint32_t)(lines[0] - talk->scene->harness->flows);
}

/* Its time has ended here: whoever of the two speaks next is told. */
static void both_ends_learn_of_a_flow_that_is_gone(void **state)
{
	struct scene scene;
	struct talk talk;
	struct packet packet, want;

	for (int i = 0; i < 4; i++) {
		begin(&scene, state, i & 1 ? 6 : 4);
		assert_true(talk_open(&talk, &scene, CLIENT_PORT));
		flow_free_pair(scene.harness->flows, forward_line(&talk));
		if (i & 2) {
			scene_from_backend(&scene, BACKEND_A, &packet);
			packet.flags = TCP_ACK;
			packet.payload = 10;
		} else {
			client_goes_on(&scene, &packet);
		}
		scene_send(&scene, i & 2 ? BACKEND_A : CLIENT, &packet);
		want = packet;
		answered_by_reset(&scene, &want);
		assert_true(scene_saw(&scene, "a lost connection", XDP_TX, &want));
		assert_int_equal(harness_reason(*state, HG_REASON_no_flow), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_ends_shorten_nothing),
		cmocka_unit_test(a_forged_opening_takes_nothing_over),
		cmocka_unit_test(a_reset_in_order_ends_the_flow),
		cmocka_unit_test(who_goes_on_after_a_reset_did_not_mean_it),
		cmocka_unit_test(each_end_counts_once_acknowledged),
		cmocka_unit_test(ends_that_cross_count_too),
		cmocka_unit_test(an_end_within_the_proof_counts),
		cmocka_unit_test(a_refusal_counts_by_the_number_of_the_opening),
		cmocka_unit_test(a_made_up_end_is_forgotten),
		cmocka_unit_test(an_end_far_ahead_counts),
		cmocka_unit_test(sctp_ends_by_its_verification_tag),
		cmocka_unit_test(both_ends_learn_of_a_flow_that_is_gone),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
