/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backends and frontends of a Service before and after, as one list of ends that says for
 * each how it stood and how it stands. A backend that several ports or both lists have is
 * one end.
 */
#include "service_change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"

#define LISTED_MOST 3U

enum standing { ABSENT, WAITING, ACTIVE };

struct end {
	struct hg_addr addr;
	uint16_t port;
	uint8_t protocol; /* of a frontend; 0: a backend */
	enum standing before, after;
};

struct ends {
	struct end *items;
	size_t count;
};

static int compare(const void *x, const void *y)
{
	const struct end *a = x, *b = y;
	int order = addr_compare(&a->addr, &b->addr);

	if (order == 0)
		order = (int)a->port - (int)b->port;
	return order ? order : (int)a->protocol - (int)b->protocol;
}

/* Equal ends become one, which stands as well as the best of them. */
static void merge(struct ends *ends)
{
	size_t kept = 0;

	if (ends->count)
		qsort(ends->items, ends->count, sizeof(*ends->items), compare);
	for (size_t i = 0; i < ends->count; i++) {
		const struct end *end = &ends->items[i];
		struct end *last = kept ? &ends->items[kept - 1] : NULL;

		if (!last || compare(last, end) != 0) {
			ends->items[kept++] = *end;
			continue;
		}
		last->before = end->before > last->before ? end->before : last->before;
		last->after = end->after > last->after ? end->after : last->after;
	}
	ends->count = kept;
}

static void stand(struct end *end, bool is_after, enum standing standing)
{
	*(is_after ? &end->after : &end->before) = standing;
}

static void add_backends(const struct wanted_port *port, bool is_after, struct ends *ends)
{
	for (size_t i = 0; i < port->backend_count; i++) {
		const struct wanted_backend *backend = &port->backends[i];
		struct end *end = &ends->items[ends->count++];

		*end = (struct end){ .addr = backend->addr, .port = backend->port };
		stand(end, is_after, backend->state == BACKEND_ACTIVE ? ACTIVE : WAITING);
	}
}

static void add_frontends(const struct wanted_port *port, bool is_after,
			  struct ends *ends)
{
	for (size_t i = 0; i < port->frontend_count; i++) {
		struct end *end = &ends->items[ends->count++];

		*end = (struct end){ .addr = port->frontends[i].addr,
				     .port = port->frontends[i].port,
				     .protocol = port->protocol };
		stand(end, is_after, ACTIVE);
	}
}

static size_t count_all(const struct wanted_service *service)
{
	size_t count = 0;

	for (size_t i = 0; service && i < service->port_count; i++)
		count +=
		    service->ports[i].backend_count + service->ports[i].frontend_count;
	return count;
}

static void clear_ends(struct ends *ends)
{
	free(ends->items);
}

/* 0 or -ENOMEM. */
static int gather(const struct wanted_service *const states[2],
		  void (*add)(const struct wanted_port *port, bool is_after,
			      struct ends *ends),
		  struct ends *ret_ends)
{
	size_t most = count_all(states[0]) + count_all(states[1]);
	struct ends ends = { .items = calloc(most + 1, sizeof(*ends.items)) };

	if (!ends.items)
		return -ENOMEM;
	for (size_t when = 0; when < 2; when++) {
		for (size_t i = 0; states[when] && i < states[when]->port_count; i++)
			add(&states[when]->ports[i], when == 1, &ends);
	}
	merge(&ends);
	*ret_ends = ends;
	return 0;
}

/* ---- words ---- */
#define IS(standing) (1U << (standing))

static const struct kind_of_change {
	unsigned before, after; /* sets of enum standing */
	const char *words;
} kinds[] = {
	{ IS(ABSENT), IS(WAITING) | IS(ACTIVE), "added" },
	{ IS(WAITING) | IS(ACTIVE), IS(ABSENT), "removed" },
	{ IS(ACTIVE), IS(WAITING), "no new connections to" },
	{ IS(WAITING), IS(ACTIVE), "new connections again to" },
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

static bool is_of(const struct end *end, const struct kind_of_change *kind)
{
	return IS(end->before) & kind->before && IS(end->after) & kind->after;
}

static void print_end(FILE *out, const struct end *end)
{
	char text[ADDR_TEXT];

	fputs(addr_print_port(&end->addr, end->port, text), out);
	if (end->protocol)
		fprintf(out, "/%s", protocol_print(end->protocol));
}

/* "added a, b and 5 more". Returns how many ends changed so. */
static size_t print_kind(FILE *out, const struct ends *ends,
			 const struct kind_of_change *kind, const char *before)
{
	size_t found = 0;

	for (size_t i = 0; i < ends->count; i++) {
		if (!is_of(&ends->items[i], kind) || ++found > LISTED_MOST)
			continue;
		if (found == 1)
			fprintf(out, "%s%s ", before, kind->words);
		else
			fputs(", ", out);
		print_end(out, &ends->items[i]);
	}
	if (found > LISTED_MOST)
		fprintf(out, " and %zu more", found - LISTED_MOST);
	return found;
}

static size_t count_standing(const struct ends *ends, bool is_after)
{
	size_t count = 0;

	for (size_t i = 0; i < ends->count; i++)
		count +=
		    (is_after ? ends->items[i].after : ends->items[i].before) != ABSENT;
	return count;
}

static bool differ(const struct ends *ends)
{
	for (size_t i = 0; i < ends->count; i++) {
		if (ends->items[i].before != ends->items[i].after)
			return true;
	}
	return false;
}

/* "3 → 4 backends (added 10.244.1.9:8080)", or nothing. Returns whether it was something. */
static bool print_ends(FILE *out, const struct ends *ends, const char *noun,
		       const char *separator)
{
	size_t before = count_standing(ends, false), after = count_standing(ends, true);
	const char *between = " (";

	if (!differ(ends))
		return false;
	fputs(separator, out);
	if (before != after)
		fprintf(out, "%zu → ", before);
	fprintf(out, "%zu %s%s", after, noun, after == 1 ? "" : "s");
	for (size_t i = 0; i < KINDS; i++) {
		if (print_kind(out, ends, &kinds[i], between))
			between = "; ";
	}
	fputc(')', out);
	return true;
}

/* ---- what else there is ---- */
static bool same_port(const struct wanted_port *a, const struct wanted_port *b)
{
	return strcmp(a->key, b->key) == 0 && a->algorithm == b->algorithm &&
	       a->forwarding == b->forwarding && a->affinity_s == b->affinity_s &&
	       a->drain_s == b->drain_s && a->slot_count == b->slot_count;
}

static bool same_flags(const struct wanted_port *a, const struct wanted_port *b)
{
	for (size_t i = 0; i < a->frontend_count && i < b->frontend_count; i++) {
		if (a->frontends[i].flags != b->frontends[i].flags)
			return false;
	}
	return true;
}

static bool same_weights(const struct wanted_port *a, const struct wanted_port *b)
{
	for (size_t i = 0; i < a->backend_count && i < b->backend_count; i++) {
		if (a->backends[i].weight != b->backends[i].weight)
			return false;
	}
	return true;
}

static bool same_ranges(const struct cidr_list *a, const struct cidr_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i].bits != b->items[i].bits ||
		    addr_compare(&a->items[i].addr, &b->items[i].addr) != 0)
			return false;
	}
	return true;
}

/* Where ends are the same: options, weights, flags and source ranges. */
static bool same_rest(const struct wanted_service *before,
		      const struct wanted_service *after)
{
	if (before->port_count != after->port_count)
		return false;
	for (size_t i = 0; i < before->port_count; i++) {
		const struct wanted_port *a = &before->ports[i], *b = &after->ports[i];

		if (!same_port(a, b) || !same_flags(a, b) || !same_weights(a, b) ||
		    !same_ranges(&a->source_ranges, &b->source_ranges))
			return false;
	}
	return true;
}

static void print_change(FILE *out, const struct wanted_service *const states[2],
			 const struct ends *frontends, const struct ends *backends)
{
	bool any;

	if (!states[1]) {
		fputs("removed", out);
		return;
	}
	if (!states[0])
		fputs("in force: ", out);
	any = print_ends(out, backends, "backend", "");
	any |= print_ends(out, frontends, "frontend", any ? ", " : "");
	if (!any && (!states[0] || !same_rest(states[0], states[1])))
		fputs(states[0] ? "its options are changed" : "no frontend", out);
}

int service_change(const struct wanted_service *before,
		   const struct wanted_service *after, char **ret_text)
{
	const struct wanted_service *const states[2] = { before, after };
	CLEANUP(clear_ends) struct ends frontends = { 0 }, backends = { 0 };
	char *text = NULL;
	size_t size;
	int r = 0;

	*ret_text = NULL;
	if (!before && !after)
		return 0;
	r = gather(states, add_frontends, &frontends);
	if (r == 0)
		r = gather(states, add_backends, &backends);
	if (r < 0)
		return r;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	print_change(out, states, &frontends, &backends);
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	if (*text)
		*ret_text = TAKE_PTR(text);
	free(text);
	return 0;
}
