/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The subjects of policies: whose packets are evaluated. Whoever is behind a Service is one
 * here, wherever it runs: only here the client's address is known. An address stays one
 * for as long as a pod holds it, also when it is no endpoint any more: connections outlive
 * the endpoint.
 */
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "controller_state.h"

/* gcc's analyzer loses sight of what a hash table owns; ASan looks for leaks in the tests. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* The endpoints of a Service as the compiler was asked for. */
struct subject_service {
	struct addr_list addrs;
	UT_hash_handle hh;
	char key[];
};

/* An address that was an endpoint, wanted once. */
struct lingering {
	struct hg_addr addr;
	UT_hash_handle hh;
};

/* ---- endpoints ---- */
static int add_endpoints(void *context, const struct object *slice)
{
	struct addr_list *list = context;
	size_t more = slice->slice.endpoint_count;
	struct hg_addr *items =
	    reallocarray(list->items, list->count + more + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	for (size_t i = 0; i < more; i++)
		items[list->count++] = slice->slice.endpoints[i].addr;
	return 0;
}

/* *ret_list: {} at first, and for a Service that is gone. */
static int list_endpoints(const struct controller *controller, const char *key,
			  struct addr_list *ret_list)
{
	_cleanup_free_ char *namespace = strdup(key);
	struct addr_list list = { 0 };

	if (!namespace)
		return -ENOMEM;
	char *name = strchr(namespace, '/');

	*name++ = '\0';
	if (!cluster_find(controller->cluster, OBJECT_SERVICE, namespace, name))
		return 0;
	int r = cluster_each_slice(controller->cluster, namespace, name, add_endpoints,
				   &list);

	if (r < 0)
		free(list.items);
	else
		*ret_list = list;
	return r;
}

static int want_all(struct policy *compiler, const struct addr_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		int r = policy_want(compiler, &list->items[i]);

		if (r == 0)
			continue;
		while (i-- > 0)
			policy_unwant(compiler, &list->items[i]);
		return r;
	}
	return 0;
}

/* Once for each address; without memory it stays wanted for good. */
static void leave(struct controller *controller, const struct hg_addr *addr)
{
	struct policies *policies = &controller->policies;
	bool is_pod = cluster_find_pod_by_addr(controller->cluster, addr);
	struct lingering *lingering = NULL;

	if (is_pod)
		HASH_FIND(hh, policies->lingering, addr, sizeof(*addr), lingering);
	if (!is_pod || lingering) {
		policy_unwant(policies->compiler, addr);
		return;
	}
	lingering = calloc(1, sizeof(*lingering));
	if (!lingering)
		return;
	lingering->addr = *addr;
	HASH_ADD(hh, policies->lingering, addr, sizeof(*addr), lingering);
	if (!lingering->hh.tbl)
		free(lingering);
}

static void leave_all(struct controller *controller, struct addr_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		leave(controller, &list->items[i]);
	free(list->items);
	*list = (struct addr_list){ 0 };
}

void policy_subjects_sweep(struct controller *controller)
{
	struct policies *policies = &controller->policies;
	struct lingering *lingering, *after;

	HASH_ITER (hh, policies->lingering, lingering, after) {
		if (cluster_find_pod_by_addr(controller->cluster, &lingering->addr))
			continue;
		policy_unwant(policies->compiler, &lingering->addr);
		HASH_DEL(policies->lingering, lingering);
		free(lingering);
	}
}

static struct subject_service *get_or_create(struct policies *policies, const char *key)
{
	size_t length = strlen(key);
	struct subject_service *service;

	HASH_FIND(hh, policies->subjects, key, length, service);
	if (service)
		return service;
	service = calloc(1, sizeof(*service) + length + 1);
	if (!service)
		return NULL;
	memcpy(service->key, key, length + 1);
	HASH_ADD_KEYPTR(hh, policies->subjects, service->key, length, service);
	if (service->hh.tbl)
		return service;
	free(service);
	return NULL;
}

static bool same_list(const struct addr_list *a, const struct addr_list *b)
{
	return a->count == b->count &&
	       (!a->count || !memcmp(a->items, b->items, a->count * sizeof(*a->items)));
}

static void forget_service(struct policies *policies, struct subject_service *service)
{
	HASH_DEL(policies->subjects, service);
	free(service->addrs.items);
	free(service);
}

int policy_subjects_update(struct controller *controller, const char *key)
{
	struct policies *policies = &controller->policies;
	struct subject_service *service;
	struct addr_list fresh = { 0 };
	int r = list_endpoints(controller, key, &fresh);

	if (r < 0)
		return r;
	service = get_or_create(policies, key);
	if (!service)
		r = -ENOMEM;
	else if (!same_list(&service->addrs, &fresh))
		r = want_all(policies->compiler, &fresh);
	if (r < 0 || same_list(&service->addrs, &fresh)) {
		free(fresh.items);
	} else {
		leave_all(controller, &service->addrs);
		service->addrs = fresh;
		policies->changed = true;
	}
	if (service && !service->addrs.count)
		forget_service(policies, service);
	return r;
}

void policy_subjects_clear(struct policies *policies)
{
	struct subject_service *service, *next;
	struct lingering *lingering, *after;

	HASH_ITER (hh, policies->subjects, service, next) {
		forget_service(policies, service);
	}
	HASH_ITER (hh, policies->lingering, lingering, after) {
		HASH_DEL(policies->lingering, lingering);
		free(lingering);
	}
}
