/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request: GET <path> over HTTP/1.1 on a connection of its own, which is closed by
 * RST as in tcp.c. Host header and SNI come from the check's host while the connection
 * goes to the backend's address. Redirects are answers like others, not followed; proxies
 * of the environment are ignored.
 *
 * Certificates are not verified: backends are addressed by pod address and mostly carry
 * self-signed or cluster-internal certificates; a check asks whether the backend
 * answers, not who it is. Load balancers and the kubelet do the same.
 *
 * Header and body are discarded and bounded: after RECEIVED_MAX bytes, or when the time-out
 * passes, the transfer stops, and the status that came first decides. Until then the body is
 * awaited: a backend whose answer is always cut off by a RST would complain of it each time.
 */
#include "transfer.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "../lib/cleanup.h"

#define RECEIVED_MAX (64UL * 1024)
#define STATUS_FINAL 200 /* what is below says that the answer is yet to come */

static long status_of(const struct http_transfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t discard(char *data, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;

	(void)data;
	transfer->received += size * count;
	if (transfer->received <= RECEIVED_MAX)
		return size * count;
	transfer->enough = true;
	return 0; /* another number than it was given: libcurl ends the transfer */
}

/* One line at a time; an empty one ends the header of an answer, final or not. */
static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;

	bool empty = size && count && (*data == '\r' || *data == '\n');

	if (empty && status_of(transfer) >= STATUS_FINAL)
		transfer->headed = true;
	return discard(data, size, count, context);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose,
				 struct curl_sockaddr *addr)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct http_transfer *transfer = context;
	int fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);

	(void)purpose;
	if (fd < 0) {
		transfer->socket_error = errno;
		return CURL_SOCKET_BAD;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return fd;
}

static char *make_url(const struct probe_target *target, const char *address)
{
	const struct check_spec *spec = &target->spec;
	const char *path = spec->path ? spec->path : "/";
	char *url;
	int r =
	    asprintf(&url, "%s://%s%s%s", spec->type == CHECK_HTTPS ? "https" : "http",
		     spec->host ? spec->host : address, *path == '/' ? "" : "/", path);

	return r < 0 ? NULL : url;
}

/*
 * With a host, the URL names the host alone and CONNECT_TO leads every connection to the
 * backend, so that the Host header carries no port that the user did not write.
 */
static CURLcode set_destination(struct http_transfer *transfer)
{
	const struct probe_target *target = transfer->probe->target;
	char address[ADDR_TEXT], route[ADDR_TEXT + 2];
	_cleanup_free_ char *url = NULL;
	CURLcode r;

	addr_print_port(&target->addr, target->port, address);
	url = make_url(target, address);
	if (!url)
		return CURLE_OUT_OF_MEMORY;
	r = curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
	if (r != CURLE_OK || !target->spec.host)
		return r;
	snprintf(route, sizeof(route), "::%s", address);
	transfer->connect_to = curl_slist_append(NULL, route);
	if (!transfer->connect_to)
		return CURLE_OUT_OF_MEMORY;
	return curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->connect_to);
}

/*
 * CURLOPT_NOSIGNAL stays off: libcurl then shields its calls from SIGPIPE, which OpenSSL
 * raises. It uses no alarm, because addresses are numeric.
 */
static CURLcode set_numbers(CURL *easy)
{
	static const struct {
		CURLoption option;
		long value;
	} options[] = {
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_HTTP09_ALLOWED, 0 },
		{ CURLOPT_PATH_AS_IS, 1 },
		{ CURLOPT_FRESH_CONNECT, 1 },
		{ CURLOPT_FORBID_REUSE, 1 },
		{ CURLOPT_SSL_VERIFYPEER, 0 },
		{ CURLOPT_SSL_VERIFYHOST, 0 },
		{ CURLOPT_SSL_SESSIONID_CACHE, 0 },
	};
	CURLcode r = CURLE_OK;

	for (size_t i = 0; r == CURLE_OK && i < sizeof(options) / sizeof(*options); i++)
		r = curl_easy_setopt(easy, options[i].option, options[i].value);
	return r;
}

static CURLcode set_options(struct http_transfer *transfer)
{
	/* Without NULL here libcurl would read the system's CA bundle for each probe. */
	const struct {
		CURLoption option;
		const void *value;
	} options[] = {
		{ CURLOPT_PROXY, "" },
		{ CURLOPT_PROTOCOLS_STR, "http,https" },
		{ CURLOPT_USERAGENT, "headgate/" HEADGATE_VERSION },
		{ CURLOPT_CAINFO, NULL },
		{ CURLOPT_CAPATH, NULL },
		{ CURLOPT_WRITEDATA, transfer },
		{ CURLOPT_HEADERDATA, transfer },
		{ CURLOPT_OPENSOCKETDATA, transfer },
		{ CURLOPT_PRIVATE, transfer },
		{ CURLOPT_ERRORBUFFER, transfer->error },
	};
	CURL *easy = transfer->easy;
	CURLcode r = set_numbers(easy);

	for (size_t i = 0; r == CURLE_OK && i < sizeof(options) / sizeof(*options); i++)
		r = curl_easy_setopt(easy, options[i].option, options[i].value);
	if (r == CURLE_OK)
		r = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	if (r == CURLE_OK)
		r = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	if (r == CURLE_OK)
		r = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	return r == CURLE_OK ? set_destination(transfer) : r;
}

struct http_transfer *transfer_create(struct probe *probe)
{
	struct http_transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer)
		return NULL;
	transfer->probe = probe;
	transfer->easy = curl_easy_init();
	if (transfer->easy && set_options(transfer) == CURLE_OK)
		return transfer;
	transfer_free(transfer);
	return NULL;
}

void transfer_free(struct http_transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->connect_to);
	free(transfer);
}

static void judge_error(const struct http_transfer *transfer, CURLcode code,
			struct probe_result *ret_result)
{
	const char *detail =
	    *transfer->error ? transfer->error : curl_easy_strerror(code);
	long error = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
	if (transfer->socket_error)
		error = transfer->socket_error;
	if (code == CURLE_OUT_OF_MEMORY)
		error = ENOMEM;
	if (error && (code == CURLE_COULDNT_CONNECT || code == CURLE_OUT_OF_MEMORY))
		probe_fail_errno(ret_result, (int)error);
	else if (code == CURLE_GOT_NOTHING)
		probe_fail(ret_result, "closed without an answer");
	else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
		probe_fail(ret_result, "the answer is not HTTP");
	else if (code == CURLE_PARTIAL_FILE)
		probe_fail(ret_result, "the answer was cut short");
	else
		probe_fail(ret_result, "%s", detail);
}

static void judge_status(const struct http_transfer *transfer, long status,
			 struct probe_result *ret_result)
{
	const struct check_spec *spec = &transfer->probe->target->spec;

	if (status >= spec->status_first && status <= spec->status_last)
		probe_pass(ret_result, "HTTP %ld", status);
	else
		probe_fail(ret_result, "HTTP %ld", status);
}

/* A body of unknown length ends with the connection; few servers do that to TLS's liking. */
static bool ended_uncleanly(const struct http_transfer *transfer, CURLcode code)
{
	curl_off_t length = -1;

	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return code == CURLE_RECV_ERROR && length < 0 && transfer->headed;
}

void transfer_judge(struct http_transfer *transfer, CURLcode code,
		    struct probe_result *ret_result)
{
	long status = status_of(transfer);

	if (code == CURLE_OK || (transfer->enough && status >= STATUS_FINAL) ||
	    ended_uncleanly(transfer, code))
		judge_status(transfer, status, ret_result);
	else
		judge_error(transfer, code, ret_result);
}

void transfer_expire(struct http_transfer *transfer, struct probe_result *ret_result)
{
	long status = status_of(transfer);

	if (status >= STATUS_FINAL)
		judge_status(transfer, status, ret_result);
	else
		probe_fail_timeout(ret_result, transfer->probe);
}
