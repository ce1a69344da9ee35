/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NetworkPolicies: what changes in the cluster goes to the compiler, once per turn of the
 * loop and before Services, so that no pod becomes a backend before it is isolated. The
 * compiler is made, and its maps are mapped, when the first NetworkPolicy is there.
 *
 * Whoever is behind a Service is judged here, wherever it runs: only here the client's
 * address is known. An address stays judged for as long as a pod holds it, also when it
 * is no endpoint any more: connections outlive the endpoint.
 */
#include <errno.h>
#include <string.h>

#include "controller_state.h"
#include "lib/cleanup.h"

/* gcc's analyzer loses sight of what a hash table owns; ASan looks for leaks in the tests. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* The endpoints of a Service as the compiler was asked for. */
struct judged_service {
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

static void sweep_lingering(struct controller *controller)
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

static struct judged_service *take_judged(struct policies *policies, const char *key)
{
	size_t length = strlen(key);
	struct judged_service *judged;

	HASH_FIND(hh, policies->judged, key, length, judged);
	if (judged)
		return judged;
	judged = calloc(1, sizeof(*judged) + length + 1);
	if (!judged)
		return NULL;
	memcpy(judged->key, key, length + 1);
	HASH_ADD_KEYPTR(hh, policies->judged, judged->key, length, judged);
	if (judged->hh.tbl)
		return judged;
	free(judged);
	return NULL;
}

static bool same_list(const struct addr_list *a, const struct addr_list *b)
{
	return a->count == b->count &&
	       (!a->count || !memcmp(a->items, b->items, a->count * sizeof(*a->items)));
}

static void forget_judged(struct policies *policies, struct judged_service *judged)
{
	HASH_DEL(policies->judged, judged);
	free(judged->addrs.items);
	free(judged);
}

/* Ask for the endpoints that the Service has now, then give back those it had. */
static int judge_service(struct controller *controller, const char *key)
{
	struct policies *policies = &controller->policies;
	struct judged_service *judged;
	struct addr_list fresh = { 0 };
	int r = list_endpoints(controller, key, &fresh);

	if (r < 0)
		return r;
	judged = take_judged(policies, key);
	if (!judged)
		r = -ENOMEM;
	else if (!same_list(&judged->addrs, &fresh))
		r = want_all(policies->compiler, &fresh);
	if (r < 0 || same_list(&judged->addrs, &fresh)) {
		free(fresh.items);
	} else {
		leave_all(controller, &judged->addrs);
		judged->addrs = fresh;
		policies->changed = true;
	}
	if (judged && !judged->addrs.count)
		forget_judged(policies, judged);
	return r;
}

static int judge_object(void *context, const struct object *service)
{
	_cleanup_free_ char *key = NULL;

	if (asprintf(&key, "%s/%s", service->namespace, service->name) < 0) {
		key = NULL;
		return -ENOMEM;
	}
	return judge_service(context, key);
}

/* ---- the compiler ---- */
static bool is_needed(const struct controller *controller)
{
	bool wanted = controller->options->policy_mode != POLICY_OFF &&
		      cluster_count(controller->cluster, OBJECT_NETWORK_POLICY);

	return wanted || datapath_policy_state(controller->datapath) & HG_POLICY_ON;
}

static void discard_compiler(struct policies *policies)
{
	struct judged_service *judged, *next;
	struct lingering *lingering, *after;

	HASH_ITER (hh, policies->judged, judged, next) {
		forget_judged(policies, judged);
	}
	HASH_ITER (hh, policies->lingering, lingering, after) {
		HASH_DEL(policies->lingering, lingering);
		free(lingering);
	}
	if (policies->compiler)
		policy_free(policies->compiler);
	policies->compiler = NULL;
}

static int make_compiler(struct controller *controller, struct complaints *complaints)
{
	struct policies *policies = &controller->policies;
	const struct policy_options options = {
		.node_name = controller->options->node_name,
		.mode = (enum policy_mode)controller->options->policy_mode,
		.keep_established = controller->options->policy_keep,
	};
	int r =
	    datapath_policy_tables(controller->datapath, complaints, &policies->tables);

	if (r < 0)
		return r;
	policies->compiler = policy_new(&options, &policies->tables);
	r = policies->compiler ? cluster_each(controller->cluster, OBJECT_SERVICE,
					      judge_object, controller)
			       : -ENOMEM;
	if (r < 0)
		discard_compiler(policies);
	policies->changed = r == 0;
	return r;
}

static int take_change(void *context, enum object_kind kind, const char *namespace,
		       const char *name)
{
	struct controller *controller = context;
	struct policies *policies = &controller->policies;
	int r = 0;

	if (kind == OBJECT_POD)
		r = local_pods_note(controller, namespace, name);
	if (r == 0 && policies->compiler) {
		r = policy_changed(policies->compiler, kind, namespace, name);
		policies->changed = true;
	}
	return r;
}

static int compile(struct controller *controller, struct complaints *complaints)
{
	struct policies *policies = &controller->policies;

	sweep_lingering(controller);
	int r = policy_update(policies->compiler, controller->cluster, complaints);

	/* What does not fit is isolated, and looked at again when something changes. */
	policies->changed = r < 0 && r != -ENOSPC;
	controller->due.pods = true; /* places of addresses may be others */
	log_debug("NetworkPolicies: %s", r < 0 ? strerror(-r) : "in force");
	return r;
}

static void conclude(struct controller *controller, int r, struct complaints *complaints)
{
	struct policies *policies = &controller->policies;

	if (r < 0 && !complaints_have_errors(complaints))
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "changed NetworkPolicies are not in force, the old ones stay "
			 "(%s): it is tried again",
			 strerror(-r));
	if (r < 0)
		controller_failed(controller, &policies->retry);
	else
		controller_succeeded(&policies->retry);
	notices_update(&policies->notices, complaints);
	complaints_clear(&policies->complaints);
	policies->complaints = *complaints;
}

int policies_update(struct controller *controller)
{
	struct policies *policies = &controller->policies;
	struct complaints complaints = { 0 };
	bool again = policies->retry.failures;
	int r = cluster_take_changed(controller->cluster, take_change, controller);

	if (r == 0 && !policies->compiler && is_needed(controller))
		r = make_compiler(controller, &complaints);
	if (r == 0 && !policies->changed && !again)
		return 0;
	if (r == 0 && policies->compiler)
		r = compile(controller, &complaints);
	conclude(controller, r, &complaints);
	return r;
}

int policies_judge(struct controller *controller, char *const *keys, size_t count)
{
	int r = 0;

	if (!controller->policies.compiler)
		return 0;
	for (size_t i = 0; i < count && r == 0; i++)
		r = judge_service(controller, keys[i]);
	if (r == 0 && controller->policies.changed)
		r = policies_update(controller);
	return r == -ENOSPC ? 0 : r;
}

uint64_t policies_retry(struct controller *controller, uint64_t now_ms)
{
	const struct retry *retry = &controller->policies.retry;

	if (!retry->failures)
		return UINT64_MAX;
	if (retry->due_ms > now_ms)
		return retry->due_ms;
	controller->due.policies = true;
	return UINT64_MAX;
}

size_t policies_usage(const struct controller *controller,
		      struct datapath_usage *ret_usage, size_t size)
{
	const struct policy_tables *tables = &controller->policies.tables;
	struct policy_usage used;

	if (!controller->policies.compiler)
		return 0;
	policy_usage(controller->policies.compiler, &used);
	const struct datapath_usage rows[] = {
		{ "hg_policy_rows", used.rows, tables->row_count,
		  tables->row_count * sizeof(*tables->rows) },
		{ "hg_policy_cells", used.cells, tables->cell_count,
		  tables->cell_count * sizeof(*tables->cells) },
		{ "hg_policy_sets", used.sets, tables->set_count,
		  tables->set_count * sizeof(*tables->sets) },
		{ "hg_policy_pods", used.pods, used.pod_limit,
		  tables->pod_count * sizeof(*tables->pods) },
		{ "hg_policy_v4_blocks", used.blocks, tables->block_count,
		  (uint64_t)tables->block_count * HG_POLICY_BLOCK_SIZE *
		      sizeof(*tables->v4_blocks) },
		{ "hg_policy_counters", used.counters, tables->counter_count,
		  tables->counter_count * sizeof(*tables->counters) },
	};
	size_t count = sizeof(rows) / sizeof(*rows);

	count = count < size ? count : size;
	memcpy(ret_usage, rows, count * sizeof(*rows));
	return count;
}

void policies_clear(struct controller *controller)
{
	struct policies *policies = &controller->policies;

	discard_compiler(policies);
	complaints_clear(&policies->complaints);
	notices_clear(&policies->notices);
}
