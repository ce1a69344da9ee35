/* SPDX-License-Identifier: BSD-2-Clause */
/* One connection, from a real client to a real backend, judged in both directions. */
#ifndef EXPLAIN_PATH_H
#define EXPLAIN_PATH_H

#include "explain.h"

struct path {
	struct hg_addr client, backend;
	/* As they are shown: hostNetwork ones too, and those that claim an address which
	 * is another's. NULL: none. */
	const struct object *client_pod, *backend_pod;
	uint16_t port; /* of the backend, host order */
	uint8_t protocol;
	const struct object *service; /* NULL: directly */
	struct hg_addr vip;	      /* the Service's */
	uint16_t service_port;
};

/* One direction of a path. */
struct side {
	const struct explain_input *input;
	const struct path *path;
	bool is_egress;
	const struct object *subject;	  /* whose policies decide; NULL: no pod's */
	const struct object *destination; /* the pod at the backend's address */
	const struct hg_addr *peer;	  /* the other end */
};

/* Put a PATH into an array. Says whether it is allowed. */
bool path_explain(const struct explain_input *input, const struct path *path,
		  struct body *body, struct json_object *paths);

/* Put the rules that nearly allow into an array, with what they miss. */
void near_misses_put(const struct side *side, struct body *body,
		     struct json_object *array);

/* ---- hint.c: why not, in a new string; NULL: nothing to say, or out of memory ---- */
char *hint_port(const struct side *side, const struct policy_spec_rule *rule);
char *hint_peer(const struct side *side, const char *namespace,
		const struct policy_spec_rule *rule);

#endif
