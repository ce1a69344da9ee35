/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in a node, by its kind and apiVersion. */
#ifndef SOURCE_HEADING_H
#define SOURCE_HEADING_H

#include "decode.h"

/* A kind that is read. */
struct kind {
	enum object_kind kind;
	const char *group, *version;
	const char *old_group; /* that it had in versions of old; NULL: none */
	bool namespaced;
	bool (*is_name)(const char *text);
	const char *name_rule;
	void (*decode)(struct decode *decode, const struct field *root,
		       struct object *object);
	/* turns an invalid one into what is in force when it has no good version */
	void (*stand_in)(struct object *object, bool is_faulty);
};

/* A kind that is read, a list of nodes, or neither. */
struct heading {
	const char *kind_text;
	const char *api;
	const struct kind *kind;
	bool is_list;		/* kind: of its items that do not name one */
	bool is_unread_version; /* of an object, not of a list */
};

/*
 * kind and apiVersion of a node; `inherited` is that of the items of a list that do not
 * name one, or NULL. False: the node cannot be told; complained, here or by a fault.
 */
bool heading_read(struct decode *decode, const struct field *node,
		  const struct kind *inherited, struct heading *ret_heading);
/* Complain of an apiVersion that is not the kind's. */
void heading_complain_of_version(struct decode *decode, const struct field *node,
				 const struct kind *kind);

#endif
