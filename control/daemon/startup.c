/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The modules: opened in an order in which no program sees half of the state, what their
 * events make due, closed in reverse. Each step says itself why it failed.
 *
 *   API socket (is another daemon alive?) → manifests → network → health → datapath →
 *   policies → all Services → what a previous daemon left → interfaces
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller_state.h"
#include "privilege.h"

static void on_manifests(void *context)
{
	struct controller *controller = context;

	log_once_update(&controller->manifest_logged,
			manifests_complaints(controller->manifests));
	orphans_expect(controller);
	controller->due.inside = true;
	controller->due.policies = true;
	controller_schedule(controller);
}

static void on_health(void *context, const char *namespace, const char *service)
{
	struct controller *controller = context;

	cluster_mark_dirty(controller->cluster, namespace, service);
	controller_schedule(controller);
}

static void on_routes(void *context)
{
	struct controller *controller = context;

	controller->due.routes = true;
	controller_schedule(controller);
}

static void on_hop(void *context, uint32_t index, const struct hg_hop *hop)
{
	struct controller *controller = context;

	if (!controller->datapath)
		return; /* all are told when it opens */
	int r = datapath_set_hop(controller->datapath, index, hop);

	if (r < 0)
		log_error("next hop %u: not programmed: %s", index, strerror(-r));
}

static int tell_hop(void *context, uint32_t index, const struct hg_hop *hop)
{
	on_hop(context, index, hop);
	return 0;
}

static int resolve(void *context, const struct hg_addr *addr, uint32_t *ret_hop,
		   uint32_t *ret_pod_ifindex, struct hg_addr *ret_source)
{
	struct controller *controller = context;
	struct network_route route;
	int r = network_find(controller->network, addr, &route);

	if (r < 0)
		return r;
	*ret_hop = route.hop;
	*ret_pod_ifindex = route.pod_ifindex;
	*ret_source = route.source;
	return 0;
}

static void release(void *context, uint32_t hop)
{
	struct controller *controller = context;

	network_release(controller->network, hop);
}

/* First of all: the socket tells whether another daemon lives. */
static int open_api(struct controller *controller)
{
	struct complaints complaints = { 0 };

	api_state_fill(controller, &controller->api);
	int r = serve_open(&controller->loop, controller->options->socket,
			   &controller->api, &complaints, &controller->serve);

	log_once_log(&complaints);
	if (r < 0 && !complaints.count)
		log_failure("the API cannot be served", r);
	complaints_clear(&complaints);
	return r;
}

static int open_manifests(struct controller *controller)
{
	controller->cluster = cluster_new();
	if (!controller->cluster)
		return log_failure("the cluster's objects", -ENOMEM);
	int r = manifests_open(controller->options->manifests, controller->cluster,
			       &controller->loop, on_manifests, controller,
			       &controller->manifests);

	if (r < 0) {
		log_error("--manifests %s cannot be read (%s): give a folder that exists",
			  controller->options->manifests, strerror(-r));
		return r;
	}
	cluster_watch_policies(controller->cluster);
	orphans_expect(controller);
	log_once_update(&controller->manifest_logged,
			manifests_complaints(controller->manifests));
	return 0;
}

static int open_network(struct controller *controller)
{
	const struct network_events events = { .context = controller,
					       .hop = on_hop,
					       .routes = on_routes,
					       .link = interfaces_event };
	int r = network_open(&controller->loop, controller->options->pod_interfaces,
			     &events, &controller->network);

	return r < 0 ? log_failure("the network's state cannot be read", r) : 0;
}

/* Health opens before the datapath does: nothing is in force yet as far as we know. */
static bool is_out(void *context, const struct hg_addr *addr, uint16_t port,
		   uint8_t protocol)
{
	const struct controller *controller = context;

	return controller->datapath &&
	       datapath_is_out(controller->datapath, addr, port, protocol);
}

static int open_health(struct controller *controller)
{
	int r =
	    health_open(&controller->loop, on_health, controller, &controller->health);

	if (r < 0)
		return log_failure("health checks cannot be run", r);
	controller->input = (struct compile_input){
		.cluster = controller->cluster,
		.node_name = controller->options->node_name,
		.cluster_cidr = controller->options->cluster_cidrs.count > 0,
		.seed = controller->options->seed,
		.health = health_state,
		.health_context = controller->health,
		.is_out = is_out,
		.is_out_context = controller,
	};
	return 0;
}

static struct datapath_options datapath_options_of(const struct options *options)
{
	struct datapath_options result = {
		.pin_root = options->pin_root,
		.xdp_mode = (enum xdp_mode)options->xdp_mode,
		.flows = options->flows,
		.half_open = options->half_open,
		.slots = options->slots,
		.backends = options->backends,
		.services = options->services,
		.policy_pods = options->policy_pods,
		.port_first = (uint16_t)options->port_first,
		.port_last = (uint16_t)options->port_last,
		.slot_seed = options->seed,
		.cluster_cidrs = &options->cluster_cidrs,
		.snat_addrs = &options->snat_addrs,
		.answer_neighbours = options->answer_neighbours,
		.pods = options->pod_interfaces,
		.source_check = options->source_check,
	};

	memcpy(result.timeouts_s, options->timeouts_s, sizeof(result.timeouts_s));
	return result;
}

/*
 * The host opens connections to the backends too (health checks): from a port that a flow
 * of ours uses, their replies would be taken for the flow's.
 */
static void warn_of_shared_ports(struct controller *controller)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	const struct options *options = controller->options;
	unsigned first, last;
	bool known = file && fscanf(file, "%u %u", &first, &last) == 2;

	if (file)
		fclose(file);
	if (!known || first > options->port_last || last < options->port_first)
		return;
	complain(&controller->startup, COMPLAINT_WARNING, NULL, NULL,
		 "SNAT ports %u-%u overlap the ports %u-%u of this host's own "
		 "connections, some of which will fail: keep --snat-ports and "
		 "net.ipv4.ip_local_port_range apart",
		 options->port_first, options->port_last, first, last);
}

static int open_datapath(struct controller *controller)
{
	const struct datapath_options options = datapath_options_of(controller->options);
	const struct datapath_resolver resolver = { controller, resolve, release };
	int r = privilege_raise_memlock();

	if (r < 0)
		log_debug("RLIMIT_MEMLOCK is not raised: %s", strerror(-r));
	warn_of_shared_ports(controller);
	r = datapath_open(&options, &resolver, &controller->startup,
			  &controller->datapath);
	log_once_log(&controller->startup);
	if (r < 0 && !complaints_have_errors(&controller->startup))
		log_failure("the datapath cannot be loaded", r);
	if (r < 0)
		return r;
	return network_each_hop(controller->network, tell_hop, controller);
}

/* Before Services, and before interfaces that carried nothing of ours: nothing leaks. */
static int apply_policies(struct controller *controller)
{
	int r = policies_update(controller);

	if (r < 0 && r != -ENOSPC)
		return log_failure("NetworkPolicies cannot be enforced", r);
	r = local_pods_adopt(controller);
	if (r == 0) {
		local_pods_review(controller);
		r = datapath_settle_pods(controller->datapath);
	}
	return r < 0 ? log_failure("which pods are here cannot be told", r) : 0;
}

/* Programs that are attached already see each Service change whole, one by one. */
static int apply_world(struct controller *controller)
{
	struct complaints complaints = { 0 };

	reconcile_inside(controller);
	reconcile_services(controller, 0);
	int r = datapath_settle(controller->datapath, &complaints);

	log_once_log(&complaints);
	if (r < 0 && !complaints.count)
		log_error("what a previous daemon left cannot be removed: %s",
			  strerror(-r));
	complaints_clear(&complaints);
	interfaces_attach(controller);
	return 0;
}

int startup_modules(struct controller *controller)
{
	static int (*const steps[])(struct controller *) = {
		open_api,      open_manifests, open_network, open_health,
		open_datapath, apply_policies, apply_world,
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int r = steps[i](controller);

		if (r < 0)
			return r;
	}
	return 0;
}

void startup_close(struct controller *controller)
{
	serve_close(controller->serve);
	if (controller->manifests)
		manifests_close(controller->manifests);
	if (controller->health)
		health_close(controller->health);
	if (controller->datapath)
		datapath_close(controller->datapath);
	if (controller->network)
		network_close(controller->network);
}

void startup_clear(struct controller *controller)
{
	if (controller->cluster)
		cluster_free(controller->cluster);
	complaints_clear(&controller->startup);
	complaints_clear(&controller->routing);
	log_once_clear(&controller->manifest_logged);
	log_once_clear(&controller->orphan_logged);
	log_once_clear(&controller->routing_logged);
}
