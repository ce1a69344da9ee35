/* SPDX-License-Identifier: BSD-2-Clause */
/* The API's socket: one living daemon per path, and real requests over it. */
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../control/serve/listener.h"
#include "../../control/serve/serve.h"

static char folder[] = "/tmp/hgd-socket-XXXXXX";
static char path[64], lock_path[72];
static struct complaints complaints;

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/hgd-socket-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/run/api.sock", folder);
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	return 0;
}

static int remove_folder(void **state)
{
	char run[64];

	(void)state;
	snprintf(run, sizeof(run), "%s/run", folder);
	unlink(path);
	unlink(lock_path);
	rmdir(run);
	complaints_clear(&complaints);
	return rmdir(folder);
}

static void listener_makes_its_folder_and_leaves_nothing(void **state)
{
	struct listener listener;
	struct stat found;

	(void)state;
	assert_int_equal(listener_open(path, &complaints, &listener), 0);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0660);
	listener_close(&listener);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(lock_path, F_OK), -1);
}

static void listener_living_daemon_keeps_its_socket(void **state)
{
	struct listener first, second = { .fd = 77 };

	(void)state;
	assert_int_equal(listener_open(path, &complaints, &first), 0);
	assert_int_equal(listener_open(path, &complaints, &second), -EADDRINUSE);
	assert_int_equal(second.fd, 77);
	assert_int_equal(complaints.count, 1);
	assert_non_null(strstr(complaints.items[0].sentence, "--socket"));
	assert_int_equal(access(path, F_OK), 0);
	listener_close(&first);
}

static int bind_here(bool listens)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (listens)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void make_run(void)
{
	char run[64];

	snprintf(run, sizeof(run), "%s/run", folder);
	assert_int_equal(mkdir(run, 0755), 0);
}

static void listener_dead_daemons_socket_is_replaced(void **state)
{
	struct listener listener;

	(void)state;
	make_run();
	close(bind_here(true));
	assert_int_equal(listener_open(path, &complaints, &listener), 0);
	listener_close(&listener);
}

static void listener_stranger_without_our_lock_keeps_its_socket(void **state)
{
	struct listener listener;

	(void)state;
	make_run();
	int fd = bind_here(true);

	assert_int_equal(listener_open(path, &complaints, &listener), -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
}

static void listener_file_that_is_no_socket_is_kept(void **state)
{
	struct listener listener;

	(void)state;
	make_run();
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(listener_open(path, &complaints, &listener), -EEXIST);
	assert_non_null(strstr(complaints.items[0].sentence, "not a socket"));
	assert_int_equal(access(path, F_OK), 0);
}

/* ---- real requests ---- */
static void facts(void *context, struct serve_facts *ret_facts)
{
	(void)context;
	*ret_facts = (struct serve_facts){ .node_name = "node-1" };
}

static int no_services(void *context,
		       int (*visit)(void *visitor, const struct wanted_service *service),
		       void *visitor)
{
	(void)context;
	(void)visit;
	(void)visitor;
	return 0;
}

static int no_complaints(void *context,
			 int (*visit)(void *visitor, const struct complaint *complaint),
			 void *visitor)
{
	(void)context;
	(void)visit;
	(void)visitor;
	return 0;
}

static size_t no_usage(void *context, struct datapath_usage *ret_usage, size_t size)
{
	(void)context;
	(void)ret_usage;
	(void)size;
	return 0;
}

static size_t no_attachments(void *context, struct datapath_attachment *ret_attachments,
			     size_t size)
{
	(void)context;
	(void)ret_attachments;
	(void)size;
	return 0;
}

static int delete_seven(void *context,
			bool (*match)(void *visitor, const struct datapath_flow *flow),
			void *visitor)
{
	(void)context;
	(void)match;
	(void)visitor;
	return 7;
}

static const struct api_state world = {
	.facts = facts,
	.each_service = no_services,
	.each_complaint = no_complaints,
	.delete_flows = delete_seven,
	.usage = no_usage,
	.attachments = no_attachments,
};

struct exchange {
	const char *method, *url;
	long status;
	char text[8192];
	size_t length;
};

static size_t take(char *piece, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	size_t length = size * count;

	if (length >= sizeof(exchange->text) - exchange->length)
		return 0;
	memcpy(exchange->text + exchange->length, piece, length);
	exchange->length += length;
	return length;
}

static void perform(struct exchange *exchange)
{
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_URL, exchange->url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, path);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange->status);
	curl_easy_cleanup(curl);
}

static struct exchange exchanges[] = {
	{ .method = "GET", .url = "http://h/v1/status" },
	{ .method = "GET", .url = "http://h/v1/nothing" },
	{ .method = "PUT", .url = "http://h/v1/status" },
	{ .method = "DELETE", .url = "http://h/v1/flows?client=10.0.0.1%3A80" },
	{ .method = "GET",
	  .url = "http://h/v1/flows?a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&"
		 "a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1" },
};
#define EXCHANGES (sizeof(exchanges) / sizeof(*exchanges))

static void *run_client(void *done)
{
	for (size_t i = 0; i < EXCHANGES; i++)
		perform(&exchanges[i]);
	uv_async_send(done);
	return NULL;
}

static void stop(uv_async_t *handle)
{
	uv_stop(handle->loop);
}

static void serve_answers_real_requests(void **state)
{
	struct serve *serve;
	pthread_t client;
	uv_async_t done;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_async_init(&loop, &done, stop), 0);
	assert_int_equal(serve_open(&loop, path, &world, &complaints, &serve), 0);
	assert_int_equal(pthread_create(&client, NULL, run_client, &done), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	pthread_join(client, NULL);
	serve_close(serve);
	uv_close((uv_handle_t *)&done, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(access(path, F_OK), -1);

	assert_int_equal(exchanges[0].status, 200);
	assert_non_null(strstr(exchanges[0].text, "\"schemaVersion\":1"));
	assert_non_null(strstr(exchanges[0].text, "\"nodeName\":\"node-1\""));
	assert_int_equal(exchanges[1].status, 404);
	assert_non_null(strstr(exchanges[1].text, "\"error\":"));
	assert_int_equal(exchanges[2].status, 405);
	assert_int_equal(exchanges[3].status, 200);
	assert_non_null(strstr(exchanges[3].text, "\"deleted\":7"));
	assert_int_equal(exchanges[4].status, 400);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(listener_makes_its_folder_and_leaves_nothing),
		TEST(listener_living_daemon_keeps_its_socket),
		TEST(listener_dead_daemons_socket_is_replaced),
		TEST(listener_stranger_without_our_lock_keeps_its_socket),
		TEST(listener_file_that_is_no_socket_is_kept),
		TEST(serve_answers_real_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
