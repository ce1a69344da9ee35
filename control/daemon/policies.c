/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NetworkPolicies: what changes in the cluster goes to the compiler, once per turn of the
 * loop and before Services, so that no pod becomes a backend before it is isolated. The
 * compiler is made, and its maps are mapped, when the first NetworkPolicy is there.
 */
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "controller_state.h"

static int judge_object(void *context, const struct object *service)
{
	_cleanup_free_ char *key = NULL;

	if (asprintf(&key, "%s/%s", service->namespace, service->name) < 0) {
		key = NULL;
		return -ENOMEM;
	}
	return policy_subjects_update(context, key);
}

/* ---- the compiler ---- */
static bool is_needed(const struct controller *controller)
{
	bool wanted = controller->options->policy_mode != POLICY_OFF &&
		      cluster_count(controller->cluster, OBJECT_NETWORK_POLICY);

	return wanted || datapath_policy_state(controller->datapath) & HG_POLICY_ON;
}

/*
 * Does an error leave it open which pods there are, what a whole file says, or which policy
 * it is? A policy that has a name isolates whom it selects, one defined twice is in force.
 */
static bool hides_pods(const struct complaint *complaint)
{
	const struct about *about = &complaint->about;

	if (complaint->level != COMPLAINT_ERROR || about->cause == CAUSE_DUPLICATE)
		return false;
	if (object_about_is(about, OBJECT_NETWORK_POLICY))
		return !about->name;
	return about->kind == ABOUT_FILE || object_about_is(about, OBJECT_POD) ||
	       object_about_is(about, OBJECT_NAMESPACE);
}

/*
 * What an earlier daemon put in force stays so while the manifests that it had read cannot be
 * read again: without them, whom they protected would be open.
 */
static bool must_hold(struct controller *controller, struct complaints *complaints)
{
	const struct complaints *found = manifests_complaints(controller->manifests);
	static const struct about held = { .cause = CAUSE_HELD };
	size_t objects = 0, i = 0;

	if (controller->options->policy_mode == POLICY_OFF ||
	    !(datapath_policy_state(controller->datapath) & HG_POLICY_ON))
		return false;
	for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
		objects += cluster_count(controller->cluster, kind);
	while (i < found->count && !hides_pods(&found->items[i]))
		i++;
	if (i < found->count)
		complain(
		    complaints, COMPLAINT_ERROR, &found->items[i].place, &held,
		    "the NetworkPolicies of the daemon before stay in force, for the "
		    "pods that it knew, because this cannot be read: correct it");
	else if (!objects)
		complain(
		    complaints, COMPLAINT_ERROR, NULL, &held,
		    "the NetworkPolicies of the daemon before stay in force, for the "
		    "pods that it knew, because %s holds no manifest: fill it, or "
		    "run headgated --uninstall",
		    controller->options->manifests);
	if (!complaints->count)
		return false;
	/* To be counted. */
	if (!controller->policies.tables.pods)
		datapath_policy_tables(controller->datapath, complaints,
				       &controller->policies.tables);
	return true;
}

static void discard_compiler(struct policies *policies)
{
	policy_subjects_clear(policies);
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
	else
		denials_begin(controller);
	policies->changed = r == 0;
	return r;
}

/* In the log when it is applied. */
static void note_change(struct controller *controller, enum object_kind kind,
			const char *namespace, const char *name)
{
	const struct about about = object_about_named(kind, namespace, name, CAUSE_OTHER);
	const struct object *object =
	    cluster_find(controller->cluster, kind, namespace, name);
	bool concerns = controller->options->policy_mode != POLICY_OFF &&
			(controller->policies.compiler || kind == OBJECT_NETWORK_POLICY);
	char words[128] = "removed";

	if (object && kind == OBJECT_NETWORK_POLICY)
		snprintf(words, sizeof(words),
			 "in force%s: %zu ingress and %zu egress rules",
			 object->policy.audit	  ? " in audit mode"
			 : object->policy.refused ? ", it is refused and allows nothing"
						  : "",
			 object->policy.ingress_count, object->policy.egress_count);
	else if (object)
		snprintf(words, sizeof(words), "known to NetworkPolicies as it is now");
	if (concerns)
		changes_note(&controller->changes, &about, words);
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
	note_change(controller, kind, namespace, name);
	return r;
}

static int compile(struct controller *controller, struct complaints *complaints)
{
	struct policies *policies = &controller->policies;

	policy_subjects_sweep(controller);
	grace_thread_end(controller);
	int r = policy_update(policies->compiler, controller->cluster, complaints);

	grace_thread_begin(controller);
	/* What does not fit is isolated, and looked at again when something changes. */
	policies->changed = r < 0 && r != -ENOSPC;
	controller->due.pods = true; /* places of addresses may be others */
	if (r == 0 || r == -ENOSPC)
		changes_applied(&controller->changes, uv_now(&controller->loop));
	return r;
}

static void conclude(struct controller *controller, int r, struct complaints *complaints)
{
	struct policies *policies = &controller->policies;

	if (r < 0 && !complaints_have_errors(complaints))
		complain(complaints, COMPLAINT_ERROR, NULL,
			 &(const struct about){ .cause = CAUSE_NOT_APPLIED },
			 "changed NetworkPolicies are not in force, the old ones stay "
			 "(%s): it is tried again",
			 strerror(-r));
	if (r < 0)
		controller_failed(controller, &policies->retry);
	else
		controller_succeeded(&policies->retry);
	log_once_update(&policies->logged, complaints);
	complaints_clear(&policies->complaints);
	policies->complaints = *complaints;
}

int policies_update(struct controller *controller)
{
	struct policies *policies = &controller->policies;
	struct complaints complaints = { 0 };
	bool again = policies->retry.failures;
	int r = cluster_take_changed(controller->cluster, take_change, controller);

	policies->held =
	    r == 0 && !policies->compiler && must_hold(controller, &complaints);
	if (policies->held) {
		conclude(controller, 0, &complaints);
		return 0;
	}
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
		r = policy_subjects_update(controller, keys[i]);
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
	log_once_clear(&policies->logged);
}
