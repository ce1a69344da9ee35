/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JSON of an answer while it is built. A part that found no memory sets `lost`; it is
 * looked at once, at the end.
 */
#ifndef LIB_BODY_H
#define LIB_BODY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>
#include "addr.h"

struct body {
	struct json_object *root;
	bool lost;
};

void body_begin(struct body *body);
void body_clear(struct body *body);

/* Children of an object; name NULL: appended to an array. Return the child, borrowed. */
struct json_object *body_object(struct body *body, struct json_object *parent,
				const char *name);
struct json_object *body_array(struct body *body, struct json_object *parent,
			       const char *name);
/* value NULL: null. */
void body_text(struct body *body, struct json_object *parent, const char *name,
	       const char *value);
void body_number(struct body *body, struct json_object *parent, const char *name,
		 uint64_t value);
void body_signed(struct body *body, struct json_object *parent, const char *name,
		 int64_t value);
void body_bool(struct body *body, struct json_object *parent, const char *name,
	       bool value);
void body_addr(struct body *body, struct json_object *parent, const char *name,
	       const struct hg_addr *addr);
/* {"address": …, "port": …} */
void body_end(struct body *body, struct json_object *parent, const char *name,
	      const struct hg_addr *addr, uint16_t port);
/* "error": one sentence, in the root. */
void body_error(struct body *body, const char *format, va_list list)
    __attribute__((format(printf, 2, 0)));

#endif
