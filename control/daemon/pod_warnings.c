/* SPDX-License-Identifier: BSD-2-Clause */
/* What is doubtful about this node's pods, though policies are in force: warnings. */
#include "controller_state.h"

void pod_warnings_of_setting(const struct controller *controller,
			     struct complaints *complaints)
{
	const struct options *options = controller->options;
	size_t pods = cluster_count(controller->cluster, OBJECT_POD);
	size_t policies = cluster_count(controller->cluster, OBJECT_NETWORK_POLICY);
	static const struct about about = { .cause = CAUSE_OPEN };

	if (!policies || options->policy_mode == POLICY_OFF)
		return;
	if (!pods)
		complain(complaints, COMPLAINT_WARNING, NULL, &about,
			 "there are NetworkPolicies and no Pods: they concern nobody; "
			 "put the Pods and Namespaces beside them");
	else if (options->pod_interfaces && !controller->pods.local)
		complain(complaints, COMPLAINT_WARNING, NULL, &about,
			 "no Pod is on node %s, so what pods here send and receive "
			 "directly is not judged: give --node-name",
			 options->node_name);
	else if (!options->pod_interfaces && controller->pods.local)
		complain(complaints, COMPLAINT_WARNING, NULL, &about,
			 "Pods of this node are judged only behind Services: give "
			 "--pod-interfaces");
}

void pod_warnings_of_addresses(const struct controller *controller, const char *namespace,
			       const char *name, struct complaints *complaints)
{
	const struct object *pod =
	    cluster_find(controller->cluster, OBJECT_POD, namespace, name);

	for (size_t i = 0; pod && i < pod->pod.ips.count; i++) {
		const struct hg_addr *addr = &pod->pod.ips.items[i];
		const struct object *first =
		    cluster_find_pod_by_addr(controller->cluster, addr);
		const struct about about = object_about(pod, CAUSE_TAKEN);
		char text[ADDR_TEXT];

		if (!first || first == pod)
			continue;
		complain(complaints, COMPLAINT_WARNING, &pod->place, &about,
			 "its address %s is that of Pod %s/%s too, which comes first by "
			 "name: NetworkPolicies mean that one; remove the one that is "
			 "gone, or give it an address of its own",
			 addr_print(addr, text), first->namespace, first->name);
	}
}
