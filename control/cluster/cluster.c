/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects in force and their indexes: EndpointSlices by Service, Pods by address,
 * Services by frontend. An object enters all indexes before its predecessor leaves them,
 * so that running out of memory leaves the old one in force.
 *
 * Dirty Services, and changed objects of the kinds that policies are made of, are lists
 * threaded through the entries: marking one cannot fail and takes no memory. The entry of
 * a removed object stays, without its object, until its mark is taken.
 */
#include "cluster.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "index.h"
#include "../lib/cleanup.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/* gcc's analyzer loses sight of what a hash table owns; ASan looks for leaks in the tests. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

struct entry {
	struct object *object; /* owned; NULL: removed, and its mark is not taken yet */
	bool marked;
	struct entry *prev, *next; /* in its table's list of marks */
	UT_hash_handle hh;
	char key[]; /* "namespace/name" */
};

struct table {
	struct entry *entries;
	size_t count; /* those with an object */
	bool sorted;  /* the hash's own list is in order */
	/* Services: dirty. Pods, Namespaces, NetworkPolicies: changed. Others: none. */
	struct entry *marks;
};

struct cluster {
	struct table *tables; /* by kind */
	struct indexes indexes;
	bool policies_watched;
};

struct cluster *cluster_new(void)
{
	struct cluster *cluster = calloc(1, sizeof(*cluster));

	if (!cluster)
		return NULL;
	cluster->tables = calloc(OBJECT_KINDS, sizeof(*cluster->tables));
	if (!cluster->tables) {
		free(cluster);
		return NULL;
	}
	return cluster;
}

void cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return;
	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		struct entry *entry, *next;

		HASH_ITER (hh, cluster->tables[kind].entries, entry, next) {
			HASH_DEL(cluster->tables[kind].entries, entry);
			object_free(entry->object);
			free(entry);
		}
	}
	indexes_clear(&cluster->indexes);
	free(cluster->tables);
	free(cluster);
}

static struct entry *find_entry(const struct table *table, const char *namespace,
				const char *name)
{
	struct entry *entry = NULL;
	char key[OBJECT_KEY_MAX];
	int length = object_key(namespace, name, key);

	if (length >= 0)
		HASH_FIND(hh, table->entries, key, (size_t)length, entry);
	return entry;
}

static struct entry *add_entry(struct table *table, const char *key)
{
	size_t length = strlen(key);
	struct entry *entry = calloc(1, sizeof(*entry) + length + 1);

	if (!entry)
		return NULL;
	memcpy(entry->key, key, length + 1);
	HASH_ADD_KEYPTR(hh, table->entries, entry->key, length, entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	return entry;
}

/* ---- marks ---- */
static void mark(struct table *table, struct entry *entry)
{
	if (!entry || entry->marked)
		return;
	entry->marked = true;
	DL_APPEND(table->marks, entry);
}

static void mark_all(struct table *table)
{
	struct entry *entry, *next;

	HASH_ITER (hh, table->entries, entry, next)
		mark(table, entry);
}

static void unmark(struct table *table, struct entry *entry)
{
	DL_DELETE(table->marks, entry);
	entry->marked = false;
	if (entry->object)
		return;
	assert(table->entries); /* it is in there */
	HASH_DEL(table->entries, entry);
	free(entry);
}

void cluster_mark_dirty(struct cluster *cluster, const char *namespace,
			const char *service)
{
	struct table *services = &cluster->tables[OBJECT_SERVICE];

	mark(services, find_entry(services, namespace, service));
}

void cluster_mark_all_dirty(struct cluster *cluster)
{
	mark_all(&cluster->tables[OBJECT_SERVICE]);
}

char *cluster_take_dirty(struct cluster *cluster)
{
	struct table *services = &cluster->tables[OBJECT_SERVICE];
	char *name;

	if (!services->marks)
		return NULL;
	name = strdup(services->marks->key);
	if (name)
		unmark(services, services->marks);
	return name;
}

static const enum object_kind POLICY_KINDS[] = { OBJECT_NAMESPACE, OBJECT_POD,
						 OBJECT_NETWORK_POLICY };
#define POLICY_KIND_COUNT (sizeof(POLICY_KINDS) / sizeof(POLICY_KINDS[0]))

void cluster_watch_policies(struct cluster *cluster)
{
	cluster->policies_watched = true;
	for (size_t i = 0; i < POLICY_KIND_COUNT; i++)
		mark_all(&cluster->tables[POLICY_KINDS[i]]);
}

static void mark_changed(struct cluster *cluster, const struct object *object)
{
	struct table *table = &cluster->tables[object->kind];

	if (cluster->policies_watched)
		mark(table, find_entry(table, object->namespace, object->name));
}

typedef int visit_changed(void *context, enum object_kind kind, const char *namespace,
			  const char *name);

static int show_changed(const struct entry *entry, enum object_kind kind,
			visit_changed *visit, void *context)
{
	size_t length = strcspn(entry->key, "/");
	char namespace[OBJECT_KEY_MAX];

	memcpy(namespace, entry->key, length);
	namespace[length] = '\0';
	return visit(context, kind, namespace, entry->key + length + 1);
}

int cluster_take_changed(struct cluster *cluster, visit_changed *visit, void *context)
{
	for (size_t i = 0; i < POLICY_KIND_COUNT; i++) {
		struct table *table = &cluster->tables[POLICY_KINDS[i]];

		while (table->marks) {
			int r =
			    show_changed(table->marks, POLICY_KINDS[i], visit, context);
			if (r)
				return r;
			unmark(table, table->marks);
		}
	}
	return 0;
}

/* What a Service, or the one of an EndpointSlice, is wanted to be may now differ. */
static void mark_service(void *context, const struct object *object)
{
	if (object->kind == OBJECT_SERVICE)
		cluster_mark_dirty(context, object->namespace, object->name);
	if (object->kind == OBJECT_ENDPOINT_SLICE && object->slice.service)
		cluster_mark_dirty(context, object->namespace, object->slice.service);
}

/* ---- changes ---- */
/* An object came or goes: whose wanted state may differ now? */
static void mark_concerned(struct cluster *cluster, const struct object *object)
{
	switch (object->kind) {
	case OBJECT_SERVICE:
		mark_service(cluster, object);
		indexes_each_rival(&cluster->indexes, object, mark_service, cluster);
		indexes_each_chained(&cluster->indexes, object, mark_service, cluster);
		return;
	case OBJECT_ENDPOINT_SLICE:
		mark_service(cluster, object);
		indexes_each_claimant(&cluster->indexes, object, mark_service, cluster);
		return;
	case OBJECT_NODE:
		cluster_mark_all_dirty(cluster);
		return;
	case OBJECT_POD:
	case OBJECT_NAMESPACE:
	case OBJECT_NETWORK_POLICY:
		indexes_each_claimant(&cluster->indexes, object, mark_service, cluster);
		mark_changed(cluster, object);
		return;
	default:
		return;
	}
}

static void retire(struct cluster *cluster, struct object *object)
{
	mark_concerned(cluster, object);
	indexes_leave(&cluster->indexes, object);
	object_free(object);
}

static int put_in_force(struct cluster *cluster, struct object *object)
{
	struct table *table = &cluster->tables[object->kind];
	struct entry *entry = find_entry(table, object->namespace, object->name);
	struct object *old = entry ? entry->object : NULL;
	char key[OBJECT_KEY_MAX];
	int r;

	r = object_key(object->namespace, object->name, key);
	if (r < 0)
		return r;
	r = indexes_join(&cluster->indexes, object);
	if (r < 0)
		return r;
	if (!entry)
		entry = add_entry(table, key);
	if (!entry)
		return -ENOMEM;
	entry->object = object;
	if (!old) {
		table->count++;
		table->sorted = false;
	}
	mark_concerned(cluster, object);
	if (old)
		retire(cluster, old);
	return 0;
}

int cluster_set(struct cluster *cluster, struct object *object)
{
	const struct object *old =
	    cluster_find(cluster, object->kind, object->namespace, object->name);
	int r;

	if (old && object_equal(old, object)) {
		object_free(object);
		return 0;
	}
	r = put_in_force(cluster, object);
	if (r < 0) {
		indexes_leave(&cluster->indexes, object);
		object_free(object);
	}
	return r;
}

int cluster_remove(struct cluster *cluster, enum object_kind kind, const char *namespace,
		   const char *name)
{
	struct table *table = &cluster->tables[kind];
	struct entry *entry = find_entry(table, namespace, name);

	if (!entry || !entry->object)
		return -ENOENT;
	retire(cluster, TAKE_PTR(entry->object));
	table->count--;
	if (!entry->marked) {
		HASH_DEL(table->entries, entry);
		free(entry);
	}
	return 0;
}

/* ---- questions ---- */
const struct object *cluster_find(const struct cluster *cluster, enum object_kind kind,
				  const char *namespace, const char *name)
{
	const struct entry *entry = find_entry(&cluster->tables[kind], namespace, name);

	return entry ? entry->object : NULL;
}

/* A removed object cannot be asked; where it stands does not matter. */
static int entry_order(const struct entry *a, const struct entry *b)
{
	if (!a->object || !b->object)
		return !a->object - !b->object;
	return object_order(a->object, b->object);
}

int cluster_each(const struct cluster *cluster, enum object_kind kind,
		 int (*visit)(void *context, const struct object *object), void *context)
{
	struct table *table = &cluster->tables[kind];
	struct entry *entry, *next;
	int r;

	if (!table->sorted)
		HASH_SORT(table->entries, entry_order);
	table->sorted = true;
	HASH_ITER (hh, table->entries, entry, next) {
		if (!entry->object)
			continue;
		r = visit(context, entry->object);
		if (r)
			return r;
	}
	return 0;
}

int cluster_each_slice(const struct cluster *cluster, const char *namespace,
		       const char *service,
		       int (*visit)(void *context, const struct object *slice),
		       void *context)
{
	const struct object *const *slices;
	size_t count;
	int r;

	slices = indexes_slices(&cluster->indexes, namespace, service, &count);
	for (size_t i = 0; i < count; i++) {
		r = visit(context, slices[i]);
		if (r)
			return r;
	}
	return 0;
}

const struct object *cluster_find_pod_by_addr(const struct cluster *cluster,
					      const struct hg_addr *addr)
{
	return indexes_pod(&cluster->indexes, addr);
}

const struct object *cluster_find_holder(const struct cluster *cluster,
					 const struct hg_addr *addr)
{
	return indexes_holder(&cluster->indexes, addr);
}

const struct object *cluster_find_frontend_owner(const struct cluster *cluster,
						 const struct hg_addr *addr,
						 uint16_t port, uint8_t protocol)
{
	return indexes_owner(&cluster->indexes, addr, port, protocol);
}

size_t cluster_count(const struct cluster *cluster, enum object_kind kind)
{
	return cluster->tables[kind].count;
}
