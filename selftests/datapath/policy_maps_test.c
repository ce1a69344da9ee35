// SPDX-License-Identifier: BSD-2-Clause
/*
 * NetworkPolicies compiled into the real, pinned maps, read back as the datapath reads
 * them, and taken over by a second daemon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <headgate/endian.h>
#include "../../control/compile/policy.h"
#include "../../control/source/manifests.h"
#include "applied.h"

#define WEB	"10.1.0.1" /* of shop: may reach CART */
#define CART	"10.1.0.2"
#define CART_V6 "fd00::2"
#define OTHER	"10.1.0.3"
#define OFFICE	"192.0.2.77"	 /* within an ipBlock */
#define LOBBY	"192.0.2.129"	 /* within its except */
#define BRANCH	"2001:db8:1::77" /* within one of IPv6 */
#define NOBODY	"198.51.100.1"

static struct applied applied;
static struct cluster *cluster;
static struct policy *policy;
static struct policy_tables tables;

static struct hg_addr addr(const char *text)
{
	struct hg_addr parsed;

	assert_int_equal(addr_parse(text, &parsed), 0);
	return parsed;
}

/* ---- the cluster ---- */
static int put_object(void *context, struct object *object)
{
	(void)context;
	return cluster_set(cluster, object);
}

static void put(const char *text)
{
	struct complaints complaints = { 0 };

	assert_int_equal(
	    manifest_read(text, strlen(text), "test.yaml", put_object, NULL, &complaints),
	    0);
	assert_int_equal(complaints.count, 0);
}

#define POD(name, app, ips)                                                              \
	"---\napiVersion: v1\nkind: Pod\n"                                               \
	"metadata: {name: " name ", namespace: shop, labels: {app: " app "}}\n"          \
	"spec: {nodeName: node-1}\nstatus: {phase: Running, podIPs: [" ips "]}\n"

static const char pods[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n" POD("web", "web",
								    "{ip: " WEB "}")
	POD("cart", "cart", "{ip: " CART "}, {ip: " CART_V6 "}")
	    POD("other", "other", "{ip: " OTHER "}");

static const char cart_policy[] =
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: cart, namespace: shop}\n"
    "spec:\n"
    "  podSelector: {matchLabels: {app: cart}}\n"
    "  ingress:\n"
    "  - from: [{podSelector: {matchLabels: {app: web}}}]\n"
    "    ports: [{port: 80}]\n"
    "  - from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}},"
    " {ipBlock: {cidr: '2001:db8:1::/48'}}]\n";

/* ---- the maps, as anybody could read them ---- */
static void read_map(const char *name, uint32_t index, void *ret_value)
{
	int fd = applied_map(name);

	assert_int_equal(bpf_map_lookup_elem(fd, &index, ret_value), 0);
	close(fd);
}

static uint32_t read_place(const char *name, uint32_t place)
{
	uint16_t places[4];

	read_map(name, place / 4, places);
	return places[place % 4];
}

static uint32_t state_in_force(void)
{
	struct hg_state state;

	read_map("hg_state", 0, &state);
	return state.policy;
}

/* Index in hg_policy_pods; 0: no pod's address. */
static uint32_t find_pod(const struct hg_addr *address)
{
	uint32_t place = 0;
	struct hg_policy_pod line;
	int fd = applied_map("hg_policy_pods");

	for (uint32_t i = 1; !place && bpf_map_lookup_elem(fd, &i, &line) == 0; i++) {
		if (line.taken && addr_compare(&line.addr, address) == 0)
			place = i;
	}
	close(fd);
	return place;
}

static struct hg_policy_view view_of(uint32_t pod)
{
	struct hg_policy_pod record;

	read_map("hg_policy_pods", pod, &record);
	return record.views[state_in_force() & 1];
}

static uint32_t class_of_v4(const struct hg_addr *address, uint32_t bank)
{
	const uint8_t *bytes = &address->bytes[12];
	uint32_t high = (uint32_t)bytes[0] << 8 | bytes[1];
	uint32_t place = read_place("hg_policy_v4", bank * HG_POLICY_V4_PLACES + high);

	for (unsigned i = 2; i < 4 && place & HG_POLICY_BLOCK; i++)
		place = read_place("hg_policy_v4_blocks",
				   (place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE +
				       bytes[i]);
	return place;
}

static uint32_t class_of_v6(const struct hg_addr *address, uint32_t bank)
{
	struct hg_range_key key = { .prefixlen = 32 + 128,
				    .set = (uint32_t)be32(bank),
				    .addr = *address };
	uint32_t class = 0;
	int fd = applied_map("hg_policy_v6");

	if (bpf_map_lookup_elem(fd, &key, &class) < 0)
		class = 0;
	close(fd);
	return class;
}

static uint32_t class_of(const struct hg_addr *address)
{
	uint32_t pod = find_pod(address), bank = !!(state_in_force() & HG_POLICY_BANK);

	if (pod)
		return view_of(pod).class;
	return addr_is_v4(address) ? class_of_v4(address, bank)
				   : class_of_v6(address, bank);
}

static struct hg_policy_row row_of(uint32_t base, uint32_t count, uint32_t class)
{
	struct hg_policy_row row;
	uint32_t cell = base + (class < count ? class : 0);

	read_map("hg_policy_rows", read_place("hg_policy_cells", cell), &row);
	return row;
}

/* The rule that lets `from` open a TCP connection to CART; -1: none does. */
static int allowed(const char *from, uint16_t port)
{
	uint32_t bank = !!(state_in_force() & HG_POLICY_BANK);
	struct hg_addr source = addr(from);
	struct hg_addr target = addr(addr_is_v4(&source) ? CART : CART_V6);
	struct hg_policy_set set;

	read_map("hg_policy_sets", view_of(find_pod(&target)).ingress, &set);
	assert_int_equal(set.flags, HG_POLICY_ENFORCED);
	struct hg_policy_row peers =
	    row_of(set.peer_base, set.peer_count, class_of(&source));
	struct hg_policy_row ports =
	    row_of(set.port_base, set.port_count,
		   read_place("hg_policy_ports", hg_policy_port_place(bank, 0, port)));

	for (int bit = 0; bit < set.bits; bit++) {
		if (peers.bits[bit / 64] & ports.bits[bit / 64] & 1ULL << (bit % 64))
			return bit;
	}
	return -1;
}

static void assert_policy_is_in_force(void)
{
	assert_true(state_in_force() & HG_POLICY_ON);
	assert_int_equal(allowed(WEB, 80), 0);
	assert_int_equal(allowed(WEB, 81), -1);
	assert_int_equal(allowed(OTHER, 80), -1);
	assert_int_equal(allowed(OFFICE, 81), 1);
	assert_int_equal(allowed(LOBBY, 80), -1);
	assert_int_equal(allowed(NOBODY, 80), -1);
	assert_int_equal(allowed(BRANCH, 80), 1);
	assert_int_equal(allowed("2001:db8:2::1", 80), -1);
}

/* ---- daemons ---- */
static void open_policy(void)
{
	const struct policy_options options = { .node_name = "node-1" };

	applied_open(&applied);
	assert_int_equal(
	    datapath_policy_tables(applied.datapath, &applied.complaints, &tables), 0);
	policy = policy_new(&options, &tables);
	assert_non_null(policy);
}

static void close_policy(void)
{
	policy_free(policy);
	policy = NULL;
	applied_close(&applied);
}

static int update(void)
{
	return policy_update(policy, cluster, &applied.complaints);
}

static int begin(void **state)
{
	(void)state;
	cluster = cluster_new();
	assert_non_null(cluster);
	applied_defaults(&applied);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (policy)
		policy_free(policy);
	policy = NULL;
	applied_end(&applied);
	cluster_free(cluster);
	return 0;
}

/* ---- policies ---- */
static void a_compiled_policy_is_in_the_maps(void **state)
{
	struct hg_addr web = addr(WEB), cart = addr(CART);

	(void)state;
	put(pods);
	put(cart_policy);
	open_policy();
	assert_int_equal(state_in_force(), 0);
	assert_int_equal(update(), 0);
	assert_policy_is_in_force();
	assert_int_equal(view_of(find_pod(&web)).ingress, 0);
	assert_int_equal(view_of(find_pod(&cart)).egress, 0);
	assert_int_equal(policy_find_pod(&tables, &cart), find_pod(&cart));
	struct hg_addr branch = addr(BRANCH);
	uint32_t bank = !!(state_in_force() & HG_POLICY_BANK);
	assert_int_equal(tables.find_prefix(tables.context, bank, &branch),
			 class_of_v6(&branch, bank));
	uint32_t before = state_in_force();
	assert_int_equal(update(), 0);
	assert_int_equal(state_in_force(), before);
}

static void a_removed_policy_isolates_nobody(void **state)
{
	struct hg_addr cart = addr(CART);

	(void)state;
	put(pods);
	put(cart_policy);
	open_policy();
	assert_int_equal(update(), 0);
	cluster_remove(cluster, OBJECT_NETWORK_POLICY, "shop", "cart");
	assert_int_equal(policy_changed(policy, OBJECT_NETWORK_POLICY, "shop", "cart"),
			 0);
	assert_int_equal(update(), 0);
	assert_false(state_in_force() & HG_POLICY_ON);
	assert_int_equal(view_of(find_pod(&cart)).ingress, 0);
}

static void a_second_daemon_takes_the_policy_over(void **state)
{
	struct hg_addr cart = addr(CART);

	(void)state;
	put(pods);
	put(cart_policy);
	open_policy();
	assert_int_equal(update(), 0);
	uint32_t first = state_in_force(), pod = find_pod(&cart);

	close_policy();
	assert_policy_is_in_force();
	open_policy();
	assert_policy_is_in_force();
	assert_int_equal(tables.state, first);
	assert_int_equal(datapath_policy_state(applied.datapath), first);
	assert_int_equal(update(), 0);
	assert_policy_is_in_force();
	assert_int_equal(find_pod(&cart), pod);
	assert_true((state_in_force() ^ first) & HG_POLICY_BANK);
	/* A third meets a pod that is gone: nobody's at once, free with the next change. */
	close_policy();
	cluster_remove(cluster, OBJECT_POD, "shop", "web");
	open_policy();
	assert_int_equal(update(), 0);
	assert_int_equal(allowed(WEB, 80), -1);
	cluster_remove(cluster, OBJECT_POD, "shop", "other");
	assert_int_equal(policy_changed(policy, OBJECT_POD, "shop", "other"), 0);
	assert_int_equal(update(), 0);
	struct hg_addr web = addr(WEB);
	assert_int_equal(find_pod(&web), 0);
}

static void more_pods_than_fit_are_told_with_the_option(void **state)
{
	char text[512];

	(void)state;
	applied.options.policy_pods = 16;
	put(pods);
	for (int i = 10; i < 30; i++) {
		snprintf(text, sizeof(text),
			 "apiVersion: v1\nkind: Pod\n"
			 "metadata: {name: more-%d, namespace: shop}\n"
			 "spec: {nodeName: node-1}\n"
			 "status: {phase: Running, podIPs: [{ip: 10.1.0.%d}]}\n",
			 i, i);
		put(text);
	}
	put(cart_policy);
	open_policy();
	assert_int_equal(update(), -ENOSPC);
	assert_non_null(strstr(applied_sentence(&applied), "--policy-pods"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_compiled_policy_is_in_the_maps),
		TEST(a_removed_policy_isolates_nobody),
		TEST(a_second_daemon_takes_the_policy_over),
		TEST(more_pods_than_fit_are_told_with_the_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
