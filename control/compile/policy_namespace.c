/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_namespace.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "policy_scope.h"

/* ---- namespaces ---- */
static bool is_namespace(const void *item, const void *key)
{
	return strcmp(((const struct policy_namespace *)item)->name, key) == 0;
}

struct policy_namespace *policy_namespace_find(const struct policy *policy,
					       const char *name)
{
	return policy_hash_find(&policy->namespaces, policy_hash_text(0, name),
				is_namespace, name);
}

static void clear_numbers(struct policy_namespace *namespace)
{
	for (uint32_t i = 0; i < namespace->number_count; i++)
		free(namespace->numbers[i].name);
	namespace->number_count = 0;
}

static void free_namespace(struct policy_namespace *namespace)
{
	clear_numbers(namespace);
	free(namespace->numbers);
	free(namespace->policies);
	free(namespace->whos);
	free(namespace);
}

struct policy_namespace *policy_namespace_get(struct policy *policy, const char *name)
{
	struct policy_namespace *namespace = policy_namespace_find(policy, name);
	size_t size = strlen(name) + 1;

	if (namespace)
		return namespace;
	namespace = calloc(1, sizeof(*namespace) + size);
	if (!namespace)
		return NULL;
	memcpy(namespace->name, name, size);
	namespace->hash = policy_hash_text(0, name);
	if (policy_hash_reserve(&policy->namespaces, 1) < 0 ||
	    policy_scope_look_at(policy, namespace) < 0) {
		free_namespace(namespace);
		return NULL;
	}
	policy_hash_add(&policy->namespaces, namespace->hash, namespace);
	return namespace;
}

void policy_namespace_prune(struct policy *policy, struct policy_namespace *namespace)
{
	if (namespace->refs || namespace->object || namespace->pods ||
	    namespace->policy_count)
		return;
	policy_hash_remove(&policy->namespaces, namespace->hash, namespace);
	free_namespace(namespace);
}

void policy_namespace_drop(struct policy *policy, struct policy_namespace *namespace)
{
	assert(namespace->refs);
	namespace->refs--;
	policy_namespace_prune(policy, namespace);
}

void policy_namespaces_close(struct policy *policy)
{
	struct policy_namespace *namespace;
	uint32_t cursor = 0;

	while ((namespace = policy_hash_next(&policy->namespaces, &cursor)))
		free_namespace(namespace);
	policy_hash_clear(&policy->namespaces);
}

/* ---- numbers of named ports ---- */
struct numbers {
	struct policy_named_number *items;
	uint32_t count, capacity;
};

static bool has_number(const struct policy_named_number *numbers, uint32_t count,
		       const struct policy_named_number *wanted)
{
	for (uint32_t i = 0; i < count; i++) {
		if (numbers[i].protocol == wanted->protocol &&
		    numbers[i].number == wanted->number &&
		    strcmp(numbers[i].name, wanted->name) == 0)
			return true;
	}
	return false;
}

static int add_number(struct numbers *numbers, const struct container_port *port)
{
	struct policy_named_number number = { port->name, port->protocol, port->port };

	if (has_number(numbers->items, numbers->count, &number))
		return 0;
	if (policy_room(&numbers->items, &numbers->capacity, numbers->count + 1,
			sizeof(number)) < 0)
		return -ENOMEM;
	number.name = strdup(port->name);
	if (!number.name)
		return -ENOMEM;
	numbers->items[numbers->count++] = number;
	return 0;
}

static int list_numbers(const struct policy_namespace *namespace, struct numbers *numbers)
{
	for (const struct policy_pod *pod = namespace->pods; pod; pod = pod->next) {
		const struct pod *object = &pod->object->pod;

		for (size_t i = 0; pod->addr_count && i < object->port_count; i++) {
			if (add_number(numbers, &object->ports[i]) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

int policy_namespace_read_numbers(struct policy_namespace *namespace)
{
	struct numbers numbers = { 0 };
	int r, changed;

	if (!namespace->numbers_stale)
		return 0;
	r = list_numbers(namespace, &numbers);
	changed = numbers.count != namespace->number_count;
	for (uint32_t i = 0; i < numbers.count && !changed; i++)
		changed = !has_number(namespace->numbers, namespace->number_count,
				      &numbers.items[i]);
	if (r == 0) {
		clear_numbers(namespace);
		free(namespace->numbers);
		namespace->numbers = numbers.items;
		namespace->number_count = numbers.count;
		namespace->numbers_stale = false;
		return changed;
	}
	for (uint32_t i = 0; i < numbers.count; i++)
		free(numbers.items[i].name);
	free(numbers.items);
	return r;
}

/* ---- pods ---- */
struct pod_key {
	const char *namespace, *name;
};

static bool is_pod(const void *item, const void *key)
{
	const struct policy_pod *pod = item;
	const struct pod_key *wanted = key;

	return strcmp(pod->name, wanted->name) == 0 &&
	       strcmp(pod->namespace->name, wanted->namespace) == 0;
}

static uint32_t pair_hash(const char *namespace, const char *name)
{
	return policy_hash_text(policy_hash_text(0, namespace), name);
}

struct policy_pod *policy_pod_find(const struct policy *policy, const char *namespace,
				   const char *name)
{
	struct pod_key key = { namespace, name };

	return policy_hash_find(&policy->pods, pair_hash(namespace, name), is_pod, &key);
}

struct policy_pod *policy_pod_add(struct policy *policy, const struct object *object)
{
	struct policy_namespace *namespace =
	    policy_namespace_get(policy, object->namespace);
	size_t size = strlen(object->name) + 1;
	struct policy_pod *pod;

	if (!namespace || policy_hash_reserve(&policy->pods, 1) < 0)
		return NULL;
	pod = calloc(1, sizeof(*pod) + size);
	if (!pod)
		return NULL;
	memcpy(pod->name, object->name, size);
	pod->namespace = namespace;
	pod->hash = pair_hash(namespace->name, pod->name);
	DL_APPEND(namespace->pods, pod);
	policy_hash_add(&policy->pods, pod->hash, pod);
	return pod;
}

void policy_pod_remove(struct policy *policy, struct policy_pod *pod)
{
	struct policy_namespace *namespace = pod->namespace;

	DL_DELETE(namespace->pods, pod);
	policy_hash_remove(&policy->pods, pod->hash, pod);
	free(pod->addrs);
	free(pod);
	policy_namespace_prune(policy, namespace);
}

/* ---- names of policies ---- */
static bool is_title(const void *item, const void *key)
{
	const struct policy_title *title = item;
	const struct object *object = key;

	return strcmp(title->namespace, object->namespace) == 0 &&
	       strcmp(title->name, object->name) == 0;
}

struct policy_title *policy_title_take(struct policy *policy, const struct object *object)
{
	uint32_t hash = pair_hash(object->namespace, object->name);
	struct policy_title *title =
	    policy_hash_find(&policy->titles, hash, is_title, object);
	size_t first = strlen(object->namespace) + 1, second = strlen(object->name) + 1;

	if (title)
		return policy_title_hold(title);
	if (policy_hash_reserve(&policy->titles, 1) < 0)
		return NULL;
	title = calloc(1, sizeof(*title) + first + second);
	if (!title)
		return NULL;
	memcpy(title->text, object->namespace, first);
	memcpy(title->text + first, object->name, second);
	title->namespace = title->text;
	title->name = title->text + first;
	title->refs = 1;
	title->hash = hash;
	policy_hash_add(&policy->titles, hash, title);
	return title;
}

struct policy_title *policy_title_hold(struct policy_title *title)
{
	title->refs++;
	return title;
}

void policy_title_drop(struct policy *policy, struct policy_title *title)
{
	if (--title->refs)
		return;
	policy_hash_remove(&policy->titles, title->hash, title);
	free(title->totals);
	free(title);
}
