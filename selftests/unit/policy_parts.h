/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller's parts for policies and pods, without privileges: real objects;
 * compiler, datapath and network are made up here and may be told to fail. Part of one
 * test's program each.
 */
#ifndef UNIT_POLICY_PARTS_H
#define UNIT_POLICY_PARTS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../control/daemon/controller_state.h"

#define MOST	16
#define MADE_UP 77

/* ---- what was done to the made-up modules ---- */
struct address_count {
	struct hg_addr addr;
	int count;
};

static struct {
	unsigned made, freed, updates, changes, failed, releases, finds;
	struct complaints manifests;
	unsigned unsettled, settled, waits;
	struct hg_policy_counter refused; /* packets: so many */
	struct datapath_refusal last;	  /* the newest */
	const char *isolating;		  /* by the set of counter 1 */
	struct address_count wanted[MOST];
	struct datapath_pod pods[MOST]; /* by interface */
	uint32_t behind[MOST];		/* interface of 10.1.0.N */
	int tables_error, want_error, update_error, set_error;
	bool is_on;
	struct hg_policy_pod lines[MADE_UP + 200]; /* of the maps: place 100 + N */
	struct hg_policy_set sets[3];		   /* 1: enforced, 2: audited */
} seen;

struct policy {
	int unused;
};
static struct policy compiler;

const struct complaints *manifests_complaints(const struct manifests *manifests)
{
	(void)manifests;
	return &seen.manifests;
}

uint32_t datapath_policy_state(const struct datapath *datapath)
{
	(void)datapath;
	return seen.is_on ? HG_POLICY_ON : 0;
}

uint32_t policy_find_pod(const struct policy_tables *tables, const struct hg_addr *addr)
{
	assert_int_equal(tables->pod_count, MADE_UP);
	return 100U + addr->bytes[15];
}

int datapath_policy_tables(struct datapath *datapath, struct complaints *complaints,
			   struct policy_tables *ret_tables)
{
	(void)datapath;
	(void)complaints;
	if (seen.tables_error)
		return seen.tables_error;
	seen.sets[1].flags = HG_POLICY_ENFORCED;
	seen.sets[2].flags = HG_POLICY_AUDITED;
	*ret_tables = (struct policy_tables){ .pod_count = MADE_UP,
					      .pods = seen.lines,
					      .sets = seen.sets,
					      .set_count = 3,
					      .counters = &seen.refused };
	return 0;
}

struct policy *policy_new(const struct policy_options *options,
			  const struct policy_tables *tables)
{
	assert_string_equal(options->node_name, "node-1");
	assert_int_equal(tables->pod_count, MADE_UP);
	seen.made++;
	return &compiler;
}

void policy_free(struct policy *policy)
{
	assert_ptr_equal(policy, &compiler);
	seen.freed++;
}

static int *count_of(const struct hg_addr *addr)
{
	for (size_t i = 0; i < MOST; i++) {
		struct address_count *entry = &seen.wanted[i];

		if (addr_is_zero(&entry->addr))
			entry->addr = *addr;
		if (addr_compare(&entry->addr, addr) == 0)
			return &entry->count;
	}
	fail_msg("too many addresses");
	return NULL;
}

int policy_want(struct policy *policy, const struct hg_addr *addr)
{
	assert_ptr_equal(policy, &compiler);
	if (seen.want_error && addr->bytes[15] == 2)
		return seen.want_error;
	++*count_of(addr);
	return 0;
}

void policy_unwant(struct policy *policy, const struct hg_addr *addr)
{
	assert_ptr_equal(policy, &compiler);
	assert_true(--*count_of(addr) >= 0);
}

int policy_changed(struct policy *policy, enum object_kind kind, const char *namespace,
		   const char *name)
{
	assert_ptr_equal(policy, &compiler);
	assert_true(kind == OBJECT_POD || kind == OBJECT_NETWORK_POLICY);
	assert_non_null(namespace);
	assert_non_null(name);
	seen.changes++;
	return 0;
}

int policy_update(struct policy *policy, const struct cluster *cluster,
		  struct complaints *complaints)
{
	assert_ptr_equal(policy, &compiler);
	assert_non_null(cluster);
	if (seen.update_error == -ENOSPC)
		complain(complaints, COMPLAINT_ERROR, NULL,
			 &(struct about){ .cause = CAUSE_NO_ROOM }, "does not fit");
	seen.updates++;
	return seen.update_error;
}

uint32_t policy_set_of_counter(const struct policy *policy, uint32_t counter)
{
	assert_ptr_equal(policy, &compiler);
	return counter == 1;
}

int policy_each_isolating(const struct policy *policy, uint32_t set,
			  int (*visit)(void *context, const struct policy_rule *rule),
			  void *context)
{
	const struct policy_rule enforced = { "shop", seen.isolating, .is_egress = true };
	const struct policy_rule audited = { "shop", "audited", .audit = true };

	assert_ptr_equal(policy, &compiler);
	if (!set || !seen.isolating)
		return 0;
	return visit(context, &enforced) ?: visit(context, &audited);
}

size_t datapath_refusals(const struct datapath *datapath, struct datapath_refusal *ret,
			 size_t size)
{
	(void)datapath;
	assert_true(size > 0);
	ret[0] = seen.last;
	return seen.refused.packets > 0;
}

bool policy_is_unsettled(const struct policy *policy)
{
	assert_ptr_equal(policy, &compiler);
	return seen.unsettled;
}

void policy_settle(struct policy *policy)
{
	assert_ptr_equal(policy, &compiler);
	assert_true(seen.unsettled > 0);
	seen.unsettled--;
	seen.settled++;
}

void datapath_wait_for_readers(void)
{
	__atomic_fetch_add(&seen.waits, 1, __ATOMIC_RELAXED);
}

void policy_usage(const struct policy *policy, struct policy_usage *ret_usage)
{
	assert_ptr_equal(policy, &compiler);
	*ret_usage = (struct policy_usage){ .sets = 3 };
}

int datapath_set_pod(struct datapath *datapath, uint32_t ifindex,
		     const struct datapath_pod *pod)
{
	(void)datapath;
	assert_in_range(ifindex, 1, MOST - 1);
	if (seen.set_error)
		return seen.set_error;
	seen.pods[ifindex] = *pod;
	return 0;
}

int datapath_each_pod(struct datapath *datapath,
		      int (*visit)(void *context, uint32_t ifindex,
				   const struct datapath_pod *pod),
		      void *context)
{
	int r = 0;

	(void)datapath;
	for (uint32_t i = 1; i < MOST && r == 0; i++) {
		if (!addr_is_zero(&seen.pods[i].addrs[0]))
			r = visit(context, i, &seen.pods[i]);
	}
	return r;
}

int network_find(struct network *network, const struct hg_addr *addr,
		 struct network_route *ret_route)
{
	(void)network;
	seen.finds++;
	*ret_route =
	    (struct network_route){ .hop = addr->bytes[15],
				    .pod_ifindex = seen.behind[addr->bytes[15]] };
	return 0;
}

void network_release(struct network *network, uint32_t hop)
{
	(void)network;
	seen.releases += hop > 0;
}

void controller_failed(struct controller *controller, struct retry *retry)
{
	(void)controller;
	seen.failed++;
	retry->failures++;
	retry->due_ms = 1000;
}

void controller_succeeded(struct retry *retry)
{
	*retry = (struct retry){ 0 };
}

/* ---- the controller under test ---- */
static struct controller controller;
static struct options options;
static char node[] = "node-1", pattern[] = "veth*";

static int open_controller(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	options = (struct options){ .node_name = node,
				    .pod_interfaces = pattern,
				    .source_check = true };
	controller = (struct controller){ .options = &options, .handles_open = true };
	assert_int_equal(uv_loop_init(&controller.loop), 0);
	assert_int_equal(grace_thread_open(&controller), 0);
	controller.cluster = cluster_new();
	cluster_watch_policies(controller.cluster);
	controller.datapath = (struct datapath *)&seen; /* never looked into */
	return controller.cluster ? 0 : -1;
}

static int close_controller(void **state)
{
	(void)state;
	grace_thread_close(&controller);
	denials_clear(&controller);
	policies_clear(&controller);
	changes_clear(&controller.changes);
	local_pods_clear(&controller);
	uv_run(&controller.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&controller.loop), 0);
	cluster_free(controller.cluster);
	return 0;
}

static int put_object(void *context, struct object *object)
{
	(void)context;
	return cluster_set(controller.cluster, object);
}

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *format, ...)
{
	struct complaints complaints = { 0 };
	char text[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	assert_int_equal(
	    manifest_read(text, strlen(text), "test.yaml", put_object, NULL, &complaints),
	    0);
	assert_int_equal(complaints.count, 0);
}

static void put_pod(const char *name, const char *on, unsigned last)
{
	put("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: shop}\n"
	    "spec: {nodeName: %s}\n"
	    "status: {phase: Running, podIP: 10.1.0.%u, podIPs: [{ip: 10.1.0.%u}]}\n",
	    name, on, last, last);
}

static void put_policy(void)
{
	put("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
	    "metadata: {name: deny, namespace: shop}\nspec: {podSelector: {}}\n");
}

#endif
