/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of Services that lost all their backends, and how much of it is logged. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../control/health/check_set.h"
#include "../../control/health/check_log.h"
#include "../../control/daemon/outage.h"

static struct wanted_backend backend_of(enum backend_state state, int health)
{
	struct wanted_backend backend = { .state = state };

	backend.health = health;
	return backend;
}

static void expect_sentence(const struct wanted_service *service, const char *sentence)
{
	const struct about about =
	    object_about_named(OBJECT_SERVICE, "shop", "web", CAUSE_OUTAGE);
	struct complaints complaints = { 0 };

	outage_complain(service, &about, &complaints);
	assert_int_equal(complaints.count, sentence ? 1 : 0);
	if (sentence) {
		assert_int_equal(complaints.items[0].level, COMPLAINT_WARNING);
		assert_string_equal(complaints.items[0].sentence, sentence);
	}
	complaints_clear(&complaints);
}

static void outage_is_told_when_all_backends_fail(void **state)
{
	struct wanted_backend backends[] = {
		backend_of(BACKEND_ACTIVE, HEALTH_DOWN),
		backend_of(BACKEND_ACTIVE, HEALTH_DOWN),
		backend_of(BACKEND_DOWN, HEALTH_NONE), /* not serving */
	};
	struct wanted_port ports[] = {
		{ .port = 80,
		  .protocol = 6,
		  .backends = backends,
		  .backend_count = 3,
		  .active_count = 2 },
		{ .port = 80,
		  .protocol = 6,
		  .backends = backends,
		  .backend_count = 3,
		  .active_count = 2 }, /* the Local list */
	};
	struct wanted_service service = { .ports = ports, .port_count = 1 };

	(void)state;
	expect_sentence(&service, "all 2 backends fail their check, all are used "
				  "(headgate.io/panic)");
	service.port_count = 2;
	expect_sentence(&service,
			"port 80/TCP (IPv4): all 2 backends fail their check, all are "
			"used (headgate.io/panic)");
	service.port_count = 1;
	backends[0].state = backends[1].state = BACKEND_DOWN;
	ports[0].active_count = 0;
	expect_sentence(&service, "all 2 backends fail their check, none is used "
				  "(headgate.io/panic)");
	backends[1] = backend_of(BACKEND_ACTIVE, HEALTH_UP);
	ports[0].active_count = 1;
	expect_sentence(&service, NULL);
	ports[0].backend_count = 0;
	expect_sentence(&service, NULL);
}

/* ---- the log ---- */

static char logged[65536];

static void begin_log(int *ret_saved, FILE **ret_file)
{
	*ret_file = tmpfile();
	assert_non_null(*ret_file);
	*ret_saved = dup(STDERR_FILENO);
	dup2(fileno(*ret_file), STDERR_FILENO);
}

static void end_log(int saved, FILE *file)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	logged[fread(logged, 1, sizeof(logged) - 1, file)] = '\0';
	fclose(file);
}

static struct check *make_check(struct check_service *service, struct check_use *use)
{
	struct probe_target target = { .port = 80 };

	assert_int_equal(addr_parse("10.20.0.11", &target.addr), 0);
	struct check *check = check_create(&target);

	assert_non_null(check);
	*use = (struct check_use){ .check = check, .service = service };
	use->prev = use; /* a list of one */
	check->uses = use;
	check->verdict =
	    (struct verdict){ .state = HEALTH_DOWN, .fall = 2, .failures = 2 };
	snprintf(check->text, sizeof(check->text), "connection refused");
	return check;
}

static void log_names_backend_service_and_cause(void **state)
{
	struct check_service *service = calloc(1, sizeof(*service) + 16);
	struct check_use use;
	struct check_log log = { 0 };
	FILE *file;
	int saved;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	memcpy(service->title, "shop/web", 9);
	struct check *check = make_check(service, &use);

	begin_log(&saved, &file);
	check_log_tell(&log, check, HEALTH_UP, 5000);
	check->verdict.state = HEALTH_UP;
	check_log_tell(&log, check, HEALTH_DOWN, 5001);
	check_log_tell(&log, check, HEALTH_UNKNOWN, 5002);
	end_log(saved, file);
	assert_string_equal(logged,
			    "WARNING backend 10.20.0.11:80 of shop/web is down: "
			    "connection refused (2 of 2)\n"
			    "INFO backend 10.20.0.11:80 of shop/web is up again\n");
	check_free(check);
	free(service);
}

static void news_of_a_mass_failure_are_bounded(void **state)
{
	struct check_service *service = calloc(1, sizeof(*service) + 16);
	struct check_use use;
	struct check_log log = { 0 };
	unsigned lines = 0;
	FILE *file;
	int saved;

	(void)state;
	memcpy(service->title, "shop/web", 9);
	struct check *check = make_check(service, &use);

	begin_log(&saved, &file);
	for (unsigned i = 0; i < NEWS_LINES + 300; i++)
		check_log_tell(&log, check, HEALTH_UP, 5000);
	assert_int_equal(check_log_flush(&log, 5999), 6000);
	assert_true(check_log_flush(&log, 6000) == UINT64_MAX);
	end_log(saved, file);
	for (const char *at = logged; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, NEWS_LINES + 1);
	assert_non_null(strstr(logged, "300 went down and 0 came up again"));
	check_free(check);
	free(service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outage_is_told_when_all_backends_fail),
		cmocka_unit_test(log_names_backend_service_and_cause),
		cmocka_unit_test(news_of_a_mass_failure_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
