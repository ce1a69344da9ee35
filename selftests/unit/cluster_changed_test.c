// SPDX-License-Identifier: BSD-2-Clause
/* What the compiler of policies hears of: Pods, Namespaces and NetworkPolicies. */
#include "objects.h"

#include <errno.h>

struct heard {
	char text[512];
	int fail_at; /* the so-many-th visit fails; 0: none */
};

static int hear(void *context, enum object_kind kind, const char *namespace,
		const char *name)
{
	struct heard *heard = context;
	size_t length = strlen(heard->text);

	if (heard->fail_at && --heard->fail_at == 0)
		return -ENOMEM;
	snprintf(heard->text + length, sizeof(heard->text) - length, "%s %s/%s, ",
		 object_kind_name(kind), namespace, name);
	return 0;
}

static void expect_changed(struct cluster *cluster, const char *expected)
{
	struct heard heard = { 0 };

	assert_int_equal(cluster_take_changed(cluster, hear, &heard), 0);
	assert_string_equal(heard.text, expected);
}

static void set(struct cluster *cluster, struct object *object)
{
	assert_int_equal(cluster_set(cluster, object), 0);
}

static struct object *labelled(enum object_kind kind, const char *namespace,
			       const char *name, const char *label)
{
	struct object *object = new_object(kind, namespace, name);

	object->labels = grow(NULL, 1, sizeof(*object->labels));
	object->labels[object->label_count++] =
	    (struct label){ text_copy("app"), text_copy(label) };
	return object;
}

static struct object *with_port(struct object *object, uint16_t port)
{
	struct pod *pod = &object->pod;

	pod->ports = grow(pod->ports, pod->port_count + 1, sizeof(*pod->ports));
	pod->ports[pod->port_count++] =
	    (struct container_port){ text_copy("http"), IPPROTO_TCP, port };
	return object;
}

static void what_is_there_counts_as_changed_when_watching_begins(void **state)
{
	struct cluster *cluster = new_cluster();

	(void)state;
	set(cluster, new_pod("a", "10.0.0.1"));
	set(cluster, new_object(OBJECT_NAMESPACE, "", "shop"));
	set(cluster, new_object(OBJECT_NETWORK_POLICY, "shop", "deny"));
	set(cluster, new_node("n", "z"));
	set(cluster, new_pod("b", "10.0.0.2"));
	assert_int_equal(cluster_remove(cluster, OBJECT_POD, "shop", "b"), 0);
	expect_changed(cluster, "");
	cluster_watch_policies(cluster);
	expect_changed(cluster, "Namespace /shop, Pod shop/a, NetworkPolicy shop/deny, ");
	expect_changed(cluster, "");
	cluster_free(cluster);
}

static void labels_and_named_ports_count(void **state)
{
	struct cluster *cluster = new_cluster();

	(void)state;
	cluster_watch_policies(cluster);
	set(cluster, labelled(OBJECT_POD, "shop", "a", "x"));
	expect_changed(cluster, "Pod shop/a, ");
	set(cluster, labelled(OBJECT_POD, "shop", "a", "x"));
	expect_changed(cluster, "");
	set(cluster, labelled(OBJECT_POD, "shop", "a", "y"));
	expect_changed(cluster, "Pod shop/a, ");
	set(cluster, with_port(labelled(OBJECT_POD, "shop", "a", "y"), 80));
	expect_changed(cluster, "Pod shop/a, ");
	set(cluster, with_port(labelled(OBJECT_POD, "shop", "a", "y"), 80));
	expect_changed(cluster, "");
	set(cluster, with_port(labelled(OBJECT_POD, "shop", "a", "y"), 81));
	expect_changed(cluster, "Pod shop/a, ");
	set(cluster, labelled(OBJECT_NAMESPACE, "", "shop", "x"));
	set(cluster, labelled(OBJECT_NAMESPACE, "", "shop", "y"));
	expect_changed(cluster, "Namespace /shop, ");
	cluster_free(cluster);
}

static void a_refused_policy_differs_from_a_good_one(void **state)
{
	struct cluster *cluster = new_cluster();
	struct object *refused = new_object(OBJECT_NETWORK_POLICY, "shop", "deny");

	(void)state;
	cluster_watch_policies(cluster);
	set(cluster, new_object(OBJECT_NETWORK_POLICY, "shop", "deny"));
	expect_changed(cluster, "NetworkPolicy shop/deny, ");
	refused->policy.refused = true;
	set(cluster, refused);
	expect_changed(cluster, "NetworkPolicy shop/deny, ");
	cluster_free(cluster);
}

static void a_removed_object_is_told_of_once_and_may_come_back(void **state)
{
	struct cluster *cluster = new_cluster();

	(void)state;
	cluster_watch_policies(cluster);
	set(cluster, new_pod("a", "10.0.0.1"));
	set(cluster, new_pod("b", "10.0.0.2"));
	assert_int_equal(cluster_remove(cluster, OBJECT_POD, "shop", "a"), 0);
	assert_null(cluster_find(cluster, OBJECT_POD, "shop", "a"));
	assert_int_equal(cluster_count(cluster, OBJECT_POD), 1);
	expect_changed(cluster, "Pod shop/a, Pod shop/b, ");
	assert_int_equal(cluster_remove(cluster, OBJECT_POD, "shop", "b"), 0);
	set(cluster, new_pod("b", "10.0.0.2"));
	expect_changed(cluster, "Pod shop/b, ");
	assert_non_null(cluster_find(cluster, OBJECT_POD, "shop", "b"));
	assert_int_equal(cluster_remove(cluster, OBJECT_POD, "shop", "b"), 0);
	cluster_free(cluster); /* with a mark that nobody took */
}

static void what_a_visit_fails_at_stays_changed(void **state)
{
	struct cluster *cluster = new_cluster();
	struct heard heard = { .fail_at = 2 };

	(void)state;
	cluster_watch_policies(cluster);
	set(cluster, new_pod("a", "10.0.0.1"));
	set(cluster, new_pod("b", "10.0.0.2"));
	set(cluster, new_pod("c", "10.0.0.3"));
	assert_int_equal(cluster_take_changed(cluster, hear, &heard), -ENOMEM);
	assert_string_equal(heard.text, "Pod shop/a, ");
	expect_changed(cluster, "Pod shop/b, Pod shop/c, ");
	cluster_free(cluster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_counts_as_changed_when_watching_begins),
		cmocka_unit_test(labels_and_named_ports_count),
		cmocka_unit_test(a_refused_policy_differs_from_a_good_one),
		cmocka_unit_test(a_removed_object_is_told_of_once_and_may_come_back),
		cmocka_unit_test(what_a_visit_fails_at_stays_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
