/* SPDX-License-Identifier: BSD-2-Clause */
#include "named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "words.h"

/* A pod's port of the name that is looked for. */
struct found {
	uint16_t number;
	size_t pod; /* in targets */
};

struct founds {
	struct found *items;
	size_t count, capacity;
};

static void clear_founds(struct founds *founds)
{
	free(founds->items);
}

static int compare(const void *x, const void *y)
{
	const struct found *a = x, *b = y;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->pod < b->pod ? -1 : a->pod > b->pod;
}

static bool append(struct founds *founds, uint16_t number, size_t pod)
{
	if (founds->count == founds->capacity) {
		size_t capacity = founds->capacity ? founds->capacity * 2 : 16;
		struct found *items =
		    reallocarray(founds->items, capacity, sizeof(*items));

		if (!items)
			return false;
		founds->items = items;
		founds->capacity = capacity;
	}
	founds->items[founds->count++] = (struct found){ number, pod };
	return true;
}

static bool find_in(const struct named_targets *targets, size_t at,
		    const struct policy_port *port, struct founds *founds)
{
	const struct object *pod = targets->pods[at];

	if (targets->is_target && !targets->is_target(targets->context, pod))
		return true;
	for (size_t i = 0; i < pod->pod.port_count; i++) {
		const struct container_port *own = &pod->pod.ports[i];

		if (own->protocol == port->protocol &&
		    strcmp(own->name, port->name) == 0 && !append(founds, own->port, at))
			return false;
	}
	return true;
}

static void put_pod(const struct object *pod, struct body *body,
		    struct json_object *names)
{
	_cleanup_free_ char *name = NULL;

	if (asprintf(&name, "%s/%s", pod->namespace, pod->name) < 0) {
		name = NULL;
		body->lost = true;
	}
	body_text(body, names, NULL, name);
}

static void put_port(const struct policy_port *port, const struct named_targets *targets,
		     struct body *body, struct json_object *item)
{
	CLEANUP(clear_founds) struct founds founds = { 0 };
	_cleanup_free_ char *words = words_port(port);
	struct json_object *numbers, *pods = NULL;

	for (size_t i = 0; i < targets->count; i++)
		body->lost |= !find_in(targets, i, port, &founds);
	if (founds.count)
		qsort(founds.items, founds.count, sizeof(*founds.items), compare);
	body_text(body, item, "port", words);
	numbers = body_array(body, item, "numbers");
	for (size_t i = 0; i < founds.count; i++) {
		const struct found *found = &founds.items[i];

		if (!i || found->number != found[-1].number) {
			struct json_object *number = body_object(body, numbers, NULL);

			body_number(body, number, "number", found->number);
			pods = body_array(body, number, "pods");
		}
		put_pod(targets->pods[found->pod], body, pods);
	}
}

void named_put(const struct policy_spec_rule *rule, const struct named_targets *targets,
	       struct body *body, struct json_object *item)
{
	struct json_object *array = NULL;

	for (size_t i = 0; i < rule->port_count; i++) {
		if (!rule->ports[i].name)
			continue;
		if (!array)
			array = body_array(body, item, "namedPorts");
		put_port(&rule->ports[i], targets, body, body_object(body, array, NULL));
	}
}
