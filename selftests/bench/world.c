// SPDX-License-Identifier: BSD-2-Clause
#include "world.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <headgate/endian.h>
#include <headgate/reasons.h>

#include "../../control/compile/compile.h"
#include "../../control/lib/addr.h"
#include "../../control/source/manifests.h"
#include "stage.h"

#define PIN_ROOT   "/sys/fs/bpf/hgbench-programs"
#define NODES	   250U /* machines that hold the endpoints: next hops */
#define HOP_ROUTER (NODES + 1)
#define HOP_POD	   (NODES + 2)

/* Endpoints live in 10.128.0.0/9 and fd00:b::/64, a /28's worth of room per Service. */
struct hg_addr world_endpoint(const struct world *world, uint32_t service,
			      uint32_t endpoint)
{
	uint32_t number = service * 128 + endpoint + 1;
	struct hg_addr addr = topology_addr(BACKEND_A, world->options.family);

	if (world->options.pods)
		return topology_addr(POD_A, world->options.family);
	if (world->options.family == 4) {
		addr.words[3] = htonl(0x0a800000U + number);
	} else {
		addr.words[1] = htonl(0x000b0000U);
		addr.words[3] = htonl(number);
	}
	return addr;
}

struct hg_addr world_vip(const struct world *world, uint32_t service)
{
	struct hg_addr addr = topology_addr(SERVICE, world->options.family);

	if (world->options.family == 4)
		addr.words[3] = htonl(0x0a600000U + service + 1);
	else
		addr.words[3] = htonl(service + 1);
	return addr;
}

/* 198.51.100.1-126 (or 128-253) with every port; in IPv6 as many addresses. */
struct hg_addr world_client(const struct world *world, uint32_t number, bool high)
{
	struct hg_addr addr = topology_addr(CLIENT, world->options.family);

	if (world->options.guard.peers)
		return guard_peer(world->options.family,
				  number % guard_clients(&world->options.guard));
	addr.bytes[15] = (uint8_t)(number % 126 + (high ? 128 : 1));
	return addr;
}

static int find_hop(void *context, const struct hg_addr *addr, uint32_t *ret_hop,
		    uint32_t *ret_pod_ifindex, struct hg_addr *ret_source)
{
	const struct world *world = context;

	*ret_pod_ifindex = world->options.pods ? topology_ifindex(POD0) : 0;
	*ret_hop = world->options.pods ? HOP_POD : 1 + ntohl(addr->words[3]) % NODES;
	*ret_source = topology_addr(OURS, world->options.family);
	return 0;
}

static void release_hop(void *context, uint32_t hop)
{
	(void)context;
	(void)hop;
}

static void enter_hops(struct world *world)
{
	for (uint32_t index = 1; index <= HOP_ROUTER; index++) {
		struct hg_hop hop = { .ifindex = topology_ifindex(NIC0),
				      .mtu = 1500,
				      .flags = HG_HOP_RESOLVED | HG_HOP_GATEWAY };

		hop.addr = topology_addr(ROUTER, world->options.family);
		if (index != HOP_ROUTER)
			hop.addr.bytes[14] ^= (uint8_t)index;
		topology_mac(ROUTER, hop.dmac);
		topology_link_mac(NIC0, hop.smac);
		if (datapath_set_hop(world->datapath, index, &hop) < 0)
			give_up("a next hop cannot be entered");
	}
}

/* A hop is a pod's when its interface carries our hook. */
static void enter_pod(struct world *world)
{
	const struct hg_hop hop = { .addr = topology_addr(POD_A, world->options.family),
				    .ifindex = topology_ifindex(POD0),
				    .mtu = 1500,
				    .flags = HG_HOP_RESOLVED };

	if (datapath_attach_pod(world->datapath, hop.ifindex, "pod0",
				&world->complaints) < 0 ||
	    datapath_set_hop(world->datapath, HOP_POD, &hop) < 0)
		give_up("the pod's interface cannot be entered");
}

static int enter_object(void *context, struct object *object)
{
	return cluster_set(context, object);
}

static void write_endpoints(FILE *text, const struct world *world, uint32_t service)
{
	char addr[ADDR_TEXT];
	uint32_t count = world->options.pods ? 1 : world->options.endpoints;

	for (uint32_t i = 0; i < count; i++) {
		struct hg_addr endpoint = world_endpoint(world, service, i);

		addr_print(&endpoint, addr);
		fprintf(text, "- addresses: ['%s']\n", addr);
	}
}

static void enter_service(struct world *world, struct cluster *cluster, uint32_t number)
{
	const char *protocol = protocol_print(world->options.protocol);
	struct hg_addr vip = world_vip(world, number);
	char addr[ADDR_TEXT], *manifest = NULL;
	size_t size = 0;
	FILE *text = open_memstream(&manifest, &size);

	if (!text)
		give_up("out of memory");
	addr_print(&vip, addr);
	fprintf(text,
		"apiVersion: v1\nkind: Service\nmetadata: {name: s%u, namespace: b}\n"
		"spec: {clusterIP: '%s', ports: [{port: %u, protocol: %s}]}\n---\n"
		"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
		"metadata: {name: s%u-1, namespace: b,\n"
		"  labels: {kubernetes.io/service-name: s%u}}\n"
		"addressType: IPv%u\nports: [{port: %u, protocol: %s}]\nendpoints:\n",
		number, addr, WORLD_SERVICE_PORT, protocol, number, number,
		world->options.family, WORLD_TARGET_PORT, protocol);
	write_endpoints(text, world, number);
	fclose(text);
	if (manifest_read(manifest, size, "bench", enter_object, cluster,
			  &world->complaints) < 0)
		give_up("a manifest is refused: %s", world->complaints.items[0].sentence);
	free(manifest);
}

static void apply_all(struct world *world, struct cluster *cluster)
{
	struct compile_input input = { .cluster = cluster, .node_name = "a", .seed = 1 };
	char *name;

	for (uint32_t i = 0; i < world->options.services; i++)
		enter_service(world, cluster, i);
	while ((name = cluster_take_dirty(cluster))) {
		struct wanted_service *wanted = NULL;
		const char *service = strchr(name, '/') + 1;

		if (compile_service(&input, "b", service, &world->complaints, &wanted) <
			0 ||
		    datapath_apply(world->datapath, "b", service, wanted,
				   &world->complaints) < 0)
			give_up("Service %s is not applied: %s", name,
				world->complaints.count
				    ? world->complaints.items[0].sentence
				    : "out of memory");
		wanted_service_free(wanted);
		free(name);
	}
}

static int pinned(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PIN_ROOT "/%s", name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		give_up("%s is not pinned: %s", path, strerror(errno));
	return fd;
}

static struct hg_flow *map_lines(const char *name, uint32_t *ret_lines)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = pinned(name);
	void *memory;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		give_up("%s does not tell its size: %s", name, strerror(errno));
	memory = mmap(NULL, info.max_entries * sizeof(struct hg_flow),
		      PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		give_up("%s cannot be mapped: %s", name, strerror(errno));
	close(fd);
	*ret_lines = info.max_entries;
	return memory;
}

static struct hg_state *map_state(void)
{
	int fd = pinned("hg_state");
	void *memory = mmap(NULL, sizeof(struct hg_state), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		give_up("hg_state cannot be mapped: %s", strerror(errno));
	close(fd);
	return memory;
}

static void open_datapath(struct world *world)
{
	const struct world_options *options = &world->options;
	uint32_t records = options->services * options->endpoints + 1024;
	const struct datapath_options datapath = {
		.pin_root = PIN_ROOT,
		.flows = options->flows,
		.slots = options->services * 1300 + 65536,
		.backends = records < 131072 ? 131072 : records,
		.services = 2 * options->services + 1024,
		.port_first = 1024,
		.port_last = 32767,
		.slot_seed = 1,
		.pods = options->pods,
		.timeouts_s = {
			[HG_TIMEOUT_SYN] = 60,
			[HG_TIMEOUT_ESTABLISHED] = 432000,
			[HG_TIMEOUT_FIN] = 120,
			[HG_TIMEOUT_CLOSED] = 120,
			[HG_TIMEOUT_RST] = 10,
			[HG_TIMEOUT_UDP] = 30,
			[HG_TIMEOUT_UDP_STREAM] = 3600,
			[HG_TIMEOUT_SCTP_INIT] = 60,
			[HG_TIMEOUT_SCTP] = 432000,
			[HG_TIMEOUT_SCTP_SHUTDOWN] = 10,
		},
	};
	const struct datapath_resolver resolver = { world, find_hop, release_hop };

	datapath_uninstall(PIN_ROOT, &world->complaints);
	if (datapath_open(&datapath, &resolver, &world->complaints, &world->datapath) < 0)
		give_up("the datapath is not loaded: %s",
			world->complaints.items[0].sentence);
}

void world_open(struct world *world, const struct world_options *options)
{
	struct hg_link link = { .flags = HG_LINK_NIC, .mtu = 1500 };
	struct cluster *cluster = cluster_new();

	*world = (struct world){ .options = *options };
	open_datapath(world);
	topology_link_mac(NIC0, link.mac);
	if (datapath_set_link(world->datapath, topology_ifindex(NIC0), &link) < 0)
		give_up("the NIC cannot be entered");
	if (datapath_set_macs(world->datapath, topology_ifindex(NIC0),
			      (const uint8_t(*)[6])link.mac, 1) < 0)
		give_up("the NIC's address cannot be entered");
	enter_hops(world);
	apply_all(world, cluster);
	world->state = map_state();
	if (options->guard.rules)
		world->guard = guard_open(world, cluster);
	cluster_free(cluster);
	if (options->pods)
		enter_pod(world);
	world->flows = map_lines("hg_flows", &world->lines);
	world->embryos = map_lines("hg_embryos", &world->embryo_lines);
	world->nic = pinned("nic");
	world->pod_out = pinned("pod_out");
}

void world_close(struct world *world)
{
	munmap(world->flows, world->lines * sizeof(*world->flows));
	munmap(world->embryos, world->embryo_lines * sizeof(*world->embryos));
	munmap(world->state, sizeof(*world->state));
	guard_close(world->guard);
	close(world->nic);
	close(world->pod_out);
	datapath_close(world->datapath);
	if (datapath_uninstall(PIN_ROOT, &world->complaints) < 0)
		give_up("%s is not removed: %s", PIN_ROOT,
			world->complaints.items[0].sentence);
	complaints_clear(&world->complaints);
}

uint64_t world_refused(const struct world *world)
{
	struct datapath_reason reasons[HG_REASON_END] = { 0 };
	uint64_t sum = 0;

	if (datapath_reasons(world->datapath, reasons, HG_REASON_END) < 0)
		give_up("the counters of refusals cannot be read");
	for (int i = 0; i < HG_REASON_END; i++)
		sum += reasons[i].packets;
	return sum;
}
