/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a request and the daemon's state to the JSON of the answer. The shapes are described in
 * headgate(1); members are added, never renamed or removed, while schemaVersion is 1.
 */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include "../lib/body.h"
#include "request.h"

/* Always makes a body, {"error": sentence} too. Returns the HTTP status. */
unsigned answer_request(const struct api_state *api, const struct request *request,
			struct body *ret_body);
/* A body that holds only {"error": sentence}. */
void answer_error(struct body *ret_body, const char *sentence);

/* One per route; each returns the HTTP status and may call answer_refuse(). */
unsigned answer_status(const struct api_state *api, const struct request *request,
		       struct body *body);
/* Array "policy" of the latest packets that policy refused. */
void answer_put_refusals(const struct api_state *api, struct body *body);
unsigned answer_drops(const struct api_state *api, const struct request *request,
		      struct body *body);
unsigned answer_services(const struct api_state *api, const struct request *request,
			 struct body *body);
unsigned answer_service(const struct api_state *api, const struct request *request,
			struct body *body);
unsigned answer_backends(const struct api_state *api, const struct request *request,
			 struct body *body);
unsigned answer_flows(const struct api_state *api, const struct request *request,
		      struct body *body);
unsigned answer_flow(const struct api_state *api, const struct request *request,
		     struct body *body);
unsigned answer_delete_flows(const struct api_state *api, const struct request *request,
			     struct body *body);

unsigned answer_policies(const struct api_state *api, const struct request *request,
			 struct body *body);
unsigned answer_policy(const struct api_state *api, const struct request *request,
		       struct body *body);
unsigned answer_pod(const struct api_state *api, const struct request *request,
		    struct body *body);
unsigned answer_verdict(const struct api_state *api, const struct request *request,
			struct body *body);

/* Put "error": sentence in the body. Returns code. */
unsigned answer_refuse(struct body *body, unsigned code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
