/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which endpoints take new connections, as a table of cases after kube-proxy's own:
 * topology hints, traffic policies, terminating endpoints. We are node "a" in zone "z1".
 */
#include "objects.h"

#include "../../control/compile/endpoints.h"

enum condition {
	NONE = 0,	 /* no endpoint here */
	READY,		 /* ready, serving */
	UNREADY,	 /* neither */
	DRAINING,	 /* terminating, still serving */
	GONE,		 /* terminating, not serving */
	PUBLISHED,	 /* ready by publishNotReadyAddresses, not serving */
	SERVING_UNREADY, /* serving, not ready, not terminating */
};

struct place_of {
	enum condition condition;
	const char *node;
	const char *zones; /* hints, comma-separated; NULL: none */
	const char *nodes;
};

#define ENDPOINTS_MAX 4

/* Endpoints are named by position: "02" = the first and the third. */
static const struct choice_case {
	const char *name;
	const char *zone; /* of this node */
	struct place_of endpoints[ENDPOINTS_MAX];
	const char *cluster; /* Cluster list */
	const char *local;   /* Local list */
} CASES[] = {
	{ "no endpoint", "z1", { { 0 } }, "", "" },
	{ "all ready ones, local or not",
	  "z1",
	  { { READY, "a", NULL, NULL }, { READY, "b", NULL, NULL } },
	  "01",
	  "0" },
	{ "an endpoint without node is never local",
	  "z1",
	  { { READY, NULL, NULL, NULL } },
	  "0",
	  "" },
	{ "all remote: nothing local",
	  "z1",
	  { { READY, "b", NULL, NULL }, { READY, "c", NULL, NULL } },
	  "01",
	  "" },
	{ "zone hints that name this zone narrow the Cluster list only",
	  "z1",
	  { { READY, "a", "z1", NULL },
	    { READY, "b", "z2", NULL },
	    { READY, "c", "z3", NULL },
	    { READY, "a", "z1", NULL } },
	  "03",
	  "03" },
	{ "the Local list ignores hints",
	  "z1",
	  { { READY, "a", "z2", NULL }, { READY, "b", "z1", NULL } },
	  "1",
	  "0" },
	{ "no hint names this zone: all",
	  "z9",
	  { { READY, "a", "z1", NULL }, { READY, "b", "z2", NULL } },
	  "01",
	  "0" },
	{ "the node has no zone: all",
	  NULL,
	  { { READY, "a", "z1", NULL }, { READY, "b", "z2", NULL } },
	  "01",
	  "0" },
	{ "the node's zone is empty text: all",
	  "",
	  { { READY, "a", "z1", NULL }, { READY, "b", "z2", NULL } },
	  "01",
	  "0" },
	{ "one ready endpoint without hint switches hints off",
	  "z1",
	  { { READY, "a", "z1", NULL },
	    { READY, "b", NULL, NULL },
	    { READY, "c", "z2", NULL } },
	  "012",
	  "0" },
	{ "an unready endpoint without hint does not",
	  "z1",
	  { { READY, "a", "z1", NULL },
	    { UNREADY, "b", NULL, NULL },
	    { READY, "c", "z2", NULL } },
	  "0",
	  "0" },
	{ "only an unready endpoint names this zone: all ready ones",
	  "z1",
	  { { UNREADY, "a", "z1", NULL }, { READY, "b", "z2", NULL } },
	  "1",
	  "" },
	{ "an endpoint may be meant for several zones",
	  "z1",
	  { { READY, "b", "z2,z1", NULL }, { READY, "c", "z2,z3", NULL } },
	  "0",
	  "" },
	{ "node hints come before zone hints",
	  "z1",
	  { { READY, "a", "z1", "a" },
	    { READY, "b", "z1", "b" },
	    { READY, "c", "z2", "c" } },
	  "0",
	  "0" },
	{ "no node hint names this node: the zone decides",
	  "z1",
	  { { READY, "b", "z1", "b" }, { READY, "c", "z2", "c" } },
	  "0",
	  "" },
	{ "one ready endpoint without node hint: the zone decides",
	  "z1",
	  { { READY, "a", "z1", "a" }, { READY, "b", "z1", NULL } },
	  "01",
	  "0" },
	{ "node hints alone, none of them for this node: all",
	  "z1",
	  { { READY, "b", NULL, "b" }, { READY, "c", NULL, "c" } },
	  "01",
	  "" },
	{ "ready ones win over terminating ones",
	  "z1",
	  { { READY, "b", NULL, NULL }, { DRAINING, "a", NULL, NULL } },
	  "0",
	  "1" },
	{ "none ready: those that serve while terminating",
	  "z1",
	  { { DRAINING, "a", NULL, NULL },
	    { DRAINING, "b", NULL, NULL },
	    { UNREADY, "a", NULL, NULL },
	    { GONE, "a", NULL, NULL } },
	  "01",
	  "0" },
	{ "the terminating fallback ignores hints",
	  "z1",
	  { { DRAINING, "a", "z2", "b" }, { DRAINING, "b", "z2", "b" } },
	  "01",
	  "0" },
	{ "a local ready one wins over a local terminating one",
	  "z1",
	  { { READY, "a", NULL, NULL }, { DRAINING, "a", NULL, NULL } },
	  "0",
	  "0" },
	{ "terminating elsewhere only: nothing local",
	  "z1",
	  { { DRAINING, "b", NULL, NULL }, { UNREADY, "a", NULL, NULL } },
	  "0",
	  "" },
	{ "terminating and not serving: never",
	  "z1",
	  { { GONE, "a", NULL, NULL }, { GONE, "b", NULL, NULL } },
	  "",
	  "" },
	{ "publishNotReadyAddresses shows as ready",
	  "z1",
	  { { PUBLISHED, "a", NULL, NULL } },
	  "0",
	  "0" },
	{ "serving is not enough while not terminating",
	  "z1",
	  { { SERVING_UNREADY, "a", NULL, NULL } },
	  "",
	  "" },
};

static void set_condition(struct slice_endpoint *endpoint, enum condition condition)
{
	endpoint->ready = condition == READY || condition == PUBLISHED;
	endpoint->serving =
	    condition == READY || condition == DRAINING || condition == SERVING_UNREADY;
	endpoint->terminating = condition == DRAINING || condition == GONE;
}

static const struct service_port HTTP = {
	.name = (char[]){ "http" },
	.protocol = IPPROTO_TCP,
	.port = 80,
};

static struct endpoint_list collect(const struct cluster *cluster, bool is_v6)
{
	struct endpoint_query query = {
		.cluster = cluster,
		.namespace = TEST_NAMESPACE,
		.service = TEST_SERVICE,
		.port = &HTTP,
		.is_v6 = is_v6,
	};
	struct endpoint_list list;

	assert_int_equal(endpoints_collect(&query, &list), 0);
	return list;
}

static void expect_choice(const struct choice_case *row, const struct endpoint_list *list,
			  bool local)
{
	struct viewpoint viewpoint = { .node_name = "a", .zone = row->zone };
	const char *expected = local ? row->local : row->cluster;
	bool chosen[ENDPOINTS_MAX] = { false };
	char text[ENDPOINTS_MAX + 1] = "";
	size_t count = 0, returned;

	returned = endpoints_choose(list, local, &viewpoint, chosen);
	for (size_t i = 0; i < list->count; i++) {
		if (chosen[i])
			text[count++] = (char)('0' + i);
	}
	if (strcmp(text, expected) != 0 || returned != count)
		fail_msg("%s: %s list is \"%s\", not \"%s\"", row->name,
			 local ? "Local" : "Cluster", text, expected);
}

static void run_case(const struct choice_case *row)
{
	struct cluster *cluster = new_cluster();
	struct object *slice = new_slice("one", TEST_SERVICE, "http", IPPROTO_TCP, 8080);
	struct endpoint_list list;

	for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
		const struct place_of *from = &row->endpoints[i];
		struct slice_endpoint *endpoint;
		char text[ADDR_TEXT];

		if (from->condition == NONE)
			break;
		snprintf(text, sizeof(text), "10.1.0.%zu", i + 1);
		endpoint = add_endpoint(slice, text, from->node);
		set_condition(endpoint, from->condition);
		endpoint->hints = new_hints(from->zones, from->nodes);
	}
	assert_int_equal(cluster_set(cluster, slice), 0);
	list = collect(cluster, false);
	expect_choice(row, &list, false);
	expect_choice(row, &list, true);
	endpoints_clear(&list);
	cluster_free(cluster);
}

static void endpoints_are_chosen_as_kube_proxy_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
		run_case(&CASES[i]);
}

static void endpoints_of_several_slices_are_sorted_and_told_apart_by_port(void **state)
{
	struct cluster *cluster = new_cluster();
	struct object *one = new_slice("one", TEST_SERVICE, "http", IPPROTO_TCP, 8080);
	struct object *two = new_slice("two", TEST_SERVICE, "http", IPPROTO_TCP, 9090);
	struct endpoint_list list;

	(void)state;
	add_endpoint(one, "10.1.0.9", "a");
	add_endpoint(one, "10.1.0.1", "a");
	add_endpoint(two, "10.1.0.1", "b");
	assert_int_equal(cluster_set(cluster, one), 0);
	assert_int_equal(cluster_set(cluster, two), 0);
	list = collect(cluster, false);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.items[0].port, 8080);
	assert_int_equal(list.items[1].port, 9090);
	assert_string_equal(list.items[1].from->node_name, "b");
	assert_int_equal(list.items[2].from->addr.bytes[15], 9);
	endpoints_clear(&list);
	cluster_free(cluster);
}

static void endpoints_duplicates_prefer_the_one_that_does_not_terminate(void **state)
{
	struct cluster *cluster = new_cluster();
	struct object *one = new_slice("one", TEST_SERVICE, "http", IPPROTO_TCP, 8080);
	struct object *two = new_slice("two", TEST_SERVICE, "http", IPPROTO_TCP, 8080);
	struct endpoint_list list;

	(void)state;
	set_condition(add_endpoint(one, "10.1.0.1", "a"), DRAINING);
	set_condition(add_endpoint(one, "10.1.0.2", "a"), UNREADY);
	set_condition(add_endpoint(two, "10.1.0.1", "b"), READY);
	set_condition(add_endpoint(two, "10.1.0.2", "b"), DRAINING);
	assert_int_equal(cluster_set(cluster, one), 0);
	assert_int_equal(cluster_set(cluster, two), 0);
	list = collect(cluster, false);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].from->node_name, "b");
	assert_string_equal(list.items[1].from->node_name, "a");
	endpoints_clear(&list);
	cluster_free(cluster);
}

static void
endpoints_of_other_ports_protocols_services_and_families_are_left_out(void **state)
{
	struct cluster *cluster = new_cluster();
	struct object *slices[] = {
		new_slice("1", TEST_SERVICE, "https", IPPROTO_TCP, 8443),
		new_slice("2", TEST_SERVICE, "http", IPPROTO_UDP, 8080),
		new_slice("3", "wish", "http", IPPROTO_TCP, 8080),
		new_slice("4", TEST_SERVICE, "http", IPPROTO_TCP, 8080),
		new_slice("5", TEST_SERVICE, "http", IPPROTO_TCP, 8080),
		new_slice("6", TEST_SERVICE, "http", IPPROTO_TCP, 8080),
	};
	struct endpoint_list list;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		add_endpoint(slices[i], i == 3 ? "2001:db8::1" : "10.1.0.1", "a");
	add_endpoint(slices[4], "2001:db8::2", "a");
	slices[4]->slice.is_v6 = false; /* says IPv4, holds IPv6 */
	add_endpoint(slices[5], "10.1.0.6", "a");
	slices[5]->slice.skip = true;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(cluster_set(cluster, slices[i]), 0);
	list = collect(cluster, false);
	assert_int_equal(list.count, 0);
	endpoints_clear(&list);
	list = collect(cluster, true);
	assert_int_equal(list.count, 1);
	endpoints_clear(&list);
	cluster_free(cluster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_are_chosen_as_kube_proxy_does),
		cmocka_unit_test(
		    endpoints_of_several_slices_are_sorted_and_told_apart_by_port),
		cmocka_unit_test(
		    endpoints_duplicates_prefer_the_one_that_does_not_terminate),
		cmocka_unit_test(
		    endpoints_of_other_ports_protocols_services_and_families_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
