// SPDX-License-Identifier: BSD-2-Clause
/*
 * An invalid NetworkPolicy fails closed: its last good version stays, and where there is
 * none, it isolates whom it selects.
 */
#include "folder.h"

#include <time.h>

#define HEAD                                                                             \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"                        \
	"metadata: {name: np, namespace: shop}\n"
#define POLICY(spec) HEAD "spec: {" spec "}\n"
/* "bad" is good but for its port. */
#define GOOD "podSelector: {matchLabels: {app: cart}}, ingress: [{ports: [{port: 80}]}]"
#define BAD  "podSelector: {matchLabels: {app: cart}}, ingress: [{ports: [{port: 0}]}]"

static const struct network_policy *policy_of(const struct lab *lab)
{
	const struct object *object =
	    cluster_find(lab->cluster, OBJECT_NETWORK_POLICY, "shop", "np");
	return object ? &object->policy : NULL;
}

static bool is_good(const struct lab *lab)
{
	const struct network_policy *policy = policy_of(lab);
	return policy && !policy->refused && policy->ingress_count == 1;
}

static bool is_refused(const struct lab *lab)
{
	const struct network_policy *policy = policy_of(lab);
	return policy && policy->refused && !policy->ingress_count &&
	       !policy->egress_count;
}

static bool has_complaint(const struct lab *lab, const char *sentence)
{
	const struct complaints *complaints = manifests_complaints(lab->manifests);

	for (size_t i = 0; i < complaints->count; i++)
		if (strstr(complaints->items[i].sentence, sentence))
			return true;
	return false;
}

static void a_refused_policy_isolates_until_it_is_repaired(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", POLICY(BAD));
	open_folder(&lab);
	assert_true(is_refused(&lab));
	assert_int_equal(policy_of(&lab)->subjects.count, 1);
	assert_int_equal(complaint_count(&lab), 2);
	assert_true(has_complaint(&lab, "spec.ingress[0].ports[0].port 0 is not a port: "
					"use 1 to 65535"));
	assert_true(has_complaint(&lab,
				  "has no good version, so the pods that it selects are "
				  "isolated for ingress and nothing is allowed: correct "
				  "or remove it"));
	write_file(&lab, "a.yaml", POLICY(GOOD));
	expect_soon(&lab, is_good(&lab));
	assert_int_equal(complaint_count(&lab), 0);
	close_lab(&lab);
}

static void a_refused_policy_goes_with_its_file_or_its_place_in_it(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", POLICY(BAD));
	open_folder(&lab);
	assert_true(is_refused(&lab));
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	expect_soon(&lab, !policy_of(&lab));
	write_file(&lab, "b.yaml", POLICY(BAD));
	expect_soon(&lab, is_refused(&lab));
	remove_file(&lab, "b.yaml");
	expect_soon(&lab, !policy_of(&lab));
	assert_int_equal(complaint_count(&lab), 0);
	close_lab(&lab);
}

static void a_good_version_stays_in_force(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", POLICY(GOOD));
	open_folder(&lab);
	write_file(&lab, "a.yaml", POLICY(BAD));
	expect_soon(&lab, complaint_count(&lab) == 1);
	assert_true(is_good(&lab));
	write_file(&lab, "a.yaml", POLICY(BAD ", policyTypes: []"));
	turn_for(&lab, 400);
	assert_true(is_good(&lab));
	assert_int_equal(manifests_reload(lab.manifests), 0);
	assert_true(is_good(&lab));
	close_lab(&lab);
}

static void a_refused_policy_follows_its_text(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", POLICY(BAD));
	open_folder(&lab);
	write_file(&lab, "a.yaml", POLICY(BAD ", egress: [{}]"));
	expect_soon(&lab, policy_of(&lab)->has_egress);
	assert_true(is_refused(&lab));
	close_lab(&lab);
}

static void another_files_good_version_comes_first(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", POLICY(BAD));
	write_file(&lab, "b.yaml", POLICY(GOOD));
	open_folder(&lab);
	assert_true(is_good(&lab));
	assert_int_equal(complaint_count(&lab), 1);
	remove_file(&lab, "b.yaml");
	expect_soon(&lab, is_refused(&lab));
	assert_int_equal(complaint_count(&lab), 2);
	write_file(&lab, "b.yaml", POLICY(GOOD));
	expect_soon(&lab, is_good(&lab));
	write_file(&lab, "a.yaml", POLICY(GOOD));
	expect_soon(&lab,
		    complains(&lab, "b.yaml:1:1: NetworkPolicy shop/np: is defined") ||
			complaint_count(&lab) == 1);
	assert_true(is_good(&lab));
	close_lab(&lab);
}

static void a_good_version_beside_a_refused_one_in_a_file_is_in_force(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", POLICY(BAD) "---\n" POLICY(GOOD));
	open_folder(&lab);
	assert_true(is_good(&lab));
	assert_int_equal(complaint_count(&lab), 1);
	close_lab(&lab);
}

/* What cannot be read of a policy without a good version counts as all there is. */
static const struct {
	const char *text;
	size_t requirements;
	bool ingress, egress, audit;
} readable[] = {
	{ POLICY(BAD), 1, true, false, false },
	{ POLICY(BAD ", policyTypes: [Egress]"), 1, false, true, false },
	{ POLICY(BAD ", policyTypes: [Egres]"), 1, true, true, false },
	{ POLICY(BAD ", policyTypes: Egress"), 1, true, true, false },
	{ POLICY(BAD ", egress: {}"), 1, true, true, false },
	{ POLICY("podSelector: {matchLabels: {app: 1, b: c}}"), 0, true, false, false },
	{ POLICY("podSelector: [], policyTypes: [Egress]"), 0, false, true, false },
	{ POLICY(GOOD ", podSelector: {}"), 0, true, true, false },
	{ POLICY(GOOD) "status: !!binary aGk=\n", 0, true, true, false },
	{ HEAD "spec: 1\n", 0, true, false, false },
	{ "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, "
	  "namespace: shop, annotations: {headgate.io/policy-mode: audit}}\n"
	  "spec: {" BAD "}\n",
	  1, true, false, true },
	{ "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, "
	  "namespace: shop, annotations: {headgate.io/policy-mode: on}}\n"
	  "spec: {" GOOD "}\n",
	  1, true, false, false },
};

static void what_cannot_be_read_isolates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
		struct lab lab = { 0 };

		create_folder(&lab);
		write_file(&lab, "a.yaml", readable[i].text);
		open_folder(&lab);
		const struct network_policy *policy = policy_of(&lab);
		assert_true(is_refused(&lab));
		if (policy->subjects.count != readable[i].requirements ||
		    policy->has_egress != readable[i].egress)
			print_error("  %s\n", readable[i].text);
		assert_int_equal(policy->subjects.count, readable[i].requirements);
		assert_int_equal(policy->has_ingress, readable[i].ingress);
		assert_int_equal(policy->has_egress, readable[i].egress);
		assert_int_equal(policy->audit, readable[i].audit);
		assert_int_equal(has_complaint(&lab, "has no good version, so "),
				 !readable[i].audit);
		close_lab(&lab);
	}
}

static void the_sentence_says_who_is_isolated(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml",
		   POLICY("podSelector: 1, policyTypes: [Ingress, Egress]"));
	open_folder(&lab);
	assert_true(has_complaint(&lab,
				  "has no good version, so all pods of its namespace are "
				  "isolated for ingress and egress and nothing is "
				  "allowed: correct or remove it"));
	close_lab(&lab);
}

/*
 * The rule in its plainest form, for files that come, go, break and are mended at random:
 * a file vouches for the policy from its first good version until it holds none any more.
 */
enum content { ABSENT, REFUSED, FINE, CONTENTS };
struct twin {
	enum content content;
	bool vouches;
};
#define FILES 3

static void change_file(const struct lab *lab, struct twin *twin, unsigned index)
{
	static const char *const texts[CONTENTS] = { NULL, POLICY(BAD), POLICY(GOOD) };
	char name[] = "a.yaml";

	name[0] += (char)index;
	if (twin->content != ABSENT)
		remove_file(lab, name);
	twin->content = random() % CONTENTS;
	twin->vouches =
	    twin->content == FINE || (twin->vouches && twin->content == REFUSED);
	if (twin->content != ABSENT)
		write_file(lab, name, texts[twin->content]);
}

static void refused_policies_agree_with_a_naive_twin(void **state)
{
	struct twin twins[FILES] = { 0 };
	struct lab lab = { 0 };
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	create_folder(&lab);
	assert_int_equal(manifests_open(lab.folder, lab.cluster, NULL, count_change, &lab,
					&lab.manifests),
			 0);
	for (int round = 0; round < 1000; round++) {
		bool held = false, good = false;

		for (unsigned i = 0; i < FILES; i++)
			if (random() % 2)
				change_file(&lab, &twins[i], i);
		assert_int_equal(manifests_reload(lab.manifests), 0);
		for (int i = 0; i < FILES; i++) {
			held |= twins[i].content != ABSENT;
			good |= twins[i].vouches;
		}
		assert_int_equal(is_good(&lab), good);
		assert_int_equal(is_refused(&lab), held && !good);
	}
	close_lab(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_policy_isolates_until_it_is_repaired),
		cmocka_unit_test(a_refused_policy_goes_with_its_file_or_its_place_in_it),
		cmocka_unit_test(a_good_version_stays_in_force),
		cmocka_unit_test(a_refused_policy_follows_its_text),
		cmocka_unit_test(another_files_good_version_comes_first),
		cmocka_unit_test(
		    a_good_version_beside_a_refused_one_in_a_file_is_in_force),
		cmocka_unit_test(what_cannot_be_read_isolates),
		cmocka_unit_test(refused_policies_agree_with_a_naive_twin),
		cmocka_unit_test(the_sentence_says_who_is_isolated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
