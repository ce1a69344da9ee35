/* SPDX-License-Identifier: BSD-2-Clause */
/* Services applied: the entry to the difference between wanted and in force. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "backends.h"
#include "map_write.h"
#include "plan.h"

static struct applied_service *find_service(const struct datapath *datapath,
					    const char *name)
{
	struct applied_service *service;

	HASH_FIND_STR(datapath->applied, name, service);
	return service;
}

static struct applied_service *create_service(struct datapath *datapath, const char *name)
{
	size_t length = strlen(name);
	struct applied_service *service = calloc(1, sizeof(*service) + length + 1);

	if (!service)
		return NULL;
	memcpy(service->name, name, length + 1);
	HASH_ADD_KEYPTR(hh, datapath->applied, service->name, length, service);
	if (service->hh.tbl)
		return service;
	free(service);
	return NULL;
}

static void free_service(struct datapath *datapath, struct applied_service *service)
{
	HASH_DELETE(hh, datapath->applied, service);
	free(service);
}

static int run(struct plan *plan)
{
	size_t complaints = plan->complaints->count;
	int r = plan_prepare(plan);

	if (r < 0 && plan->complaints->count == complaints)
		complain_map(plan->datapath, plan->complaints, &plan->about, MAP_SERVICES,
			     r);
	if (r < 0)
		plan_cancel(plan);
	else
		r = plan_commit(plan);
	plan_clear(plan);
	return r;
}

int datapath_apply(struct datapath *datapath, const char *namespace, const char *name,
		   const struct wanted_service *wanted, struct complaints *complaints)
{
	_cleanup_free_ char *key = NULL;

	if (asprintf(&key, "%s/%s", namespace, name) < 0) {
		key = NULL;
		return -ENOMEM;
	}
	struct applied_service *service = find_service(datapath, key);
	if (!service && !wanted)
		return 0;
	if (!service)
		service = create_service(datapath, key);
	if (!service)
		return -ENOMEM;
	struct plan plan = { .datapath = datapath,
			     .complaints = complaints,
			     .about = object_about_named(OBJECT_SERVICE, namespace, name,
							 CAUSE_OTHER),
			     .wanted = wanted,
			     .service = service };
	int r = run(&plan);
	if (!service->ports)
		free_service(datapath, service);
	return r;
}
