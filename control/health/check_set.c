/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks belong to all Services that use them and go with the last one. A replacement
 * first makes everything that may fail (uses, checks, room in the schedule), then links
 * the new uses, then drops the old ones: a check wanted before and after never loses its
 * last user, so it keeps its verdict and its place in the schedule.
 */
#include "check_set.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>
#include "../lib/cleanup.h"

static struct check_service *create_service(const char *namespace, const char *name)
{
	size_t ns_size = strlen(namespace) + 1, name_size = strlen(name) + 1;
	/* title, namespace and name, one after the other */
	struct check_service *service =
	    calloc(1, sizeof(*service) + 2 * (ns_size + name_size));

	if (!service)
		return NULL;
	snprintf(service->title, ns_size + name_size, "%s/%s", namespace, name);
	service->namespace = service->title + ns_size + name_size;
	memcpy(service->namespace, namespace, ns_size);
	service->name = service->namespace + ns_size;
	memcpy(service->name, name, name_size);
	return service;
}

static void drop_check(struct check_set *set, struct check *check)
{
	if (check->phase != CHECK_NEW)
		set->dismiss(set->context, check);
	check_erase(&set->checks, check);
	check_free(check);
}

static void drop_uses(struct check_set *set, struct check_use *uses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct check *check = uses[i].check;

		DL_DELETE(check->uses, &uses[i]);
		if (!check->uses)
			drop_check(set, check);
	}
	free(uses);
}

static void drop_service(struct check_set *set, struct check_service *service)
{
	drop_uses(set, service->uses, service->use_count);
	HASH_DEL(set->services, service);
	if (service->dirty)
		DL_DELETE(set->dirty, service);
	service->gone = true;
	if (!service->pinned)
		free(service);
}

/* A use of the check with this target, which is made if need be. 0 or -ENOMEM. */
static int make_use(struct check_set *set, const struct probe_target *target,
		    struct check_use *use)
{
	struct check *check = check_find(set->checks, target);
	int r;

	if (!check) {
		check = check_create(target);
		if (!check)
			return -ENOMEM;
		r = check_insert(&set->checks, check);
		if (r < 0) {
			check_free(check);
			return r;
		}
	}
	use->check = check;
	DL_APPEND(check->uses, use);
	return 0;
}

/* All uses of wanted, linked to their checks, or -ENOMEM and nothing of it. */
static int make_uses(struct check_set *set, const struct wanted_service *wanted,
		     struct check_use **ret_uses)
{
	struct probe_target target = { .spec = wanted->check };
	struct check_use *uses = calloc(wanted->check_count, sizeof(*uses));
	int r = uses ? 0 : -ENOMEM;
	size_t made = 0;

	for (; r == 0 && made < wanted->check_count; made++) {
		target.addr = wanted->checks[made].addr;
		target.port = wanted->checks[made].port;
		r = make_use(set, &target, &uses[made]);
		if (r < 0)
			break;
	}
	if (r == 0)
		r = schedule_reserve(&set->schedule, HASH_COUNT(set->checks));
	if (r < 0) {
		drop_uses(set, uses, made);
		return r;
	}
	*ret_uses = uses;
	return 0;
}

static void put_uses(struct check_set *set, struct check_service *service,
		     struct check_use *uses, size_t count)
{
	struct check_use *old = service->uses;
	size_t old_count = service->use_count;

	service->uses = uses;
	service->use_count = count;
	for (size_t i = 0; i < count; i++) {
		uses[i].service = service;
		if (uses[i].check->phase == CHECK_NEW)
			set->admit(set->context, uses[i].check);
	}
	drop_uses(set, old, old_count);
}

int check_set_replace(struct check_set *set, const char *namespace, const char *name,
		      const struct wanted_service *wanted)
{
	_cleanup_free_ struct check_service *fresh = create_service(namespace, name);
	struct check_service *service;
	struct check_use *uses;
	int r;

	if (!fresh)
		return -ENOMEM;
	HASH_FIND_STR(set->services, fresh->title, service);
	if (!wanted || wanted->check.type == CHECK_NONE || !wanted->check_count) {
		if (service)
			drop_service(set, service);
		return 0;
	}
	r = make_uses(set, wanted, &uses);
	if (r < 0)
		return r;
	if (!service) {
		HASH_ADD_STR(set->services, title, fresh);
		if (!set->services || !fresh->hh.tbl) {
			drop_uses(set, uses, wanted->check_count);
			return -ENOMEM;
		}
		service = TAKE_PTR(fresh);
	}
	put_uses(set, service, uses, wanted->check_count);
	return 0;
}

struct check *check_set_find(const struct check_set *set, const struct hg_addr *addr,
			     uint16_t port, const struct check_spec *spec)
{
	const struct probe_target target = { .addr = *addr, .port = port, .spec = *spec };

	return check_find(set->checks, &target);
}

size_t check_set_count(const struct check_set *set)
{
	return HASH_COUNT(set->checks);
}

void check_set_mark(struct check_set *set, const struct check *check)
{
	struct check_use *use;

	DL_FOREACH (check->uses, use) {
		if (use->service->dirty)
			continue;
		use->service->dirty = true;
		DL_APPEND(set->dirty, use->service);
	}
}

void check_set_tell(struct check_set *set,
		    void (*told)(void *context, const char *namespace, const char *name),
		    void *context)
{
	while (set->dirty) {
		struct check_service *service = set->dirty;

		DL_DELETE(set->dirty, service);
		service->dirty = false;
		service->pinned = true;
		told(context, service->namespace, service->name);
		service->pinned = false;
		if (service->gone)
			free(service);
	}
}

void check_set_clear(struct check_set *set)
{
	struct check_service *service, *following;

	HASH_ITER (hh, set->services, service, following) {
		drop_service(set, service);
	}
	schedule_free(&set->schedule);
}
