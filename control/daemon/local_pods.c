/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This node's pods and their interfaces. A pod's addresses come from its object, the
 * interface behind which they lie from routes, neighbours and bridges. The datapath needs
 * it to know whom a packet comes from or goes to: by the interface, which cannot be forged.
 *
 * An interface behind which several pods lie says nothing about any: none is told. A pod
 * whose interface is not found any more, because it was silent for long, is still where it
 * was, for as long as the interface exists.
 */
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "controller_state.h"

/* gcc's analyzer loses sight of what a hash table owns; ASan looks for leaks in the tests. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define FAMILIES 2
#define KEY_MOST 512

struct local_pod {
	uint32_t hops[FAMILIES]; /* held, so that its neighbour stays resolved; 0: none */
	uint32_t ifindex;	 /* where it was found last; 0: nowhere */
	UT_hash_handle hh;
	const char *name; /* within key */
	char key[];	  /* "namespace", then at name "name" */
};

struct pod_link {
	uint32_t ifindex;
	unsigned pods; /* found behind it in this review */
	const struct local_pod *first;
	struct datapath_pod pod; /* of the first */
	UT_hash_handle hh;
};

/* ---- which pods ---- */
static bool is_local(const struct controller *controller, const struct object *object)
{
	return object && !object->pod.host_network && !object->pod.terminated &&
	       object->pod.ips.count && object->pod.node_name &&
	       !strcmp(object->pod.node_name, controller->options->node_name);
}

static void release_hops(struct controller *controller, struct local_pod *pod)
{
	for (unsigned family = 0; family < FAMILIES; family++) {
		network_release(controller->network, pod->hops[family]);
		pod->hops[family] = 0;
	}
}

static void remove_pod(struct controller *controller, struct local_pod *pod)
{
	release_hops(controller, pod);
	HASH_DEL(controller->pods.local, pod);
	free(pod);
}

static int add_pod(struct local_pods *pods, const char *key, size_t length, size_t name)
{
	struct local_pod *pod = calloc(1, sizeof(*pod) + length + 1);

	if (!pod)
		return -ENOMEM;
	memcpy(pod->key, key, length);
	pod->name = pod->key + name;
	HASH_ADD_KEYPTR(hh, pods->local, pod->key, length, pod);
	if (pod->hh.tbl)
		return 0;
	free(pod);
	return -ENOMEM;
}

/* ret_key: namespace and name with a NUL between; its length, or 0: longer than names are. */
static size_t write_key(char ret_key[KEY_MOST], const char *namespace, const char *name)
{
	int length = snprintf(ret_key, KEY_MOST, "%s%c%s", namespace, '\0', name);

	return length < 0 || length >= KEY_MOST ? 0 : (size_t)length;
}

int local_pods_note(struct controller *controller, const char *namespace,
		    const char *name)
{
	const struct object *object =
	    cluster_find(controller->cluster, OBJECT_POD, namespace, name);
	struct local_pods *pods = &controller->pods;
	char key[KEY_MOST];
	size_t length = write_key(key, namespace, name);
	struct local_pod *pod;

	HASH_FIND(hh, pods->local, key, length, pod);
	/* Another's address may be a local pod's from now on, or no longer. */
	if (pods->local || is_local(controller, object))
		controller->due.pods = true;
	if (pod && !is_local(controller, object))
		remove_pod(controller, pod);
	if (pod || !length || !is_local(controller, object))
		return 0;
	return add_pod(pods, key, length, strlen(namespace) + 1);
}

/* A previous daemon knew where the pod is. */
static int adopt_pod(void *context, uint32_t ifindex, const struct datapath_pod *told)
{
	struct controller *controller = context;

	for (unsigned family = 0; family < FAMILIES; family++) {
		const struct object *object =
		    cluster_find_pod_by_addr(controller->cluster, &told->addrs[family]);
		char key[KEY_MOST];
		struct local_pod *pod;

		if (!object)
			continue;
		HASH_FIND(hh, controller->pods.local, key,
			  write_key(key, object->namespace, object->name), pod);
		if (pod)
			pod->ifindex = ifindex;
	}
	return 0;
}

int local_pods_adopt(struct controller *controller)
{
	if (!controller->pods.local)
		return 0;
	return datapath_each_pod(controller->datapath, adopt_pod, controller);
}

/* ---- which interface ---- */
static struct pod_link *take_link(struct local_pods *pods, uint32_t ifindex)
{
	struct pod_link *link;

	HASH_FIND(hh, pods->links, &ifindex, sizeof(ifindex), link);
	if (link)
		return link;
	link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	link->ifindex = ifindex;
	HASH_ADD(hh, pods->links, ifindex, sizeof(ifindex), link);
	if (link->hh.tbl)
		return link;
	free(link);
	return NULL;
}

/* The pod's addresses that are no other's. */
static void describe(const struct controller *controller, const struct local_pod *pod,
		     struct datapath_pod *ret_pod)
{
	const struct policy_tables *tables = &controller->policies.tables;
	const struct object *object =
	    cluster_find(controller->cluster, OBJECT_POD, pod->key, pod->name);

	*ret_pod = (struct datapath_pod){ 0 };
	for (size_t i = 0; object && i < object->pod.ips.count; i++) {
		const struct hg_addr *addr = &object->pod.ips.items[i];
		unsigned family = !addr_is_v4(addr);

		if (!addr_is_zero(&ret_pod->addrs[family]) ||
		    cluster_find_pod_by_addr(controller->cluster, addr) != object)
			continue;
		ret_pod->addrs[family] = *addr;
		if (controller->policies.compiler)
			ret_pod->places[family] = policy_find_pod(tables, addr);
	}
}

/* Of the first address that leads to one; the new hops are held before the old ones go. */
static uint32_t find_interface(struct controller *controller, struct local_pod *pod,
			       const struct datapath_pod *described)
{
	struct local_pod old = *pod;
	uint32_t ifindex = 0;

	for (unsigned family = 0; family < FAMILIES; family++) {
		struct network_route route = { 0 };
		int r = -ENOENT;

		if (!addr_is_zero(&described->addrs[family]))
			r = network_find(controller->network, &described->addrs[family],
					 &route);
		pod->hops[family] = r < 0 ? 0 : route.hop;
		if (!ifindex && r == 0)
			ifindex = route.pod_ifindex;
	}
	release_hops(controller, &old);
	return ifindex;
}

static bool is_pod_interface(const struct controller *controller, uint32_t ifindex)
{
	const struct interface *interface;

	HASH_FIND(hh, controller->interfaces, &ifindex, sizeof(ifindex), interface);
	return interface && !interface->is_nic;
}

static int place_pod(struct controller *controller, struct local_pod *pod)
{
	struct datapath_pod described;
	struct pod_link *link;
	uint32_t found;

	describe(controller, pod, &described);
	found = find_interface(controller, pod, &described);
	if (found || !is_pod_interface(controller, pod->ifindex))
		pod->ifindex = found;
	if (!pod->ifindex)
		return 0;
	link = take_link(&controller->pods, pod->ifindex);
	if (!link)
		return -ENOMEM;
	if (link->pods++ == 0) {
		link->first = pod;
		link->pod = described;
	}
	return 0;
}

/* ---- what the datapath is told ---- */
static int tell_link(struct controller *controller, struct pod_link *link,
		     struct complaints *complaints)
{
	static const struct about open = { .cause = CAUSE_OPEN };
	static const struct datapath_pod nobody;
	bool is_one = link->pods == 1;
	int r = datapath_set_pod(controller->datapath, link->ifindex,
				 is_one ? &link->pod : &nobody);

	if (link->pods > 1)
		complain(complaints, COMPLAINT_WARNING, NULL, &open,
			 "%u pods, Pod %s/%s among them, lie behind interface %u: what "
			 "they send and receive directly is not judged; give each an "
			 "interface of its own",
			 link->pods, link->first->key, link->first->name, link->ifindex);
	if (r < 0 && is_one)
		complain(complaints, COMPLAINT_ERROR, NULL, &open,
			 "Pod %s/%s behind interface %u is not known to the datapath "
			 "(%s): what it sends and receives directly is not judged; it is "
			 "tried again",
			 link->first->key, link->first->name, link->ifindex,
			 strerror(-r));
	return r;
}

static int tell_links(struct controller *controller, struct complaints *complaints)
{
	struct pod_link *link, *after;
	int result = 0;

	HASH_ITER (hh, controller->pods.links, link, after) {
		int r = tell_link(controller, link, complaints);

		if (r < 0)
			result = r;
		if (r < 0 || link->pods)
			continue;
		HASH_DEL(controller->pods.links, link);
		free(link);
	}
	return result;
}

/* The datapath asks for links to judge, and to check sources. */
static bool is_asked_for(const struct controller *controller)
{
	return controller->options->pod_interfaces &&
	       (controller->options->source_check || controller->policies.compiler);
}

void local_pods_review(struct controller *controller)
{
	struct local_pods *pods = &controller->pods;
	struct complaints complaints = { 0 };
	struct local_pod *pod, *after;
	int r = 0;

	controller->due.pods = false;
	for (struct pod_link *link = pods->links; link; link = link->hh.next)
		link->pods = 0;
	HASH_ITER (hh, pods->local, pod, after) {
		if (is_asked_for(controller) && r == 0)
			r = place_pod(controller, pod);
		pod_warnings_of_addresses(controller, pod->key, pod->name, &complaints);
	}
	if (r == 0)
		r = tell_links(controller, &complaints);
	if (r < 0 && !complaints_have_errors(&complaints))
		complain(&complaints, COMPLAINT_ERROR, NULL,
			 &(const struct about){ .cause = CAUSE_NOT_APPLIED },
			 "which pod lies behind which interface is not up to date (%s): "
			 "it is tried again",
			 strerror(-r));
	pod_warnings_of_setting(controller, &complaints);
	if (r < 0)
		controller_failed(controller, &pods->retry);
	else
		controller_succeeded(&pods->retry);
	log_once_update(&pods->logged, &complaints);
	complaints_clear(&pods->complaints);
	pods->complaints = complaints;
}

uint64_t local_pods_retry(struct controller *controller, uint64_t now_ms)
{
	const struct retry *retry = &controller->pods.retry;

	if (!retry->failures)
		return UINT64_MAX;
	if (retry->due_ms > now_ms)
		return retry->due_ms;
	controller->due.pods = true;
	return UINT64_MAX;
}

/* Links are not told of places while an earlier daemon's policies are held. */
static uint32_t place_of(const struct controller *controller,
			 const struct datapath_pod *pod, unsigned family)
{
	const struct policies *policies = &controller->policies;

	if (!policies->held || !policies->tables.pods ||
	    addr_is_zero(&pod->addrs[family]))
		return pod->places[family];
	return policy_find_pod(&policies->tables, &pod->addrs[family]);
}

static bool is_isolated(const struct controller *controller,
			const struct datapath_pod *pod)
{
	for (unsigned family = 0; family < FAMILIES; family++) {
		if (policies_isolate(controller, place_of(controller, pod, family)))
			return true;
	}
	return false;
}

void local_pods_count(const struct controller *controller, size_t *ret_here,
		      size_t *ret_isolated)
{
	*ret_here = *ret_isolated = 0;
	for (const struct pod_link *link = controller->pods.links; link;
	     link = link->hh.next) {
		*ret_here += link->pods;
		*ret_isolated += link->pods == 1 && is_isolated(controller, &link->pod);
	}
}

void local_pods_clear(struct controller *controller)
{
	struct local_pods *pods = &controller->pods;
	struct local_pod *pod, *next;
	struct pod_link *link, *after;

	HASH_ITER (hh, pods->local, pod, next) {
		HASH_DEL(pods->local, pod);
		free(pod);
	}
	HASH_ITER (hh, pods->links, link, after) {
		HASH_DEL(pods->links, link);
		free(link);
	}
	complaints_clear(&pods->complaints);
	log_once_clear(&pods->logged);
}
