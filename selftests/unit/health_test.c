/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks through the real loop against real sockets on loopback: transitions of TCP,
 * schedule, sharing, removal at any moment, shortage of descriptors.
 */
#include <dirent.h>
#include <sys/resource.h>
#include "udp_backend.h"

#define HOST "127.0.0.1"

/* ---- TCP ---- */

static void health_tcp_goes_up_down_and_up_again(void **state)
{
	static const char *const addresses[] = { HOST, "::1" };
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_TCP);

	for (size_t i = 0; i < 2; i++) {
		int fd = listen_socket(addresses[i], 0, 128);
		struct wanted_check check = at(addresses[i], port_of(fd));

		stage->told = 0;
		want(stage, "cart", &spec, check);
		assert_int_equal(state_of(stage, &spec, check), HEALTH_UNKNOWN);
		expect_result(stage, &spec, check, HEALTH_UP, "connected");
		assert_int_equal(stage->told, 1);
		close(fd);
		expect_result(stage, &spec, check, HEALTH_DOWN, "connection refused");
		assert_int_equal(stage->told, 2);
		assert_int_equal(result_of(stage, &spec, check).failures, spec.fall);
		fd = listen_socket(addresses[i], check.port, 128);
		expect_result(stage, &spec, check, HEALTH_UP, "connected");
		assert_int_equal(stage->told, 3);
		assert_int_equal(result_of(stage, &spec, check).successes, spec.rise);
		close(fd);
	}
}

static void health_change_is_told_within_10_ms(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_TCP);
	int fd = listen_socket(HOST, 0, 128);
	struct wanted_check check = at(HOST, port_of(fd));

	want(stage, "cart", &spec, check);
	loop_until(stage, stage->told == 1);
	assert_in_range(stage->told_ms - result_of(stage, &spec, check).changed_ms, 0,
			10);
	close(fd);
	loop_until(stage, stage->told == 2);
	assert_in_range(stage->told_ms - result_of(stage, &spec, check).changed_ms, 0,
			10);
}

static void health_tcp_full_backlog_is_no_answer(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_TCP);
	int fd = listen_socket(HOST, 0, 0), fillers[4];
	struct wanted_check check = at(HOST, port_of(fd));
	struct sockaddr_storage to;
	socklen_t length = addr_to_sockaddr(&check.addr, check.port, &to);

	for (size_t i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fillers[i], (struct sockaddr *)&to, length);
	}
	spec.timeout_ms = 200;
	want(stage, "cart", &spec, check);
	expect_result(stage, &spec, check, HEALTH_DOWN, "no answer within 200 ms");
	for (size_t i = 0; i < 4; i++)
		close(fillers[i]);
	close(fd);
}

/* Our side of a connection that ended by FIN, not by RST: FIN_WAIT1, FIN_WAIT2 or
 * TIME_WAIT in the fourth column. */
static unsigned lingering(uint16_t port)
{
	FILE *table = fopen("/proc/net/tcp", "re");
	unsigned remote_port, tcp_state, count = 0;
	char line[256];

	assert_non_null(table);
	while (fgets(line, sizeof(line), table)) {
		if (sscanf(line, "%*s %*s 0100007F:%x %x", &remote_port, &tcp_state) == 2)
			count += remote_port == port && tcp_state >= 4 && tcp_state <= 6;
	}
	fclose(table);
	return count;
}

static void health_tcp_leaves_no_port_lingering(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_TCP);
	int fd = listen_socket(HOST, 0, 128);
	struct wanted_check check = at(HOST, port_of(fd));

	want(stage, "cart", &spec, check);
	loop_until(stage, result_of(stage, &spec, check).successes >= 3);
	assert_int_equal(lingering(check.port), 0);
	close(fd);
}

/* ---- schedule ---- */

/* With a time-out of four intervals, starts are four intervals apart. */
static void health_never_has_two_probes_of_a_check_in_flight(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_UDP);
	static struct udp_backend backend;

	spec.timeout_ms = 200;
	open_udp(stage, &backend, HOST, SILENT);
	want(stage, "cart", &spec, backend.check);
	loop_until(stage, backend.received == 4);
	assert_true(backend.shortest_gap_ms > 100);
	close_udp(stage, &backend);
}

static void health_first_probes_spread_over_one_interval(void **state)
{
	enum { COUNT = 60, PARTS = 3 };
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_UDP);
	static struct udp_backend backends[COUNT];
	struct wanted_check checks[COUNT];
	unsigned parts[PARTS] = { 0 }, heard = 0;
	uint64_t begin_ms;

	spec.interval_ms = 900;
	for (unsigned i = 0; i < COUNT; i++) {
		open_udp(stage, &backends[i], HOST, ECHOING);
		checks[i] = backends[i].check;
	}
	begin_ms = uv_hrtime() / 1000000;
	want_all(stage, "cart", &spec, checks, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		loop_until(stage, backends[i].received > 0);
		uint64_t part = (backends[i].first_ms - begin_ms) * PARTS / 900;

		parts[part < PARTS ? part : PARTS - 1]++;
		heard++;
	}
	assert_int_equal(heard, COUNT);
	/* 20 expected in each: fewer than 4 happens once in 10^7 runs */
	for (unsigned i = 0; i < PARTS; i++)
		assert_true(parts[i] >= 4);
	for (unsigned i = 0; i < COUNT; i++)
		close_udp(stage, &backends[i]);
}

/*
 * A round of these probes, which fail at once (a broadcast address), takes longer than
 * their interval. The rest of the loop still gets its turn: else loop_for() would not
 * return.
 */
static void health_overload_leaves_the_loop_its_turn(void **state)
{
	enum { COUNT = 2000 };
	static struct wanted_check checks[COUNT];
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_UDP);

	for (unsigned i = 0; i < COUNT; i++)
		checks[i] = at("255.255.255.255", (uint16_t)(i + 1));
	spec.interval_ms = 1;
	want_all(stage, "cart", &spec, checks, COUNT);
	alarm(2 * DEADLINE_MS / 1000);
	loop_until(stage, state_of(stage, &spec, checks[COUNT - 1]) == HEALTH_DOWN);
	alarm(0);
}

/* ---- Services ---- */

static void health_equal_checks_are_probed_once_and_told_to_all(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_TCP);
	int fd = listen_socket(HOST, 0, 128);
	struct wanted_check check = at(HOST, port_of(fd));

	want(stage, "cart", &spec, check);
	want(stage, "till", &spec, check);
	assert_int_equal(health_count(stage->health), 1);
	loop_until(stage, stage->told == 2);
	assert_string_equal(stage->told_of, "shop/cart shop/till ");
	assert_int_equal(health_set_service(stage->health, "shop", "cart", NULL), 0);
	assert_int_equal(state_of(stage, &spec, check), HEALTH_UP);
	close(fd);
	loop_until(stage, stage->told == 3);
	assert_string_equal(stage->told_of, "shop/cart shop/till shop/till ");
}

static void health_checks_that_stay_keep_their_state(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_TCP), other = fast(CHECK_TCP);
	int fd = listen_socket(HOST, 0, 128);
	struct wanted_check checks[] = { at(HOST, port_of(fd)), at(HOST, 1) };

	want(stage, "cart", &spec, checks[0]);
	loop_until(stage, state_of(stage, &spec, checks[0]) == HEALTH_UP);
	want_all(stage, "cart", &spec, checks, 2);
	assert_int_equal(state_of(stage, &spec, checks[0]), HEALTH_UP);
	assert_int_equal(state_of(stage, &spec, checks[1]), HEALTH_UNKNOWN);
	other.fall = 7;
	want_all(stage, "cart", &other, checks, 2);
	assert_int_equal(health_count(stage->health), 2);
	assert_int_equal(state_of(stage, &other, checks[0]), HEALTH_UNKNOWN);
	loop_until(stage, state_of(stage, &other, checks[0]) == HEALTH_UP);
	close(fd);
}

static unsigned open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* The backend hears the probe and says nothing: the probe is in flight. */
static void health_removal_ends_a_probe_in_flight(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_UDP);
	static struct udp_backend backend;

	open_udp(stage, &backend, HOST, SILENT);
	loop_for(stage, 10);
	unsigned files = open_files();

	want(stage, "cart", &spec, backend.check);
	loop_until(stage, backend.received == 1);
	assert_int_equal(open_files(), files + 1);
	assert_int_equal(health_set_service(stage->health, "shop", "cart", NULL), 0);
	assert_int_equal(health_count(stage->health), 0);
	assert_int_equal(open_files(), files);
	assert_int_equal(state_of(stage, &spec, backend.check), HEALTH_UNKNOWN);
	loop_for(stage, 100);
	assert_int_equal(stage->told, 0);
	assert_int_equal(backend.received, 1);
	close_udp(stage, &backend);
}

static void health_a_service_may_be_removed_when_told(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_TCP);
	int fd = listen_socket(HOST, 0, 128);
	struct wanted_check check = at(HOST, port_of(fd));

	stage->remove_when_told = true;
	want(stage, "cart", &spec, check);
	want(stage, "till", &spec, check);
	loop_until(stage, stage->told == 2);
	assert_int_equal(health_count(stage->health), 0);
	close(fd);
}

/* ---- shortage ---- */

static void health_without_descriptors_keeps_the_state(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_TCP);
	int fd = listen_socket(HOST, 0, 128);
	struct wanted_check check = at(HOST, port_of(fd));
	struct rlimit limit, none = { 0 };

	want(stage, "cart", &spec, check);
	loop_until(stage, state_of(stage, &spec, check) == HEALTH_UP);
	getrlimit(RLIMIT_NOFILE, &limit);
	none.rlim_max = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	loop_until(stage, strcmp(result_of(stage, &spec, check).text, "connected") != 0);
	assert_string_equal(result_of(stage, &spec, check).text,
			    "not probed: too many open files, raise LimitNOFILE");
	loop_for(stage, 200);
	assert_int_equal(state_of(stage, &spec, check), HEALTH_UP);
	assert_int_equal(stage->told, 1);
	setrlimit(RLIMIT_NOFILE, &limit);
	close(fd);
	expect_result(stage, &spec, check, HEALTH_DOWN, "connection refused");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
	const struct CMUnitTest tests[] = {
		TEST(health_tcp_goes_up_down_and_up_again),
		TEST(health_change_is_told_within_10_ms),
		TEST(health_tcp_full_backlog_is_no_answer),
		TEST(health_tcp_leaves_no_port_lingering),
		TEST(health_never_has_two_probes_of_a_check_in_flight),
		TEST(health_first_probes_spread_over_one_interval),
		TEST(health_overload_leaves_the_loop_its_turn),
		TEST(health_equal_checks_are_probed_once_and_told_to_all),
		TEST(health_checks_that_stay_keep_their_state),
		TEST(health_removal_ends_a_probe_in_flight),
		TEST(health_a_service_may_be_removed_when_told),
		TEST(health_without_descriptors_keeps_the_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
