/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log says of changes that were applied. */
#include "objects.h"

#include "../../control/daemon/changes.h"
#include "../../control/daemon/service_change.h"
#include "log_capture.h"

#define MOST 8

struct state {
	const char *backends[MOST], *frontends[2]; /* "10.1.0.1"; "-": takes none */
	unsigned drain_s;
};

struct made {
	struct wanted_service service;
	struct wanted_port port;
	struct wanted_backend backends[MOST];
	struct wanted_frontend frontends[2];
};

static void make(const struct state *state, struct made *ret)
{
	static char key[] = "shop/cart:http/TCP/IPv4";

	*ret = (struct made){ .port = { .key = key,
					.protocol = IPPROTO_TCP,
					.drain_s = state->drain_s,
					.backends = ret->backends,
					.frontends = ret->frontends } };
	ret->service = (struct wanted_service){ .ports = &ret->port, .port_count = 1 };
	for (size_t i = 0; i < MOST && state->backends[i]; i++) {
		const char *text = state->backends[i];
		struct wanted_backend *backend =
		    &ret->backends[ret->port.backend_count++];

		backend->port = 8080;
		if (*text == '-') {
			backend->state = BACKEND_STANDBY;
			text++;
		}
		assert_int_equal(addr_parse(text, &backend->addr), 0);
	}
	for (size_t i = 0; i < 2 && state->frontends[i]; i++) {
		struct wanted_frontend *frontend =
		    &ret->frontends[ret->port.frontend_count++];

		frontend->port = 80;
		assert_int_equal(addr_parse(state->frontends[i], &frontend->addr), 0);
	}
}

static void service_changes_are_told_with_what_came_and_went(void **state)
{
#define A   "10.1.0.1"
#define B   "10.1.0.2"
#define C   "10.1.0.3"
#define VIP "10.96.0.1"
	static const struct {
		struct state before, after;
		bool comes, goes;
		const char *text;
	} ROWS[] = {
		{ .before = { .backends = { A, B } },
		  .after = { .backends = { A, B, C } },
		  .text = "2 → 3 backends (added 10.1.0.3:8080)" },
		{ .before = { .backends = { A, B } },
		  .after = { .backends = { C, A } },
		  .text = "2 backends (added 10.1.0.3:8080; removed 10.1.0.2:8080)" },
		{ .before = { .backends = { A } },
		  .after = { .backends = { "-" A } },
		  .text = "1 backend (no new connections to 10.1.0.1:8080)" },
		{ .before = { .backends = { "-" A } },
		  .after = { .backends = { A } },
		  .text = "1 backend (new connections again to 10.1.0.1:8080)" },
		{ .before = { .backends = { A, B, C, "10.1.0.4", "10.1.0.5" } },
		  .text = "5 → 0 backends (removed 10.1.0.1:8080, 10.1.0.2:8080, "
			  "10.1.0.3:8080 and 2 more)" },
		{ .before = { .backends = { A }, .frontends = { VIP } },
		  .after = { .backends = { A }, .frontends = { VIP, "fd00::1" } },
		  .text = "1 → 2 frontends (added [fd00::1]:80/TCP)" },
		{ .before = { .backends = { A }, .drain_s = 1 },
		  .after = { .backends = { A }, .drain_s = 2 },
		  .text = "its options are changed" },
		{ .before = { .backends = { A }, .frontends = { VIP } },
		  .after = { .backends = { A }, .frontends = { VIP } } },
		{ .comes = true,
		  .after = { .backends = { A }, .frontends = { VIP } },
		  .text = "in force: 0 → 1 backend (added 10.1.0.1:8080), 0 → 1 frontend "
			  "(added 10.96.0.1:80/TCP)" },
		{ .before = { .backends = { A } }, .goes = true, .text = "removed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct made before, after;
		char *text;

		make(&ROWS[i].before, &before);
		make(&ROWS[i].after, &after);
		assert_int_equal(service_change(ROWS[i].comes ? NULL : &before.service,
						ROWS[i].goes ? NULL : &after.service,
						&text),
				 0);
		if (ROWS[i].text)
			assert_string_equal(text, ROWS[i].text);
		else
			assert_null(text);
		free(text);
	}
}

/* Two ports of one pod, and the lists of both traffic policies. */
static void service_change_counts_a_backend_of_several_lists_once(void **state)
{
	const struct state HAS = { .backends = { "10.1.0.1" } };
	struct made one, two;
	struct wanted_port both[2];
	char *text;

	(void)state;
	make(&HAS, &one);
	make(&HAS, &two);
	both[0] = one.port;
	both[1] = two.port;
	one.service.ports = both;
	one.service.port_count = 2;
	assert_int_equal(service_change(NULL, &one.service, &text), 0);
	assert_string_equal(text, "in force: 0 → 1 backend (added 10.1.0.1:8080)");
	free(text);
}

static void tell(struct changes *changes, uint64_t now_ms, unsigned times)
{
	const struct about service = object_about_named(OBJECT_SERVICE, "shop", "cart",
							CAUSE_OTHER),
			   policy = object_about_named(OBJECT_NETWORK_POLICY, "shop",
						       "deny", CAUSE_OTHER);

	for (unsigned i = 0; i < times; i++)
		changes_tell(changes, now_ms, i % 4 ? &service : &policy, "changed");
}

static void changes_of_a_burst_are_summed_up(void **state)
{
	struct changes changes = { 0 };

	(void)state;
	log_begin();
	tell(&changes, 1000, 5); /* everything for the first time */
	assert_int_equal(log_end("INFO"), 0);
	changes_begin(&changes);
	log_begin();
	tell(&changes, 1000, 2);
	assert_int_equal(log_end("Service shop/cart: changed"), 1);
	log_begin();
	tell(&changes, 2000, 100);
	assert_int_equal(log_end("INFO"), CHANGES_MOST - 2);
	log_begin();
	changes_tick(&changes, 10999);
	assert_int_equal(log_end("INFO"), 0);
	log_begin();
	changes_tick(&changes, 11000);
	changes_tick(&changes, 30000);
	assert_int_equal(
	    log_end("INFO and changes of 62 Services, 20 NetworkPolicies were applied\n"),
	    1);
	log_begin();
	tell(&changes, 40000, 1);
	assert_int_equal(log_end("NetworkPolicy shop/deny: changed"), 1);
}

static void changes_noted_are_told_when_they_are_applied(void **state)
{
	const struct about pod = object_about_named(OBJECT_POD, "shop", "a", CAUSE_OTHER);
	struct changes changes = { .is_on = true };

	(void)state;
	log_begin();
	for (unsigned i = 0; i < CHANGES_PENDING + 10; i++)
		changes_note(&changes, &pod, "known");
	assert_int_equal(log_end("INFO"), 0);
	log_begin();
	changes_applied(&changes, 1);
	changes_applied(&changes, 2);
	changes_tick(&changes, CHANGES_WINDOW_MS + 1);
	assert_int_equal(log_end("INFO Pod shop/a: known"), CHANGES_MOST);
	assert_int_equal(changes.held_back[OBJECT_POD], 0); /* told of */
	changes_clear(&changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(service_changes_are_told_with_what_came_and_went),
		cmocka_unit_test(service_change_counts_a_backend_of_several_lists_once),
		cmocka_unit_test(changes_of_a_burst_are_summed_up),
		cmocka_unit_test(changes_noted_are_told_when_they_are_applied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
