/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told of policies: counters at their rules, modes, pods of other nodes. */
#include "manifest.h"

#include <errno.h>
#include <netinet/in.h>

#include "../../control/compile/policy_memory.h"
#include "../../control/explain/explain.h"
#include "../../control/lib/cleanup.h"

#define POD(name, node, ip)                                                              \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: " name                              \
	", namespace: shop, labels: {app: " name "}}\n"                                  \
	"spec: {nodeName: " node ", containers: [{name: c}]}\n"                          \
	"status: {phase: Running, podIP: " ip "}\n---\n"
#define POLICY(name, spec)                                                               \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"                        \
	"metadata: {name: " name ", namespace: shop}\nspec: " spec "\n---\n"

static const char world_text[] = POD("web", "here", "10.0.0.1")
    POD("db", "here", "10.0.0.2") POD("far", "there", "10.0.0.3")
	POLICY("db", "{podSelector: {matchLabels: {app: db}}, ingress: "
		     "[{from: [{podSelector: {matchLabels: {app: far}}}]}, "
		     "{from: [{podSelector: {matchLabels: {app: web}}}], "
		     "ports: [{port: 5432}]}]}")
	    POLICY("deny", "{podSelector: {}, policyTypes: [Ingress]}");

struct scene {
	struct cluster *cluster;
	struct policy_memory *memory;
	struct complaints complaints;
	struct explain_input world;
	struct body body;
};

static int keep(void *context, struct object *object)
{
	return cluster_set(context, object);
}

static void open_text(struct scene *scene, enum policy_mode mode, const char *text)
{
	const struct policy_options options = { .node_name = "here", .mode = mode };

	*scene =
	    (struct scene){ .cluster = cluster_new(), .memory = policy_memory_new() };
	assert_non_null(scene->cluster);
	assert_non_null(scene->memory);
	assert_int_equal(manifest_read(text, strlen(text), "world", keep, scene->cluster,
				       &scene->complaints),
			 0);
	assert_int_equal(scene->complaints.count, 0);
	scene->world = (struct explain_input){
		.cluster = scene->cluster,
		.policy = policy_new(&options, &scene->memory->tables),
		.mode = mode,
		.counters = true,
	};
	assert_non_null(scene->world.policy);
	int r = policy_update(scene->world.policy, scene->cluster, &scene->complaints);

	assert_int_equal(r, scene->complaints.count ? -ENOSPC : 0);
	body_begin(&scene->body);
}

static void open_scene(struct scene *scene, enum policy_mode mode)
{
	open_text(scene, mode, world_text);
}

static void close_scene(struct scene *scene)
{
	assert_false(scene->body.lost);
	body_clear(&scene->body);
	policy_free(scene->world.policy);
	policy_memory_free(scene->memory);
	cluster_free(scene->cluster);
	complaints_clear(&scene->complaints);
}

/* As the datapath counts: what decides on a connection to db. */
static void count(const struct scene *scene, const char *from, uint16_t port)
{
	struct policy_question question = { .protocol = IPPROTO_TCP, .port = port };
	const struct hg_policy_set *set;
	struct policy_verdict verdict;
	struct hg_policy_counter *counter;

	assert_int_equal(addr_parse(from, &question.from), 0);
	assert_int_equal(addr_parse("10.0.0.2", &question.to), 0);
	policy_judge_ingress(scene->world.policy, &question, &verdict);
	set = &scene->memory->tables.sets[verdict.set];
	counter = &scene->memory->tables.counters[set->counter_base];
	if (verdict.audit_denied)
		counter += set->bits + 1;
	else
		counter += verdict.outcome == POLICY_DENIED ? set->bits : verdict.bit;
	counter->packets++;
	counter->connections += verdict.outcome == POLICY_ALLOWED;
}

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *found = NULL;

	assert_true(json_object_object_get_ex(object, name, &found));
	return found;
}

static struct json_object *item(struct json_object *object, const char *name, size_t i)
{
	return json_object_array_get_idx(member(object, name), i);
}

static uint64_t number(struct json_object *object, const char *name)
{
	return json_object_get_uint64(member(object, name));
}

static const char *text(struct json_object *object, const char *name)
{
	return json_object_get_string(member(object, name));
}

static void count_some(const struct scene *scene)
{
	count(scene, "10.0.0.3", 1);
	count(scene, "10.0.0.1", 5432);
	count(scene, "10.0.0.1", 5432);
	for (int i = 0; i < 3; i++)
		count(scene, "10.0.0.1", 1);
}

static void counters_stand_at_their_rules(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene, POLICY_ENFORCE);
	count_some(&scene);
	assert_int_equal(explain_policy(&scene.world, "shop", "db", &scene.body), 0);
	struct json_object *policy = member(scene.body.root, "policy");

	assert_int_equal(number(item(policy, "rules", 0), "packets"), 1);
	assert_int_equal(number(item(policy, "rules", 1), "packets"), 2);
	assert_int_equal(number(item(policy, "rules", 1), "connections"), 2);
	assert_int_equal(number(policy, "packets"), 3);
	assert_int_equal(number(policy, "deniedPackets"), 3);
	close_scene(&scene);
}

/* Also at the policy that only isolates. */
static void denials_count_for_all_that_isolate(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene, POLICY_ENFORCE);
	count_some(&scene);
	explain_policies(&scene.world, NULL, &scene.body);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
		    number(item(scene.body.root, "policies", i), "deniedPackets"), 3);
	assert_int_equal(number(item(scene.body.root, "policies", 1), "packets"), 0);
	close_scene(&scene);
}

static void denials_of_audit_stand_apart(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene, POLICY_AUDIT);
	count(&scene, "10.0.0.1", 1);
	assert_int_equal(explain_policy(&scene.world, "shop", "db", &scene.body), 0);
	struct json_object *policy = member(scene.body.root, "policy");

	assert_int_equal(number(policy, "deniedPackets"), 0);
	assert_int_equal(number(policy, "auditDeniedPackets"), 1);
	close_scene(&scene);
}

static const char *outcome(struct scene *scene, const char *to, const char *direction)
{
	const struct explain_question question = { "shop/web", to, "5432/tcp" };

	body_clear(&scene->body);
	body_begin(&scene->body);
	assert_return_code(explain_test(&scene->world, &question, &scene->body), 0);
	return text(member(item(scene->body.root, "paths", 0), direction), "outcome");
}

static void pods_of_other_nodes_are_judged_elsewhere(void **state)
{
	struct hg_addr far;
	struct scene scene;

	(void)state;
	open_scene(&scene, POLICY_ENFORCE);
	assert_string_equal(outcome(&scene, "shop/db", "egress"), "notIsolated");
	assert_string_equal(outcome(&scene, "shop/db", "ingress"), "allowed");
	assert_string_equal(outcome(&scene, "shop/far", "ingress"), "elsewhere");
	assert_int_equal(addr_parse("10.0.0.3", &far), 0);
	assert_int_equal(policy_want(scene.world.policy, &far), 0);
	assert_int_equal(
	    policy_update(scene.world.policy, scene.cluster, &scene.complaints), 0);
	assert_string_equal(outcome(&scene, "shop/far", "ingress"), "denied");
	close_scene(&scene);
}

static void modes_of_the_daemon_hold_for_all(void **state)
{
	static const struct {
		enum policy_mode mode;
		const char *name, *outcome;
	} rows[] = { { POLICY_ENFORCE, "enforce", "allowed" },
		     { POLICY_AUDIT, "audit", "notIsolated" },
		     { POLICY_OFF, "off", "notIsolated" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scene scene;

		open_scene(&scene, rows[i].mode);
		explain_policies(&scene.world, "shop", &scene.body);
		assert_string_equal(text(item(scene.body.root, "policies", 0), "mode"),
				    rows[i].name);
		assert_string_equal(outcome(&scene, "shop/db", "ingress"),
				    rows[i].outcome);
		close_scene(&scene);
	}
}

/* One rule more than there are bits. */
static char *make_crowd(void)
{
	char *crowd = NULL;
	size_t size;
	FILE *out = open_memstream(&crowd, &size);

	assert_non_null(out);
	fputs(POD("web", "here", "10.0.0.1") POD("db", "here", "10.0.0.2"), out);
	fputs("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
	      "metadata: {name: crowd, namespace: shop}\n"
	      "spec:\n  podSelector: {matchLabels: {app: db}}\n  ingress:\n",
	      out);
	for (unsigned i = 0; i <= HG_POLICY_BITS; i++)
		fprintf(out, "  - ports: [{port: %u}]\n", 5432 + i);
	assert_int_equal(fclose(out), 0);
	return crowd;
}

static void rules_that_do_not_fit_are_near(void **state)
{
	_cleanup_free_ char *crowd = make_crowd();
	struct scene scene;

	(void)state;
	open_text(&scene, POLICY_ENFORCE, crowd);
	assert_int_equal(scene.complaints.count, 1);
	assert_string_equal(outcome(&scene, "shop/db", "ingress"), "denied");
	struct json_object *side = member(item(scene.body.root, "paths", 0), "ingress");

	assert_int_equal(json_object_array_length(member(side, "isolatedBy")), 0);
	assert_string_equal(text(item(side, "nearest", 0), "misses"), "room");
	close_scene(&scene);
}

static void what_is_not_there_is_said(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene, POLICY_ENFORCE);
	assert_int_equal(explain_policy(&scene.world, "shop", "web", &scene.body),
			 -ENOENT);
	assert_int_equal(explain_pod(&scene.world, "web", "web", &scene.body), -ENOENT);
	explain_policies(&scene.world, "web", &scene.body);
	assert_int_equal(json_object_array_length(member(scene.body.root, "policies")),
			 0);
	close_scene(&scene);
}

/* However long what was asked for is, the remedy behind it is not cut off. */
static void a_refusal_is_told_whole(void **state)
{
	char from[700];
	const struct explain_question question = { from, "shop/db", "5432/tcp" };
	struct scene scene;

	(void)state;
	memset(from, 'x', sizeof(from) - 1);
	from[sizeof(from) - 1] = '\0';
	open_scene(&scene, POLICY_ENFORCE);
	assert_int_equal(explain_test(&scene.world, &question, &scene.body), -EINVAL);
	assert_non_null(
	    strstr(text(scene.body.root, "error"), "or an IPv4 or IPv6 address"));
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_stand_at_their_rules),
		cmocka_unit_test(denials_count_for_all_that_isolate),
		cmocka_unit_test(denials_of_audit_stand_apart),
		cmocka_unit_test(pods_of_other_nodes_are_judged_elsewhere),
		cmocka_unit_test(modes_of_the_daemon_hold_for_all),
		cmocka_unit_test(rules_that_do_not_fit_are_near),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(a_refusal_is_told_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
