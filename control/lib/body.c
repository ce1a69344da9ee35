/* SPDX-License-Identifier: BSD-2-Clause */
#include "body.h"
#include <stdio.h>
#include "cleanup.h"

#define SCHEMA_VERSION 1

void body_begin(struct body *body)
{
	*body = (struct body){ .root = json_object_new_object() };
	body->lost = !body->root;
	body_number(body, body->root, "schemaVersion", SCHEMA_VERSION);
}

void body_clear(struct body *body)
{
	json_object_put(body->root);
	body->root = NULL;
}

/* The parent owns the child from here on; NULL when there is no parent to take it. */
static struct json_object *put(struct body *body, struct json_object *parent,
			       const char *name, struct json_object *child)
{
	int r = -1;

	if (parent && name)
		r = json_object_object_add(parent, name, child);
	else if (parent)
		r = json_object_array_add(parent, child);
	if (r < 0) {
		body->lost = true;
		json_object_put(child);
		return NULL;
	}
	return child;
}

/* As put(), for a child that must not be null. */
static struct json_object *put_new(struct body *body, struct json_object *parent,
				   const char *name, struct json_object *child)
{
	if (!child)
		body->lost = true;
	return put(body, parent, name, child);
}

struct json_object *body_object(struct body *body, struct json_object *parent,
				const char *name)
{
	return put_new(body, parent, name, json_object_new_object());
}

struct json_object *body_array(struct body *body, struct json_object *parent,
			       const char *name)
{
	return put_new(body, parent, name, json_object_new_array());
}

void body_text(struct body *body, struct json_object *parent, const char *name,
	       const char *value)
{
	if (value)
		put_new(body, parent, name, json_object_new_string(value));
	else
		put(body, parent, name, NULL);
}

void body_number(struct body *body, struct json_object *parent, const char *name,
		 uint64_t value)
{
	put_new(body, parent, name, json_object_new_uint64(value));
}

void body_signed(struct body *body, struct json_object *parent, const char *name,
		 int64_t value)
{
	put_new(body, parent, name, json_object_new_int64(value));
}

void body_bool(struct body *body, struct json_object *parent, const char *name,
	       bool value)
{
	put_new(body, parent, name, json_object_new_boolean(value));
}

void body_addr(struct body *body, struct json_object *parent, const char *name,
	       const struct hg_addr *addr)
{
	char text[ADDR_TEXT];

	body_text(body, parent, name, addr_print(addr, text));
}

void body_end(struct body *body, struct json_object *parent, const char *name,
	      const struct hg_addr *addr, uint16_t port)
{
	struct json_object *end = body_object(body, parent, name);

	body_addr(body, end, "address", addr);
	body_number(body, end, "port", port);
}

void body_error(struct body *body, const char *format, va_list list)
{
	_cleanup_free_ char *sentence = NULL;

	if (vasprintf(&sentence, format, list) < 0) {
		sentence = NULL;
		body->lost = true;
	}
	body_text(body, body->root, "error", sentence);
}
