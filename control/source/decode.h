/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trees into objects: kind by kind, with complaints for all that is wrong. The same for
 * every source that speaks Kubernetes.
 */
#ifndef SOURCE_DECODE_H
#define SOURCE_DECODE_H

#include "field.h"
#include "unread.h"
#include "yaml.h"

struct decode_sink {
	void *context;
	/* Takes ownership. Non-zero ends the reading. */
	int (*object)(void *context, struct object *object);
	/*
	 * The same for an object that is invalid: kind, namespace and name say which
	 * version stays in force. A NetworkPolicy stands in where there is none. NULL: it
	 * cannot be told which object this is. May be NULL.
	 */
	int (*refused)(void *context, struct object *object);
	/* Counts the objects of kinds that are not read. NULL: complained of at the end. */
	struct unread *unread;
};

/* What the sink returned, -EBADMSG (text unreadable, complained), -ENOMEM or 0. */
int decode_stream(const struct yaml_text *text, const struct decode_sink *sink,
		  struct complaints *complaints);

/* ---- one function per kind: the object's own fields from its root; metadata is done
 * ---- */
void decode_service(struct decode *decode, const struct field *root,
		    struct object *object);
void decode_slice(struct decode *decode, const struct field *root, struct object *object);
void decode_pod(struct decode *decode, const struct field *root, struct object *object);
void decode_node(struct decode *decode, const struct field *root, struct object *object);
void decode_namespace(struct decode *decode, const struct field *root,
		      struct object *object);
void decode_policy(struct decode *decode, const struct field *root,
		   struct object *object);
/* What an invalid policy, read by decode_policy(), does without a good version: it isolates
 * whom it selects and allows nothing. is_faulty: the text itself cannot be relied on. */
void decode_policy_stand_in(struct object *object, bool is_faulty);

/* ---- shared by them ---- */
enum addr_use {
	ADDR_VIRTUAL,  /* of a Service */
	ADDR_ENDPOINT, /* of a backend */
	ADDR_HOST,     /* of a Pod or Node: any but :: */
};
/* An address that is fit for its use; false with a complaint otherwise. */
bool decode_addr(struct decode *decode, const struct field *field, enum addr_use use,
		 struct hg_addr *ret_addr);
/* Append to a list, unless it is there already. */
void addr_list_add(struct decode *decode, struct addr_list *list,
		   const struct hg_addr *addr);
/* All CIDR blocks of a list field. */
void decode_cidrs(struct decode *decode, const struct field *list,
		  struct cidr_list *ret_cidrs);
void decode_labels(struct decode *decode, const struct field *root,
		   struct object *object);
/* A label of the object, NULL when absent. */
const char *decode_label(const struct object *object, const char *key);

/* A label selector: a mapping, or absent (then it is empty). */
void decode_selector(struct decode *decode, const struct field *field,
		     struct label_selector *selector);
/* One of the peers of a NetworkPolicy's rule. */
void decode_peer(struct decode *decode, const struct field *item,
		 struct policy_peer *peer);

#endif
