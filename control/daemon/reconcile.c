/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One dirty Service at a time: policy → compile → datapath → health checks. What cannot be applied
 * leaves the old state in force, is reported once and tried again.
 */
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "controller_state.h"
#include "outage.h"
#include "service_change.h"

/* gcc's analyzer loses sight of what a hash table owns; ASan looks for leaks in the tests. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* Services whose backends are judged by one change of policy: it waits for all CPUs. */
#define TOGETHER 16

static void free_record(struct service_record *record)
{
	if (record->wanted)
		wanted_service_free(record->wanted);
	complaints_clear(&record->complaints);
	log_once_clear(&record->logged);
	free(record);
}

static void remove_record(struct controller *controller, struct service_record *record)
{
	HASH_DEL(controller->services, record);
	free_record(record);
}

static struct service_record *add_record(struct controller *controller, const char *key)
{
	size_t length = strlen(key), before_slash = strcspn(key, "/");
	struct service_record *record =
	    calloc(1, sizeof(*record) + length + 1 + before_slash + 1);

	if (!record)
		return NULL;
	memcpy(record->key, key, length + 1);
	char *namespace = record->key + length + 1;
	memcpy(namespace, key, before_slash);
	record->namespace = namespace;
	record->name = record->key + before_slash + 1;
	HASH_ADD_KEYPTR(hh, controller->services, record->key, length, record);
	if (!record->hh.tbl) {
		free_record(record);
		return NULL;
	}
	controller->services_sorted = false;
	return record;
}

static struct service_record *take_record(struct controller *controller, const char *key)
{
	struct service_record *record;

	HASH_FIND_STR(controller->services, key, record);
	return record ? record : add_record(controller, key);
}

/* Compile and put in force. On success *ret_wanted is what is in force now. */
static int put_in_force(struct controller *controller,
			const struct service_record *record,
			struct complaints *complaints, struct wanted_service **ret_wanted)
{
	struct wanted_service *wanted = NULL;
	const struct about outage = object_about_named(OBJECT_SERVICE, record->namespace,
						       record->name, CAUSE_OUTAGE);
	int r = compile_service(&controller->input, record->namespace, record->name,
				complaints, &wanted);

	if (r == 0)
		r = datapath_apply(controller->datapath, record->namespace, record->name,
				   wanted, complaints);
	if (r == 0 && wanted)
		outage_complain(wanted, &outage, complaints);
	if (r == 0)
		r = health_set_service(controller->health, record->namespace,
				       record->name, wanted);
	if (r < 0) {
		if (wanted)
			wanted_service_free(wanted);
		return r;
	}
	*ret_wanted = wanted;
	return 0;
}

/* A failure that no module explained. */
static void explain_failure(struct complaints *complaints,
			    const struct service_record *record, int error)
{
	const struct about about = object_about_named(OBJECT_SERVICE, record->namespace,
						      record->name, CAUSE_NOT_APPLIED);

	if (complaints_have_errors(complaints))
		return;
	complain(complaints, COMPLAINT_ERROR, NULL, &about,
		 "not updated, the old state stays in force (%s): it is tried again",
		 strerror(error));
}

static void tell_change(struct controller *controller,
			const struct service_record *record,
			const struct wanted_service *wanted)
{
	const struct about about = object_about_named(OBJECT_SERVICE, record->namespace,
						      record->name, CAUSE_OTHER);
	_cleanup_free_ char *words = NULL;

	if (!controller->changes.is_on)
		return;
	if (service_change(record->wanted, wanted, &words) < 0)
		log_error("%s %s/%s: changed: out of memory", about.word, about.namespace,
			  about.name);
	else if (words)
		changes_tell(&controller->changes, uv_now(&controller->loop), &about,
			     words);
}

/* judged: 0, or why its backends are not judged yet. */
static void reconcile_one(struct controller *controller, const char *key, int judged)
{
	struct service_record *record = take_record(controller, key);
	struct complaints complaints = { 0 };
	struct wanted_service *wanted = NULL;

	if (!record) {
		log_error("Service %s: not updated: out of memory", key);
		return;
	}
	int r =
	    judged < 0 ? judged : put_in_force(controller, record, &complaints, &wanted);

	if (r < 0) {
		explain_failure(&complaints, record, -r);
		controller_failed(controller, &record->retry);
	} else {
		controller_succeeded(&record->retry);
		tell_change(controller, record, wanted);
		if (record->wanted)
			wanted_service_free(record->wanted);
		record->wanted = wanted;
		if (wanted)
			wanted_service_drop_slots(wanted);
	}
	log_once_update(&record->logged, &complaints);
	complaints_clear(&record->complaints);
	record->complaints = complaints;
	if (!record->wanted && !record->complaints.count && !record->retry.failures)
		remove_record(controller, record);
}

static size_t take_dirty(const struct controller *controller, char *ret_keys[TOGETHER])
{
	size_t most = controller->policies.compiler ? TOGETHER : 1, count = 0;

	while (count < most) {
		ret_keys[count] = cluster_take_dirty(controller->cluster);
		if (!ret_keys[count])
			break;
		count++;
	}
	return count;
}

bool reconcile_services(struct controller *controller, uint64_t budget_ns)
{
	uint64_t begun = uv_hrtime();

	for (;;) {
		char *keys[TOGETHER];
		size_t count = take_dirty(controller, keys);
		int judged = policies_judge(controller, keys, count);

		if (!count)
			return false;
		for (size_t i = 0; i < count; i++) {
			reconcile_one(controller, keys[i], judged);
			free(keys[i]);
		}
		if (budget_ns && uv_hrtime() - begun >= budget_ns)
			return true;
	}
}

uint64_t reconcile_retry(struct controller *controller, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	struct service_record *record, *after;

	HASH_ITER (hh, controller->services, record, after) {
		if (!record->retry.failures)
			continue;
		if (record->retry.due_ms > now_ms)
			next_ms = record->retry.due_ms < next_ms ? record->retry.due_ms
								 : next_ms;
		else
			cluster_mark_dirty(controller->cluster, record->namespace,
					   record->name);
	}
	return next_ms;
}

static int add_inside(void *context, const struct object *object)
{
	struct cidr_list *list = context;
	size_t more = object->node.addrs.count;
	struct cidr *items =
	    reallocarray(list->items, list->count + more + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	for (size_t i = 0; i < more; i++)
		items[list->count++] =
		    (struct cidr){ .addr = object->node.addrs.items[i], .bits = 128 };
	return 0;
}

static bool same_inside(const struct cidr_list *a, const struct cidr_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (addr_compare(&a->items[i].addr, &b->items[i].addr) != 0)
			return false;
	}
	return true;
}

void reconcile_inside(struct controller *controller)
{
	struct cidr_list inside = { 0 };
	int r = cluster_each(controller->cluster, OBJECT_NODE, add_inside, &inside);

	if (r == 0 && same_inside(&inside, &controller->inside)) {
		free(inside.items);
		return;
	}
	if (r == 0)
		r = datapath_set_inside(controller->datapath, &inside);
	if (r < 0) {
		log_error("nodes' addresses: not updated, the old ones stay inside the "
			  "cluster: %s",
			  strerror(-r));
		free(inside.items);
		return;
	}
	if (controller->changes.is_on)
		log_info("nodes' addresses inside the cluster: %zu, before: %zu",
			 inside.count, controller->inside.count);
	free(controller->inside.items);
	controller->inside = inside;
}

static int compare_records(const struct service_record *a, const struct service_record *b)
{
	int order = strcmp(a->namespace, b->namespace);

	return order ? order : strcmp(a->name, b->name);
}

void reconcile_sort(struct controller *controller)
{
	if (!controller->services_sorted)
		HASH_SORT(controller->services, compare_records);
	controller->services_sorted = true;
}

void reconcile_clear(struct controller *controller)
{
	struct service_record *record, *after;

	HASH_ITER (hh, controller->services, record, after) {
		remove_record(controller, record);
	}
	free(controller->inside.items);
}
