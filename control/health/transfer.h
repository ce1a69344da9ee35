/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One HTTP(S) request of a check: what is asked, and what the end of it means.
 */
#ifndef HEALTH_TRANSFER_H
#define HEALTH_TRANSFER_H

#include <curl/curl.h>
#include "probe.h"

struct http_transfer {
	CURL *easy; /* CURLOPT_PRIVATE: the transfer */
	struct probe *probe;
	struct curl_slist *connect_to;
	size_t received;  /* bytes of header and body */
	bool headed;	  /* the final header is complete */
	bool enough;	  /* stopped on purpose: the bound was reached */
	int socket_error; /* errno of socket(), 0 when it worked */
	char error[CURL_ERROR_SIZE];
};

/* A request for probe->target, ready for a multi handle; NULL when out of memory. */
struct http_transfer *transfer_create(struct probe *probe);
void transfer_free(struct http_transfer *transfer); /* not in a multi handle any more */
void transfer_judge(struct http_transfer *transfer, CURLcode code,
		    struct probe_result *ret_result);
/* The time-out of the check has passed while it was under way. */
void transfer_expire(struct http_transfer *transfer, struct probe_result *ret_result);

#endif
