// SPDX-License-Identifier: BSD-2-Clause
/* Annotations headgate.io/…: values, defaults, mistakes, and that the man page has them. */
#include "manifest.h"

#include "../../control/source/annotation.h"
#include "../../control/source/annotation_check.h"
#include "../../control/source/duration.h"

/* A Service whose annotations begin on line 4. */
static struct outcome read_annotations(const char *annotations)
{
	char text[2048];

	snprintf(
	    text, sizeof(text),
	    "apiVersion: v1\nkind: Service\nmetadata: {name: a, annotations: {\n%s}}\n"
	    "spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}\n",
	    annotations);
	return outcome_of(text);
}

static struct service_options good_options(const char *annotations,
					   struct outcome *ret_outcome)
{
	*ret_outcome = read_annotations(annotations);
	expect_outcome(ret_outcome, 1, NULL);
	return ret_outcome->objects[0]->service.options;
}

static void without_annotations_the_defaults_hold(void **state)
{
	struct outcome o;
	struct service_options options = good_options("other.io/algorithm: 7", &o);

	(void)state;
	assert_int_equal(options.algorithm, ALGORITHM_MAGLEV);
	assert_int_equal(options.table_size, 0);
	assert_int_equal(options.forwarding, FORWARD_SNAT);
	assert_int_equal(options.no_backend, NO_BACKEND_REJECT);
	assert_false(options.expose);
	assert_true(options.panic);
	assert_int_equal(options.drain_s, -1);
	assert_int_equal(options.check.type, CHECK_NONE);
	outcome_clear(&o);
}

static void every_option_is_read(void **state)
{
	struct outcome o;
	struct service_options options = good_options(
	    "headgate.io/algorithm: round-robin, headgate.io/table-size: "
	    "'65537', headgate.io/forwarding: nat, headgate.io/expose: 'true', "
	    "headgate.io/no-backend: drop, headgate.io/panic: 'false', "
	    "headgate.io/drain: 1m30s",
	    &o);

	(void)state;
	assert_int_equal(options.algorithm, ALGORITHM_ROUND_ROBIN);
	assert_int_equal(options.table_size, 65537);
	assert_int_equal(options.forwarding, FORWARD_NAT);
	assert_int_equal(options.no_backend, NO_BACKEND_DROP);
	assert_true(options.expose);
	assert_false(options.panic);
	assert_int_equal(options.drain_s, 90);
	outcome_clear(&o);
	options =
	    good_options("headgate.io/algorithm: random, headgate.io/drain: never", &o);
	assert_int_equal(options.algorithm, ALGORITHM_RANDOM);
	assert_int_equal(options.drain_s, -1);
	outcome_clear(&o);
}

static void http_check_is_read(void **state)
{
	struct outcome o;
	struct check_spec check =
	    good_options(
		"headgate.io/check: https, headgate.io/check-port: '8443', "
		"headgate.io/check-path: '/healthz?full=1', "
		"headgate.io/check-host: Shop.example, "
		"headgate.io/check-status: '204', "
		"headgate.io/check-interval: 500ms, headgate.io/check-timeout: 2s, "
		"headgate.io/check-rise: '1', headgate.io/check-fall: '5'",
		&o)
		.check;

	(void)state;
	assert_int_equal(check.type, CHECK_HTTPS);
	assert_int_equal(check.port, 8443);
	assert_string_equal(check.path, "/healthz?full=1");
	assert_string_equal(check.host, "Shop.example");
	assert_int_equal(check.status_first, 204);
	assert_int_equal(check.status_last, 204);
	assert_int_equal(check.interval_ms, 500);
	assert_int_equal(check.timeout_ms, 2000);
	assert_int_equal(check.rise, 1);
	assert_int_equal(check.fall, 5);
	outcome_clear(&o);
}

static void check_defaults_hold(void **state)
{
	struct outcome o;
	struct check_spec check = good_options("headgate.io/check: http", &o).check;

	(void)state;
	assert_int_equal(check.port, 0);
	assert_string_equal(check.path, "/");
	assert_null(check.host);
	assert_int_equal(check.status_first, 200);
	assert_int_equal(check.status_last, 399);
	assert_int_equal(check.interval_ms, 2000);
	assert_int_equal(check.timeout_ms, 1000);
	assert_int_equal(check.rise, 2);
	assert_int_equal(check.fall, 3);
	outcome_clear(&o);
	check = good_options("headgate.io/check: dns", &o).check;
	assert_string_equal(check.send, ".");
	assert_null(check.expect);
	outcome_clear(&o);
	check = good_options("headgate.io/check: udp, headgate.io/check-send: PING, "
			     "headgate.io/check-expect: PONG",
			     &o)
		    .check;
	assert_string_equal(check.send, "PING");
	assert_string_equal(check.expect, "PONG");
	outcome_clear(&o);
}

static void a_check_can_be_switched_off_with_its_values_in_place(void **state)
{
	struct outcome o;
	struct check_spec check =
	    good_options("headgate.io/check: none, headgate.io/check-path: /x, "
			 "headgate.io/check-send: ping",
			 &o)
		.check;
	(void)state;
	assert_int_equal(check.type, CHECK_NONE);
	outcome_clear(&o);
}

#define A "metadata.annotations.headgate.io/"

static const struct {
	const char *annotation, *complaint;
} mistakes[] = {
	{ "headgate.io/algoritm: maglev",
	  "4:23: Service default/a: " A "algoritm is not an annotation of a Service "
	  "that is known: correct it, headgate.manifests(5) lists them" },
	{ "headgate.io/: x",
	  "4:15: Service default/a: " A " is not an annotation of a Service that is "
	  "known: correct it, headgate.manifests(5) lists them" },
	{ "headgate.io/expose: true",
	  "4:21: Service default/a: " A "expose is a boolean: it must be text, put it "
	  "in quotes if it is meant so" },
	{ "headgate.io/expose: 'yes'",
	  "4:21: Service default/a: " A "expose \"yes\" is not known: use false or "
	  "true" },
	{ "headgate.io/algorithm: Maglev",
	  "4:24: Service default/a: " A "algorithm \"Maglev\" is not known: use "
	  "maglev, random or round-robin" },
	{ "headgate.io/forwarding: dsr",
	  "4:25: Service default/a: " A "forwarding \"dsr\" is not known: use snat or "
	  "nat" },
	{ "headgate.io/table-size: '100'",
	  "4:25: Service default/a: " A "table-size 100 is not a prime: use 101" },
	{ "headgate.io/table-size: '655374'",
	  "4:25: Service default/a: " A "table-size \"655374\" is not a table size: "
	  "use 11 to 655373" },
	{ "headgate.io/table-size: 0x65",
	  "4:25: Service default/a: " A "table-size is a number: it must be text, put "
	  "it in quotes if it is meant so" },
	{ "headgate.io/drain: 10",
	  "4:20: Service default/a: " A "drain is a number: it must be text, put it "
	  "in quotes if it is meant so" },
	{ "headgate.io/drain: '10'",
	  "4:20: Service default/a: " A "drain \"10\" is not a drain time (or "
	  "\"never\"): use 0s to 168h, like 500ms, 2s or 1m30s" },
	{ "headgate.io/drain: 1500ms",
	  "4:20: Service default/a: " A "drain is finer than a second: use whole "
	  "seconds" },
	{ "headgate.io/check: grpc",
	  "4:20: Service default/a: " A "check \"grpc\" is not known: use none, tcp, "
	  "http, https, udp or dns" },
	{ "headgate.io/check-port: '80'",
	  "4:25: Service default/a: " A "check-port has no effect without a check: "
	  "add headgate.io/check: http (or another type)" },
	{ "headgate.io/check: tcp, headgate.io/check-path: /x",
	  "4:49: Service default/a: " A "check-path has no effect with "
	  "headgate.io/check: tcp, only with http and https: remove it" },
	{ "headgate.io/check: dns, headgate.io/check-expect: x",
	  "4:51: Service default/a: " A "check-expect has no effect with "
	  "headgate.io/check: dns, only with udp: remove it" },
	{ "headgate.io/check: udp",
	  "4:20: Service default/a: " A "check udp needs a payload that backends "
	  "answer: add headgate.io/check-send" },
	{ "headgate.io/check: tcp, headgate.io/check-port: '0'",
	  "4:49: Service default/a: " A "check-port \"0\" is not a port: use 1 to "
	  "65535" },
	{ "headgate.io/check: http, headgate.io/check-path: x",
	  "4:50: Service default/a: " A "check-path \"x\" is not a path: begin with "
	  "/, without spaces, at most 1024 characters" },
	{ "headgate.io/check: http, headgate.io/check-path: \"/a\\r\\nX: y\"",
	  "4:50: Service default/a: " A "check-path \"/a??X: y\" is not a path: begin "
	  "with /, without spaces, at most 1024 characters" },
	{ "headgate.io/check: http, headgate.io/check-host: 'a:80'",
	  "4:50: Service default/a: " A "check-host \"a:80\" is not a host name: "
	  "write one like shop.example, without port" },
	{ "headgate.io/check: http, headgate.io/check-status: 399-200",
	  "4:52: Service default/a: " A "check-status \"399-200\" is not a range of "
	  "HTTP status codes: use 100 to 599, like 200 or 200-399" },
	{ "headgate.io/check: tcp, headgate.io/check-interval: 1ms",
	  "4:53: Service default/a: " A "check-interval \"1ms\" is not an interval: "
	  "use 100ms to 1h, like 500ms, 2s or 1m30s" },
	{ "headgate.io/check: tcp, headgate.io/check-timeout: 2m",
	  "4:52: Service default/a: " A "check-timeout \"2m\" is not a time-out: use "
	  "10ms to 1m, like 500ms, 2s or 1m30s" },
	{ "headgate.io/check: tcp, headgate.io/check-rise: '-1'",
	  "4:49: Service default/a: " A "check-rise \"-1\" is not a number of checks "
	  "in a row: use 1 to 100" },
	{ "headgate.io/check: dns, headgate.io/check-send: 'a b'",
	  "4:49: Service default/a: " A "check-send \"a b\" is not a name to ask for: "
	  "write one like example.org, or \".\"" },
	{ "headgate.io/check: udp, headgate.io/check-send: ''",
	  "4:49: Service default/a: " A "check-send has 0 bytes: use 1 to 512" },
};

static void mistakes_are_told_with_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		char line[512];
		snprintf(line, sizeof(line), "shop.yaml:%s", mistakes[i].complaint);
		struct outcome o = read_annotations(mistakes[i].annotation);
		expect_outcome(&o, 0, LINES(line));
		outcome_clear(&o);
	}
}

static void status_ranges_have_one_or_two_codes(void **state)
{
	static const char *const bad[] = { "",	       "99",   "600",	  "200-",
					   "-200",     "2000", "200-600", "200-300-400",
					   "200 -300", "2xx",  "0200" };
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text),
			 "headgate.io/check: http, headgate.io/check-status: '%s'",
			 bad[i]);
		struct outcome o = read_annotations(text);
		if (o.count || o.complaints.count != 1)
			fail_msg("\"%s\" is taken", bad[i]);
		outcome_clear(&o);
	}
}

static void durations_are_numbers_with_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} rows[] = {
		{ "0", 0 },	      { "0s", 0 },
		{ "500ms", 500 },     { "2s", 2000 },
		{ "1m30s", 90000 },   { "1h", 3600000 },
		{ "1h1ms", 3600001 }, { "", -1 },
		{ "5", -1 },	      { "s", -1 },
		{ "1.5s", -1 },	      { "-1s", -1 },
		{ "1d", -1 },	      { "1s ", -1 },
		{ " 1s", -1 },	      { "24000h", 86400000000 },
		{ "24001h", -1 },     { "99999999999999999999s", -1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -1;
		duration_parse(rows[i].text, &ms);
		if (ms != rows[i].ms)
			fail_msg("\"%s\" is %lld ms", rows[i].text, (long long)ms);
	}
}

static char page[65536];

/* Unit tests run from the top of the source. */
static int read_page(void **state)
{
	FILE *file = fopen("tools/man/headgate.manifests.5.scd", "r");

	(void)state;
	if (!file)
		return -1;
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	return fclose(file);
}

static void the_man_page_describes_every_annotation(void **state)
{
	static const char *const others[] = { "algorithm", "table-size", "forwarding",
					      "expose",	   "no-backend", "panic",
					      "drain",	   "weights" };
	char name[64];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(name, sizeof(name), "*headgate.io/%s*", others[i]);
		if (!strstr(page, name))
			fail_msg("%s is not in the man page", name);
	}
	for (const struct annotation_row *row = annotation_checks; row->name; row++) {
		snprintf(name, sizeof(name), "*headgate.io/%s*", row->name);
		if (!strstr(page, name))
			fail_msg("%s is not in the man page", name);
	}
}

static void the_man_pages_example_is_valid(void **state)
{
	char *example = strstr(page, "# EXAMPLE");

	(void)state;
	assert_non_null(example);
	example = strstr(example, "```\n") + 4;
	*strstr(example, "```") = '\0';
	struct outcome o = outcome_of(example);
	expect_outcome(&o, 3, NULL);
	assert_int_equal(o.objects[0]->service.options.drain_s, 300);
	assert_int_equal(o.objects[1]->slice.endpoints[0].weight, 2);
	outcome_clear(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_annotations_the_defaults_hold),
		cmocka_unit_test(every_option_is_read),
		cmocka_unit_test(http_check_is_read),
		cmocka_unit_test(check_defaults_hold),
		cmocka_unit_test(a_check_can_be_switched_off_with_its_values_in_place),
		cmocka_unit_test(mistakes_are_told_with_place_and_remedy),
		cmocka_unit_test(status_ranges_have_one_or_two_codes),
		cmocka_unit_test(durations_are_numbers_with_units),
		cmocka_unit_test(the_man_page_describes_every_annotation),
		cmocka_unit_test(the_man_pages_example_is_valid),
	};
	return cmocka_run_group_tests(tests, read_page, NULL);
}
