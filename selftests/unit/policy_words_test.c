/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is shown of a policy besides its verdicts: which version is in force, which numbers
 * named ports are, that audit isolates nobody.
 */
#include "folder.h"

#include "../../control/explain/explain.h"

#define HEAD(name)                                                                       \
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"                   \
	"metadata: {name: " name ", namespace: shop}\n"
#define GOOD   HEAD("np") "spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}\n"
#define BAD    HEAD("np") "spec: {podSelector: {}, ingress: [{ports: [{port: 0}]}]}\n"
#define OTHER  HEAD("other") "spec: {podSelector: {}, ingress: [{ports: [{port: 0}]}]}\n"
#define UNTOLD HEAD("'?'") "spec: {podSelector: {}}\n"

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *found = NULL;

	assert_true(json_object_object_get_ex(object, name, &found));
	return found;
}

static const char *text(struct json_object *object, const char *name)
{
	return json_object_get_string(member(object, name));
}

static struct json_object *item(struct json_object *object, const char *name, size_t i)
{
	return json_object_array_get_idx(member(object, name), i);
}

static size_t length(struct json_object *object, const char *name)
{
	return json_object_array_length(member(object, name));
}

/* ---- versions ---- */
static void expect_version(const struct lab *lab, const struct complaints *compiling,
			   const char *version, const char *because)
{
	const struct explain_input world = {
		.cluster = lab->cluster,
		.lists = { manifests_complaints(lab->manifests), compiling },
	};
	struct body body = { 0 };

	body_begin(&body);
	assert_int_equal(explain_policy(&world, "shop", "np", &body), 0);
	struct json_object *policy = member(body.root, "policy");

	assert_string_equal(text(policy, "inForce"), version);
	assert_int_equal(length(policy, "inForceBecause"), because ? 1 : 0);
	if (because)
		assert_non_null(strstr(
		    json_object_get_string(item(policy, "inForceBecause", 0)), because));
	body_clear(&body);
}

static void policy_says_when_an_older_version_is_in_force(void **state)
{
	static const struct {
		const char *file, *text, *version, *because;
	} ROWS[] = {
		{ "a.yaml", GOOD, "current", NULL },
		{ "a.yaml", BAD, "older", "port 0 is not a port" },
		{ "a.yaml", GOOD, "current", NULL },
		{ "a.yaml", "a: [", "older", "not valid YAML" },
		{ "a.yaml", GOOD UNTOLD, "perhapsOlder", "is not allowed" },
		{ "a.yaml", GOOD OTHER, "current", NULL }, /* another's mistake */
		{ "b.yaml", "a: [", "current", NULL },	   /* another file's */
	};
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", GOOD);
	open_folder(&lab);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		write_file(&lab, ROWS[i].file, ROWS[i].text);
		assert_int_equal(manifests_reload(lab.manifests), 0);
		expect_version(&lab, NULL, ROWS[i].version, ROWS[i].because);
	}
	close_lab(&lab);
}

static void policy_says_when_its_change_could_not_be_applied(void **state)
{
	static const struct {
		enum cause cause;
		enum complaint_level level;
		const char *version;
	} ROWS[] = {
		{ CAUSE_NOT_APPLIED, COMPLAINT_ERROR, "perhapsOlder" },
		{ CAUSE_HELD, COMPLAINT_ERROR, "earlierDaemons" },
		{ CAUSE_NO_ROOM, COMPLAINT_ERROR, "current" },
		{ CAUSE_OPEN, COMPLAINT_WARNING, "current" },
	};
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", GOOD);
	open_folder(&lab);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct complaints compiling = { 0 };
		bool is_current = strcmp(ROWS[i].version, "current") == 0;

		complain(&compiling, ROWS[i].level, NULL,
			 &(struct about){ .cause = ROWS[i].cause }, "a sentence");
		expect_version(&lab, &compiling, ROWS[i].version,
			       is_current ? NULL : "a sentence");
		complaints_clear(&compiling);
	}
	close_lab(&lab);
}

/* ---- named ports, audit ---- */
#define POD(name, ip, ports)                                                             \
	"---\napiVersion: v1\nkind: Pod\n"                                               \
	"metadata: {name: " name ", namespace: shop, labels: {app: " name "}}\n"         \
	"spec: {containers: [{name: c, ports: [" ports "]}]}\n"                          \
	"status: {phase: Running, podIP: " ip "}\n"
#define HTTP(number) "{name: http, containerPort: " number "}"

static const char named_text[] = POD("a", "10.0.0.1", HTTP("8080")) POD(
    "b", "10.0.0.2", HTTP("8081")) POD("c", "10.0.0.3", HTTP("8080"))
    POD("d", "10.0.0.4", "{name: http, protocol: UDP, containerPort: 53}") HEAD(
	"np") "spec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]\n"
	      "  ingress: [{ports: [{port: http}, {port: 80}]}]\n"
	      "  egress: [{to: [{podSelector: {matchLabels: {app: b}}}], "
	      "ports: [{port: http}]}]\n" HEAD(
		  "audited") "spec: {podSelector: {}, ingress: [{ports: [{port: 9}]}]}\n";

static void expect_numbers(struct json_object *rule, const char *numbers)
{
	struct json_object *named = item(rule, "namedPorts", 0);
	char found[256] = "";

	assert_int_equal(length(rule, "namedPorts"), 1);
	assert_string_equal(text(named, "port"), "http/tcp");
	for (size_t i = 0; i < length(named, "numbers"); i++) {
		struct json_object *number = item(named, "numbers", i);
		size_t used = strlen(found);

		used += (size_t)snprintf(found + used, sizeof(found) - used,
					 "%s%s:", i ? " " : "", text(number, "number"));
		for (size_t k = 0; k < length(number, "pods"); k++)
			used += (size_t)snprintf(
			    found + used, sizeof(found) - used, "%s%s", k ? "," : "",
			    json_object_get_string(item(number, "pods", k)));
	}
	assert_string_equal(found, numbers);
}

static void open_named(struct lab *lab)
{
	create_folder(lab);
	write_file(lab, "a.yaml", named_text);
	open_folder(lab);
	assert_int_equal(complaint_count(lab), 0);
}

static void named_ports_are_told_by_number_with_the_pods_that_have_it(void **state)
{
	struct body show = { 0 }, pod = { 0 };
	struct lab lab = { 0 };

	(void)state;
	open_named(&lab);
	const struct explain_input world = { .cluster = lab.cluster };

	body_begin(&show);
	body_begin(&pod);
	assert_int_equal(explain_policy(&world, "shop", "np", &show), 0);
	struct json_object *policy = member(show.root, "policy");

	expect_numbers(item(policy, "rules", 0), "8080:shop/a,shop/c 8081:shop/b");
	expect_numbers(item(policy, "rules", 1), "8081:shop/b");
	/* Of one pod: its own number in, the peers' out. */
	assert_int_equal(explain_pod(&world, "shop", "a", &pod), 0);
	struct json_object *one = member(pod.root, "pod");
	struct json_object *rules = member(one, "ingress");

	assert_false(json_object_object_get_ex(item(rules, "rules", 0), "namedPorts",
					       NULL)); /* of audited: only numbers */
	expect_numbers(item(rules, "rules", 1), "8080:shop/a");
	expect_numbers(item(member(one, "egress"), "rules", 0), "8081:shop/b");
	body_clear(&show);
	body_clear(&pod);
	close_lab(&lab);
}

/* The daemon's mode as well as the policy's own. */
static void rules_of_a_daemon_in_audit_mode_read_as_audit(void **state)
{
	static const struct {
		enum policy_mode mode;
		const char *audit, *isolated, *audited;
	} ROWS[] = { { POLICY_ENFORCE, "false", "true", "false" },
		     { POLICY_AUDIT, "true", "false", "true" },
		     { POLICY_OFF, "false", "false", "false" } };
	struct lab lab = { 0 };

	(void)state;
	open_named(&lab);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct explain_input world = { .cluster = lab.cluster,
						     .mode = ROWS[i].mode };
		struct body body = { 0 };

		body_begin(&body);
		assert_int_equal(explain_pod(&world, "shop", "a", &body), 0);
		struct json_object *ingress = member(member(body.root, "pod"), "ingress");

		assert_string_equal(text(item(ingress, "rules", 0), "audit"),
				    ROWS[i].audit);
		assert_string_equal(text(ingress, "isolated"), ROWS[i].isolated);
		assert_string_equal(text(ingress, "audited"), ROWS[i].audited);
		body_clear(&body);
	}
	close_lab(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_says_when_an_older_version_is_in_force),
		cmocka_unit_test(policy_says_when_its_change_could_not_be_applied),
		cmocka_unit_test(
		    named_ports_are_told_by_number_with_the_pods_that_have_it),
		cmocka_unit_test(rules_of_a_daemon_in_audit_mode_read_as_audit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
