/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller's answers to the API: serve/api_state.h over the modules. */
#include <errno.h>

#include "../compile/slices.h"
#include "controller_state.h"

static void facts(void *context, struct serve_facts *ret_facts)
{
	const struct controller *controller = context;
	uint64_t now_ms = uv_now(&controller->loop);

	*ret_facts = (struct serve_facts){
		.node_name = controller->options->node_name,
		.manifests = controller->options->manifests,
		.pin_root = controller->options->pin_root,
		.uptime_s = (now_ms - controller->started_ms) / 1000,
		.pods = controller->options->pod_interfaces,
		.checks = health_count(controller->health),
		.now_ms = now_ms,
		.policy_mode = (enum policy_mode)controller->options->policy_mode,
		.policy_keep = controller->options->policy_keep,
		.source_check = controller->options->source_check,
	};
	ret_facts->policies_held = controller->policies.held;
	ret_facts->held_isolated = policies_count_held(controller);
	local_pods_count(controller, &ret_facts->pods_here, &ret_facts->pods_isolated);
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		ret_facts->objects[kind] =
		    cluster_count(controller->cluster, (enum object_kind)kind);
}

static int each_service(void *context,
			int (*visit)(void *visitor, const struct wanted_service *service),
			void *visitor)
{
	struct controller *controller = context;
	int r = 0;

	reconcile_sort(controller);
	for (struct service_record *record = controller->services; record && !r;
	     record = record->hh.next) {
		if (record->wanted)
			r = visit(visitor, record->wanted);
	}
	return r;
}

static const struct wanted_service *find_service(void *context, const char *namespace,
						 const char *name)
{
	struct controller *controller = context;
	struct service_record *record = NULL;
	char key[64 + 254 + 2];
	int length = snprintf(key, sizeof(key), "%s/%s", namespace, name);

	if (length > 0 && (size_t)length < sizeof(key))
		HASH_FIND_STR(controller->services, key, record);
	return record ? record->wanted : NULL;
}

static int each_of(const struct complaints *complaints,
		   int (*visit)(void *visitor, const struct complaint *complaint),
		   void *visitor)
{
	int r = 0;

	for (size_t i = 0; i < complaints->count && !r; i++)
		r = visit(visitor, &complaints->items[i]);
	return r;
}

static int each_orphan(const struct controller *controller,
		       int (*visit)(void *visitor, const struct complaint *complaint),
		       void *visitor)
{
	struct complaints complaints = { 0 };

	slices_complain_of_orphans(controller->cluster, &complaints);
	int r = each_of(&complaints, visit, visitor);

	complaints_clear(&complaints);
	return r;
}

static int each_complaint(void *context,
			  int (*visit)(void *visitor, const struct complaint *complaint),
			  void *visitor)
{
	struct controller *controller = context;
	const struct complaints *lists[] = {
		&controller->startup,
		&controller->missing,
		&controller->routing,
		manifests_complaints(controller->manifests),
		&controller->policies.complaints,
		&controller->pods.complaints,
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists) && !r; i++)
		r = each_of(lists[i], visit, visitor);
	for (struct interface *interface = controller->interfaces; interface && !r;
	     interface = interface->hh.next)
		r = each_of(&interface->complaints, visit, visitor);
	reconcile_sort(controller);
	for (struct service_record *record = controller->services; record && !r;
	     record = record->hh.next)
		r = each_of(&record->complaints, visit, visitor);
	return r ? r : each_orphan(controller, visit, visitor);
}

static int describe_check(void *context, const struct hg_addr *addr, uint16_t port,
			  const struct check_spec *check,
			  struct health_result *ret_result)
{
	const struct controller *controller = context;

	return health_describe(controller->health, addr, port, check, ret_result);
}

static int each_backend(void *context, const char *port_key,
			int (*visit)(void *visitor,
				     const struct datapath_backend_view *view),
			void *visitor)
{
	const struct controller *controller = context;

	return datapath_each_backend(controller->datapath, port_key, visit, visitor);
}

static int each_flow(void *context,
		     int (*visit)(void *visitor, const struct datapath_flow *flow),
		     void *visitor)
{
	const struct controller *controller = context;

	return datapath_each_flow(controller->datapath, visit, visitor);
}

static int delete_flows(void *context,
			bool (*match)(void *visitor, const struct datapath_flow *flow),
			void *visitor)
{
	const struct controller *controller = context;

	return datapath_delete_flows(controller->datapath, match, visitor);
}

static int reasons(void *context, struct datapath_reason *ret_reasons, size_t size)
{
	const struct controller *controller = context;

	return datapath_reasons(controller->datapath, ret_reasons, size);
}

static size_t refusals(void *context, struct api_denial *ret_refusals, size_t size)
{
	return denials_list(context, ret_refusals, size);
}

static size_t usage(void *context, struct datapath_usage *ret_usage, size_t size)
{
	const struct controller *controller = context;

	size_t count = datapath_usage(controller->datapath, ret_usage, size);

	return count + policies_usage(controller, ret_usage + count, size - count);
}

static size_t attachments(void *context, struct datapath_attachment *ret_attachments,
			  size_t size)
{
	const struct controller *controller = context;

	return datapath_attachments(controller->datapath, ret_attachments, size);
}

static void policies(void *context, struct explain_input *ret_input)
{
	const struct controller *controller = context;

	*ret_input = (struct explain_input){
		.cluster = controller->cluster,
		.policy = controller->policies.compiler,
		.lists = { manifests_complaints(controller->manifests),
			   &controller->policies.complaints },
		.mode = (enum policy_mode)controller->options->policy_mode,
		.counters = true,
	};
}

void api_state_fill(struct controller *controller, struct api_state *ret_api)
{
	*ret_api = (struct api_state){
		.context = controller,
		.facts = facts,
		.each_service = each_service,
		.find_service = find_service,
		.each_complaint = each_complaint,
		.describe_check = describe_check,
		.each_backend = each_backend,
		.each_flow = each_flow,
		.delete_flows = delete_flows,
		.reasons = reasons,
		.refusals = refusals,
		.usage = usage,
		.attachments = attachments,
		.policies = policies,
	};
}
