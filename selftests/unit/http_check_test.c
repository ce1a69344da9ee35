/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP and HTTPS checks through the real loop: which answers are a success, what the
 * request looks like, what a hostile backend can do. The HTTPS backend is `openssl
 * s_server` with a self-signed certificate.
 */
#include <signal.h>
#include <sys/wait.h>
#include "http_backend.h"

#define HOST	     "127.0.0.1"
#define ANSWER(line) "HTTP/1.1 " line "\r\nContent-Length: 2\r\n\r\nok"

static void end(struct stage *stage, struct http_backend *backend)
{
	assert_int_equal(health_set_service(stage->health, "shop", "cart", NULL), 0);
	close_http(stage, backend);
}

static void http_check_judges_the_answer(void **state)
{
	static const struct {
		const char *answer;
		int state;
		const char *text;
	} rows[] = {
		{ ANSWER("200 OK"), HEALTH_UP, "HTTP 200" },
		{ ANSWER("302 Found\r\nLocation: /x"), HEALTH_UP, "HTTP 302" },
		{ ANSWER("404 Not Found"), HEALTH_DOWN, "HTTP 404" },
		{ ANSWER("503 Busy"), HEALTH_DOWN, "HTTP 503" },
		{ "HTTP/1.0 200 OK\r\n\r\nuntil the end", HEALTH_UP, "HTTP 200" },
		{ "HTTP/1.1 100 Continue\r\n\r\n" ANSWER("200 OK"), HEALTH_UP,
		  "HTTP 200" },
		{ "SSH-2.0-OpenSSH_9.2\r\n", HEALTH_DOWN, "the answer is not HTTP" },
		{ "", HEALTH_DOWN, "closed without an answer" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", HEALTH_DOWN,
		  "the answer was cut short" },
		{ NULL, HEALTH_DOWN, "no answer within 300 ms" },
	};
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);

	spec.timeout_ms = 300;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct http_backend backend;

		open_http(stage, &backend, HOST, rows[i].answer);
		want(stage, "cart", &spec, backend.check);
		expect_result(stage, &spec, backend.check, rows[i].state, rows[i].text);
		end(stage, &backend);
	}
}

static void http_check_goes_up_down_and_up_again(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);
	static struct http_backend backend;

	open_http(stage, &backend, "::1", ANSWER("200 OK"));
	want(stage, "cart", &spec, backend.check);
	expect_result(stage, &spec, backend.check, HEALTH_UP, "HTTP 200");
	backend.answer = ANSWER("500 Broken");
	expect_result(stage, &spec, backend.check, HEALTH_DOWN, "HTTP 500");
	backend.answer = ANSWER("204 Empty");
	expect_result(stage, &spec, backend.check, HEALTH_UP, "HTTP 204");
	assert_int_equal(stage->told, 3);
	end(stage, &backend);
}

static void http_check_closed_port_is_refused(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);
	int fd = bind_socket(HOST, SOCK_STREAM, 0);
	struct wanted_check check = at(HOST, port_of(fd));

	want(stage, "cart", &spec, check);
	expect_result(stage, &spec, check, HEALTH_DOWN, "connection refused");
	close(fd);
}

/* A redirect is an answer: with 200 to 299 accepted it fails, and nobody follows it. */
static void http_check_accepts_the_range_of_codes_alone(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);
	static struct http_backend backend;

	spec.status_last = 299;
	open_http(stage, &backend, HOST, ANSWER("302 Found\r\nLocation: /else"));
	want(stage, "cart", &spec, backend.check);
	expect_result(stage, &spec, backend.check, HEALTH_DOWN, "HTTP 302");
	assert_null(strstr(backend.request, "/else"));
	end(stage, &backend);
}

static void http_check_asks_for_its_path_and_host(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);
	static struct http_backend backend;
	char path[] = "/a/../ready?deep=1", host[] = "cart.example";

	spec.path = path;
	spec.host = host;
	open_http(stage, &backend, HOST, ANSWER("200 OK"));
	want(stage, "cart", &spec, backend.check);
	expect_result(stage, &spec, backend.check, HEALTH_UP, "HTTP 200");
	assert_memory_equal(backend.request, "GET /a/../ready?deep=1 HTTP/1.1\r\n", 33);
	assert_non_null(strstr(backend.request, "\r\nHost: cart.example\r\n"));
	assert_non_null(strstr(backend.request, "\r\nUser-Agent: headgate/"));
	end(stage, &backend);
}

static void http_check_without_host_names_the_address(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);
	static struct http_backend backend;
	char wanted[64];

	open_http(stage, &backend, "::1", ANSWER("200 OK"));
	want(stage, "cart", &spec, backend.check);
	expect_result(stage, &spec, backend.check, HEALTH_UP, "HTTP 200");
	snprintf(wanted, sizeof(wanted), "\r\nHost: [::1]:%u\r\n", backend.check.port);
	assert_non_null(strstr(backend.request, wanted));
	assert_memory_equal(backend.request, "GET / HTTP/1.1\r\n", 16);
	end(stage, &backend);
}

static void http_check_ignores_proxies_of_the_environment(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);
	static struct http_backend backend;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	open_http(stage, &backend, HOST, ANSWER("200 OK"));
	want(stage, "cart", &spec, backend.check);
	expect_result(stage, &spec, backend.check, HEALTH_UP, "HTTP 200");
	unsetenv("http_proxy");
	end(stage, &backend);
}

/* Bodies and headers without end: the bound ends them long before the time-out. */
static void http_check_bounds_what_it_reads(void **state)
{
	static const struct {
		const char *answer, *endless;
		int state;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", "and on and on", HEALTH_UP },
		{ "HTTP/1.1 200 OK\r\n", "X-More: and more\r\n", HEALTH_UP },
		{ "HTTP/1.1 503 Busy\r\n\r\n", "and on and on", HEALTH_DOWN },
	};
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);

	spec.timeout_ms = 10 * DEADLINE_MS;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct http_backend backend;

		open_http(stage, &backend, HOST, rows[i].answer);
		backend.endless = rows[i].endless;
		want(stage, "cart", &spec, backend.check);
		loop_until(stage, state_of(stage, &spec, backend.check) == rows[i].state);
		end(stage, &backend);
	}
}

/* The status came in time; what is awaited after it decides nothing. */
static void http_check_ends_with_the_status_when_the_rest_does_not_come(void **state)
{
	static const struct {
		const char *answer;
		int state;
		const char *text;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", HEALTH_UP,
		  "HTTP 200" },
		{ "HTTP/1.1 200 OK\r\n\r\nev", HEALTH_UP, "HTTP 200" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
		  HEALTH_UP, "HTTP 200" },
		{ "HTTP/1.1 204 Empty\r\nX-More:", HEALTH_UP, "HTTP 204" },
		{ "HTTP/1.1 503 Busy\r\n\r\nbut", HEALTH_DOWN, "HTTP 503" },
		{ "HTTP/1.1 100 Continue\r\n\r\n", HEALTH_DOWN,
		  "no answer within 300 ms" },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", HEALTH_UP,
		  "HTTP 200" },
		{ "HTTP/1.1 20", HEALTH_DOWN, "no answer within 300 ms" },
	};
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);

	spec.timeout_ms = 300;
	spec.status_first = 100;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct http_backend backend;

		open_http(stage, &backend, HOST, rows[i].answer);
		backend.silent = true;
		want(stage, "cart", &spec, backend.check);
		expect_result(stage, &spec, backend.check, rows[i].state, rows[i].text);
		end(stage, &backend);
	}
}

/* A body without length ends somehow; one that has a length is not whole. */
static void http_check_takes_a_reset_for_the_end_of_a_body_without_length(void **state)
{
	static const struct {
		const char *answer;
		int state;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\nok", HEALTH_UP },
		{ "HTTP/1.1 500 Broken\r\n\r\nok", HEALTH_DOWN },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", HEALTH_DOWN },
		{ "HTTP/1.1 200 OK\r\nX-More:", HEALTH_DOWN },
	};
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct http_backend backend;

		open_http(stage, &backend, HOST, rows[i].answer);
		backend.resets = true;
		want(stage, "cart", &spec, backend.check);
		loop_until(stage, state_of(stage, &spec, backend.check) == rows[i].state);
		end(stage, &backend);
	}
}

/* Each byte comes long before the time-out, and the last one never. */
static void http_check_outlives_a_body_that_trickles(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);
	static struct http_backend backend;

	spec.timeout_ms = 300;
	open_http(stage, &backend, HOST, "HTTP/1.1 200 OK\r\n\r\n");
	backend.endless = "data: and on\n\n";
	backend.pause_ms = 20;
	want(stage, "cart", &spec, backend.check);
	expect_result(stage, &spec, backend.check, HEALTH_UP, "HTTP 200");
	loop_until(stage, result_of(stage, &spec, backend.check).successes >= 3);
	end(stage, &backend);
}

static void http_check_removal_ends_a_request_in_flight(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTP);
	static struct http_backend backend;

	open_http(stage, &backend, HOST, NULL);
	want(stage, "cart", &spec, backend.check);
	loop_until(stage, backend.open == 1);
	assert_int_equal(health_set_service(stage->health, "shop", "cart", NULL), 0);
	loop_until(stage, backend.open == 0);
	assert_int_equal(stage->told, 0);
	close_http(stage, &backend);
}

/* ---- HTTPS ---- */

struct tls_backend {
	char folder[32], key[64], certificate[64], port[8];
	pid_t pid;
};

static pid_t run(const char *const *arguments)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "r+", stdin) &&
		    freopen("/dev/null", "w", stdout) &&
		    freopen("/dev/null", "w", stderr))
			execvp(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	return pid;
}

/* A key and a certificate for another name than the one that is asked for. */
static bool make_certificate(struct tls_backend *backend)
{
	const char *const arguments[] = { "openssl",
					  "req",
					  "-x509",
					  "-newkey",
					  "ec",
					  "-pkeyopt",
					  "ec_paramgen_curve:P-256",
					  "-nodes",
					  "-subj",
					  "/CN=somebody.else",
					  "-keyout",
					  backend->key,
					  "-out",
					  backend->certificate,
					  NULL };
	int status = -1;
	pid_t pid = run(arguments);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static void http_check_over_tls_verifies_no_certificate(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTPS);
	struct tls_backend backend = { .folder = "/tmp/headgate-tls-XXXXXX" };
	int fd = bind_socket(HOST, SOCK_STREAM, 0), status;
	struct wanted_check check = at(HOST, port_of(fd));
	char host[] = "cart.example";

	close(fd);
	assert_non_null(mkdtemp(backend.folder));
	snprintf(backend.key, sizeof(backend.key), "%s/key", backend.folder);
	snprintf(backend.certificate, sizeof(backend.certificate), "%s/certificate",
		 backend.folder);
	snprintf(backend.port, sizeof(backend.port), "%u", check.port);
	const char *const arguments[] = {
		"openssl", "s_server",		"-www",	   "-key",	 backend.key,
		"-cert",   backend.certificate, "-accept", backend.port, NULL
	};

	assert_true(make_certificate(&backend));
	backend.pid = run(arguments);
	spec.fall = 1000;
	spec.host = host;
	want(stage, "cart", &spec, check);
	expect_result(stage, &spec, check, HEALTH_UP, "HTTP 200");
	kill(backend.pid, SIGKILL);
	waitpid(backend.pid, &status, 0);
	unlink(backend.key);
	unlink(backend.certificate);
	rmdir(backend.folder);
}

static void http_check_over_tls_fails_on_plain_http(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_HTTPS);
	static struct http_backend backend;

	open_http(stage, &backend, HOST, ANSWER("200 OK"));
	spec.timeout_ms = 300;
	want(stage, "cart", &spec, backend.check);
	loop_until(stage, state_of(stage, &spec, backend.check) == HEALTH_DOWN);
	end(stage, &backend);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
	const struct CMUnitTest tests[] = {
		TEST(http_check_judges_the_answer),
		TEST(http_check_goes_up_down_and_up_again),
		TEST(http_check_closed_port_is_refused),
		TEST(http_check_accepts_the_range_of_codes_alone),
		TEST(http_check_asks_for_its_path_and_host),
		TEST(http_check_without_host_names_the_address),
		TEST(http_check_ignores_proxies_of_the_environment),
		TEST(http_check_bounds_what_it_reads),
		TEST(http_check_ends_with_the_status_when_the_rest_does_not_come),
		TEST(http_check_takes_a_reset_for_the_end_of_a_body_without_length),
		TEST(http_check_outlives_a_body_that_trickles),
		TEST(http_check_removal_ends_a_request_in_flight),
		TEST(http_check_over_tls_verifies_no_certificate),
		TEST(http_check_over_tls_fails_on_plain_http),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
