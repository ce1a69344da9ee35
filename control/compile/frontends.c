/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which addresses a service port answers at, and who may use them. An address that a
 * Service names twice is one frontend, of the kind that comes first in KINDS: a load
 * balancer address keeps its source ranges when it is listed as an external one too.
 */
#include "job.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"

static const struct {
	enum frontend_kind kind;
	size_t addrs; /* offset in struct service of its struct addr_list */
	size_t local; /* offset in struct service of its traffic policy */
} KINDS[] = {
	{ FRONTEND_CLUSTER_IP, offsetof(struct service, cluster_ips),
	  offsetof(struct service, internal_local) },
	{ FRONTEND_LOAD_BALANCER, offsetof(struct service, load_balancer_ips),
	  offsetof(struct service, external_local) },
	{ FRONTEND_EXTERNAL_IP, offsetof(struct service, external_ips),
	  offsetof(struct service, external_local) },
};
#define KIND_COUNT (sizeof(KINDS) / sizeof(KINDS[0]))

static const struct addr_list *addrs_of(const struct service *service, size_t kind)
{
	return (const void *)((const char *)service + KINDS[kind].addrs);
}

static bool is_local(const struct service *service, size_t kind)
{
	return *(const bool *)((const char *)service + KINDS[kind].local);
}

static bool is_listed(const struct addr_list *list, size_t count,
		      const struct hg_addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_compare(&list->items[i], addr) == 0)
			return true;
	}
	return false;
}

/* Named before, by an earlier kind or earlier in the list of this one. */
static bool is_repeated(const struct service *service, size_t kind, size_t at)
{
	const struct hg_addr *addr = &addrs_of(service, kind)->items[at];

	for (size_t earlier = 0; earlier < kind; earlier++) {
		const struct addr_list *list = addrs_of(service, earlier);

		if (is_listed(list, list->count, addr))
			return true;
	}
	return is_listed(addrs_of(service, kind), at, addr);
}

static bool is_held_by_another(const struct job *job, const struct hg_addr *addr)
{
	const struct object *owner = cluster_find_frontend_owner(
	    job->input->cluster, addr, job->port->port, job->port->protocol);
	const struct about about = object_about(job->object, CAUSE_TAKEN);
	char text[ADDR_TEXT];

	if (!owner || owner == job->object)
		return false;
	complain(job->complaints, COMPLAINT_WARNING, &job->object->place, &about,
		 "%s/%s is served by Service %s/%s, which comes first by name: give one "
		 "of the two another address or port",
		 addr_print_port(addr, job->port->port, text),
		 protocol_print(job->port->protocol), owner->namespace, owner->name);
	return true;
}

static bool is_told(const struct complaints *complaints, const struct about *about,
		    const char *sentence)
{
	for (size_t i = 0; i < complaints->count; i++) {
		const struct complaint *complaint = &complaints->items[i];

		if (about_same(&complaint->about, about) &&
		    !strcmp(complaint->sentence, sentence))
			return true;
	}
	return false;
}

/* Once for all ports. An address of this very node is usual: no word about it. */
static void warn_of_holder(const struct job *job, const struct hg_addr *addr,
			   const struct object *holder)
{
	static const char *const kinds[] = {
		[OBJECT_NODE] = "Node",
		[OBJECT_POD] = "Pod",
		[OBJECT_ENDPOINT_SLICE] = "an endpoint of EndpointSlice",
	};
	const struct about about = object_about(job->object, CAUSE_TAKEN);
	const char *node = job->input->node_name;
	bool is_node = holder->kind == OBJECT_NODE;
	char text[ADDR_TEXT], sentence[1024];

	if (is_node && node && !strcmp(node, holder->name))
		return;
	snprintf(sentence, sizeof(sentence),
		 "%s is also the address of %s %s%s%s: only the ports of Services are "
		 "served there, all else is left to it; give the Service an address of "
		 "its own",
		 addr_print(addr, text), kinds[holder->kind],
		 is_node ? "" : holder->namespace, is_node ? "" : "/", holder->name);
	if (!is_told(job->complaints, &about, sentence))
		complain(job->complaints, COMPLAINT_WARNING, &job->object->place, &about,
			 "%s", sentence);
}

static bool is_shared(const struct job *job, const struct hg_addr *addr)
{
	const struct object *holder = cluster_find_holder(job->input->cluster, addr);

	/* A Service whose endpoint is its own address: see chains.c. */
	if (!holder || (holder->kind == OBJECT_ENDPOINT_SLICE && holder->slice.service &&
			!strcmp(holder->namespace, job->object->namespace) &&
			!strcmp(holder->slice.service, job->object->name)))
		return false;
	warn_of_holder(job, addr, holder);
	return true;
}

static uint32_t flags_of(const struct job *job, enum frontend_kind kind, bool has_ranges)
{
	const struct service *service = &job->object->service;
	const struct service_options *options = &service->options;
	uint32_t flags = 0;

	if (kind == FRONTEND_CLUSTER_IP && job->input->cluster_cidr && !options->expose)
		flags |= HG_SERVICE_INSIDE_ONLY;
	if (kind == FRONTEND_LOAD_BALANCER && has_ranges)
		flags |= HG_SERVICE_SOURCE_RANGES;
	if (service->affinity)
		flags |= HG_SERVICE_AFFINITY;
	if (options->no_backend == NO_BACKEND_DROP)
		flags |= HG_SERVICE_DROP;
	if (options->forwarding == FORWARD_NAT)
		flags |= HG_SERVICE_NAT;
	return flags;
}

static void add_kind(const struct job *job, size_t kind, bool has_ranges,
		     struct wanted_port *port)
{
	const struct service *service = &job->object->service;
	const struct addr_list *addrs = addrs_of(service, kind);

	for (size_t i = 0; i < addrs->count; i++) {
		const struct hg_addr *addr = &addrs->items[i];

		if (addr_is_v4(addr) == job->is_v6 || is_repeated(service, kind, i) ||
		    is_held_by_another(job, addr))
			continue;
		port->frontends[port->frontend_count++] = (struct wanted_frontend){
			.addr = *addr,
			.port = job->port->port,
			.kind = KINDS[kind].kind,
			.flags = flags_of(job, KINDS[kind].kind, has_ranges) |
				 (is_shared(job, addr) ? HG_SERVICE_SHARED : 0),
		};
	}
}

static int by_addr(const void *x, const void *y)
{
	const struct wanted_frontend *a = x, *b = y;

	return addr_compare(&a->addr, &b->addr);
}

static int by_range(const void *x, const void *y)
{
	const struct cidr *a = x, *b = y;
	int order = addr_compare(&a->addr, &b->addr);

	return order ? order : (int)a->bits - (int)b->bits;
}

static bool is_v4_range(const struct cidr *range)
{
	return addr_is_v4(&range->addr) && range->bits >= 96;
}

/*
 * The ranges of this family. A mask of length zero lets everybody in, and so does a
 * family without ranges: then the list is empty.
 */
static int collect_ranges(const struct job *job, struct cidr_list *ret_ranges)
{
	const struct cidr_list *all = &job->object->service.source_ranges;
	unsigned zero_bits = job->is_v6 ? 0 : 96;
	_cleanup_free_ struct cidr *items = NULL;
	size_t count = 0;

	if (!all->count)
		return 0;
	items = calloc(all->count, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++) {
		const struct cidr *range = &all->items[i];

		if (is_v4_range(range) == job->is_v6)
			continue;
		if (range->bits == zero_bits)
			return 0;
		items[count++] = *range;
	}
	if (!count)
		return 0;
	qsort(items, count, sizeof(*items), by_range);
	*ret_ranges = (struct cidr_list){ .items = TAKE_PTR(items), .count = count };
	return 0;
}

static bool has_filtered(const struct wanted_port *port)
{
	for (size_t i = 0; i < port->frontend_count; i++) {
		if (port->frontends[i].flags & HG_SERVICE_SOURCE_RANGES)
			return true;
	}
	return false;
}

int frontends_fill(const struct job *job, struct wanted_port *port)
{
	const struct service *service = &job->object->service;
	struct cidr_list ranges = { 0 };
	size_t most = 0;
	int r;

	for (size_t kind = 0; kind < KIND_COUNT; kind++)
		most += addrs_of(service, kind)->count;
	if (!most)
		return 0;
	port->frontends = calloc(most, sizeof(*port->frontends));
	if (!port->frontends)
		return -ENOMEM;
	r = collect_ranges(job, &ranges);
	if (r < 0)
		return r;
	for (size_t kind = 0; kind < KIND_COUNT; kind++) {
		if (is_local(service, kind) == job->local)
			add_kind(job, kind, ranges.count > 0, port);
	}
	if (port->frontend_count)
		qsort(port->frontends, port->frontend_count, sizeof(*port->frontends),
		      by_addr);
	if (has_filtered(port))
		port->source_ranges = ranges;
	else
		free(ranges.items);
	return 0;
}

/* ---- addresses that ranges of the other family leave open ---- */
/* Is everybody let in by the ranges there are? Then nothing is meant to be shut. */
static bool lets_all_in(const struct cidr_list *ranges)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct cidr *range = &ranges->items[i];

		if (range->bits == (is_v4_range(range) ? 96 : 0))
			return true;
	}
	return false;
}

static bool has_range(const struct cidr_list *ranges, bool is_v6)
{
	for (size_t i = 0; i < ranges->count; i++) {
		if (is_v4_range(&ranges->items[i]) != is_v6)
			return true;
	}
	return false;
}

/* The load balancer addresses of a family, "a, b", in a new string; "": none. */
static char *list_addrs(const struct addr_list *addrs, bool is_v6)
{
	char *text = NULL, addr[ADDR_TEXT];
	const char *separator = "";
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < addrs->count; i++) {
		if (addr_is_v4(&addrs->items[i]) == is_v6 ||
		    is_listed(addrs, i, &addrs->items[i]))
			continue;
		fprintf(out, "%s%s", separator, addr_print(&addrs->items[i], addr));
		separator = ", ";
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

void frontends_warn_of_open(const struct job *job)
{
	const struct about about = object_about(job->object, CAUSE_OPEN);
	const struct service *service = &job->object->service;
	const struct cidr_list *ranges = &service->source_ranges;
	bool is_v6 = has_range(ranges, false);
	_cleanup_free_ char *open = NULL;

	if (!ranges->count || (is_v6 && has_range(ranges, true)) || lets_all_in(ranges))
		return;
	open = list_addrs(&service->load_balancer_ips, is_v6);
	job->complaints->out_of_memory |= !open;
	if (open && *open)
		complain(job->complaints, COMPLAINT_WARNING, &job->object->place, &about,
			 "spec.loadBalancerSourceRanges has no IPv%d range, so that any "
			 "source may use %s: add one, or %s if that is meant",
			 is_v6 ? 6 : 4, open, is_v6 ? "::/0" : "0.0.0.0/0");
}
