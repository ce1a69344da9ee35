/* SPDX-License-Identifier: BSD-2-Clause */
#include "objects.h"

#include <errno.h>
#include <time.h>

static void expect_dirty(struct cluster *cluster, const char *expected)
{
	char *name = cluster_take_dirty(cluster);

	if (expected)
		assert_string_equal(name, expected);
	else
		assert_null(name);
	free(name);
}

static void set(struct cluster *cluster, struct object *object)
{
	assert_int_equal(cluster_set(cluster, object), 0);
}

static struct object *cart(void)
{
	struct object *object = new_service("cart", "10.96.0.1");

	add_port(object, "http", IPPROTO_TCP, 80);
	add_range(&object->service.source_ranges, "192.0.2.0/24");
	object->service.options.check.path = text_copy("/healthz");
	return object;
}

static void cluster_equal_object_marks_nothing_dirty(void **state)
{
	struct cluster *cluster = new_cluster();
	struct object *again = cart();

	(void)state;
	set(cluster, cart());
	expect_dirty(cluster, "shop/cart");
	again->place.line = 12;
	set(cluster, again);
	expect_dirty(cluster, NULL);
	cluster_free(cluster);
}

/* Each changes one field that counts. */
static void change_port(struct object *object)
{
	object->service.ports[0].port++;
}
static void change_address(struct object *object)
{
	object->service.cluster_ips.items[0].bytes[15]++;
}
static void change_range(struct object *object)
{
	object->service.source_ranges.items[0].bits++;
}
static void change_affinity(struct object *object)
{
	object->service.affinity = true;
}
static void change_check_path(struct object *object)
{
	object->service.options.check.path[1]++;
}
static void change_panic(struct object *object)
{
	object->service.options.panic = false;
}
static void change_policy(struct object *object)
{
	object->service.external_local = true;
}

static void cluster_changed_object_replaces_the_old_one_and_marks_it_dirty(void **state)
{
	static void (*const CHANGES[])(struct object *) = {
		change_port,   change_address,	  change_range, change_affinity,
		change_policy, change_check_path, change_panic,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CHANGES) / sizeof(CHANGES[0]); i++) {
		struct cluster *cluster = new_cluster();
		struct object *changed = cart();

		set(cluster, cart());
		expect_dirty(cluster, "shop/cart");
		CHANGES[i](changed);
		set(cluster, changed);
		assert_ptr_equal(cluster_find(cluster, OBJECT_SERVICE, "shop", "cart"),
				 changed);
		assert_int_equal(cluster_count(cluster, OBJECT_SERVICE), 1);
		expect_dirty(cluster, "shop/cart");
		expect_dirty(cluster, NULL);
		cluster_free(cluster);
	}
}

static void cluster_removed_service_is_dirty_once_and_gone(void **state)
{
	struct cluster *cluster = new_cluster();

	(void)state;
	assert_int_equal(cluster_remove(cluster, OBJECT_SERVICE, "shop", "cart"),
			 -ENOENT);
	set(cluster, cart());
	expect_dirty(cluster, "shop/cart");
	assert_int_equal(cluster_remove(cluster, OBJECT_SERVICE, "shop", "cart"), 0);
	assert_null(cluster_find(cluster, OBJECT_SERVICE, "shop", "cart"));
	assert_int_equal(cluster_count(cluster, OBJECT_SERVICE), 0);
	assert_int_equal(cluster_remove(cluster, OBJECT_SERVICE, "shop", "cart"),
			 -ENOENT);
	expect_dirty(cluster, "shop/cart");
	expect_dirty(cluster, NULL);
	set(cluster,
	    cart()); /* removed and back before the mark was taken: marked once */
	assert_int_equal(cluster_remove(cluster, OBJECT_SERVICE, "shop", "cart"), 0);
	set(cluster, cart());
	expect_dirty(cluster, "shop/cart");
	expect_dirty(cluster, NULL);
	assert_non_null(cluster_find(cluster, OBJECT_SERVICE, "shop", "cart"));
	cluster_free(cluster);
}

struct names {
	char text[256];
};

static int note_name(void *context, const struct object *object)
{
	struct names *names = context;
	size_t length = strlen(names->text);

	snprintf(names->text + length, sizeof(names->text) - length, "%s/%s ",
		 object->namespace, object->name);
	return 0;
}

static int stop_at_first(void *context, const struct object *object)
{
	(void)object;
	++*(int *)context;
	return 42;
}

static void cluster_lists_by_namespace_then_name(void **state)
{
	static const char *const NAMES[][2] = {
		{ "b", "a" },
		{ "a-b", "x" },
		{ "a", "z" },
		{ "a", "b" },
	};
	struct cluster *cluster = new_cluster();
	struct names names = { 0 };
	int visited = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		set(cluster, new_object(OBJECT_NAMESPACE, NAMES[i][0], NAMES[i][1]));
	cluster_each(cluster, OBJECT_NAMESPACE, note_name, &names);
	assert_string_equal(names.text, "a/b a/z a-b/x b/a ");
	assert_int_equal(cluster_each(cluster, OBJECT_NAMESPACE, stop_at_first, &visited),
			 42);
	assert_int_equal(visited, 1);
	set(cluster, new_object(OBJECT_NAMESPACE, "a", "a"));
	names.text[0] = '\0';
	cluster_each(cluster, OBJECT_NAMESPACE, note_name, &names);
	assert_string_equal(names.text, "a/a a/b a/z a-b/x b/a ");
	cluster_free(cluster);
}

static void cluster_slice_that_changes_service_marks_both(void **state)
{
	struct cluster *cluster = new_cluster();
	struct names names = { 0 };

	(void)state;
	set(cluster, cart());
	set(cluster, new_service("wish", "10.96.0.2"));
	set(cluster, new_slice("two", "cart", "http", IPPROTO_TCP, 8080));
	set(cluster, new_slice("one", "cart", "http", IPPROTO_TCP, 8080));
	expect_dirty(cluster, "shop/cart");
	expect_dirty(cluster, "shop/wish");
	expect_dirty(cluster, NULL);
	cluster_each_slice(cluster, "shop", "cart", note_name, &names);
	assert_string_equal(names.text, "shop/one shop/two ");
	set(cluster, new_slice("one", "wish", "http", IPPROTO_TCP, 8080));
	expect_dirty(cluster, "shop/wish");
	expect_dirty(cluster, "shop/cart");
	expect_dirty(cluster, NULL);
	names.text[0] = '\0';
	cluster_each_slice(cluster, "shop", "cart", note_name, &names);
	assert_string_equal(names.text, "shop/two ");
	assert_int_equal(cluster_remove(cluster, OBJECT_ENDPOINT_SLICE, "shop", "two"),
			 0);
	expect_dirty(cluster, "shop/cart");
	cluster_free(cluster);
}

static void cluster_finds_the_pod_that_holds_an_address(void **state)
{
	struct cluster *cluster = new_cluster();
	struct hg_addr where = addr("10.1.0.1");
	struct object *host = new_pod("host", "10.1.0.1");
	struct object *done = new_pod("done", "10.1.0.1");

	(void)state;
	host->pod.host_network = true;
	done->pod.terminated = true;
	set(cluster, host);
	set(cluster, done);
	assert_null(cluster_find_pod_by_addr(cluster, &where));
	set(cluster, new_pod("web", "10.1.0.1"));
	assert_string_equal(cluster_find_pod_by_addr(cluster, &where)->name, "web");
	set(cluster, new_pod("web", "10.1.0.2"));
	assert_null(cluster_find_pod_by_addr(cluster, &where));
	expect_dirty(cluster, NULL);
	cluster_free(cluster);
}

static void cluster_node_change_marks_all_services(void **state)
{
	struct cluster *cluster = new_cluster();

	(void)state;
	set(cluster, cart());
	expect_dirty(cluster, "shop/cart");
	set(cluster, new_node("a", "zone-1"));
	expect_dirty(cluster, "shop/cart");
	set(cluster, new_node("a", "zone-1"));
	expect_dirty(cluster, NULL);
	set(cluster, new_node("a", "zone-2"));
	expect_dirty(cluster, "shop/cart");
	cluster_free(cluster);
}

static void cluster_frontend_belongs_to_the_first_and_its_rival_hears_of_it(void **state)
{
	struct cluster *cluster = new_cluster();
	struct hg_addr where = addr("10.96.0.1");
	struct object *rival = new_service("apple", NULL);

	(void)state;
	set(cluster, cart());
	expect_dirty(cluster, "shop/cart");
	add_addr(&rival->service.external_ips, "10.96.0.1");
	add_port(rival, "http", IPPROTO_TCP, 80);
	set(cluster, rival);
	expect_dirty(cluster, "shop/apple");
	expect_dirty(cluster, "shop/cart");
	assert_ptr_equal(cluster_find_frontend_owner(cluster, &where, 80, IPPROTO_TCP),
			 rival);
	assert_null(cluster_find_frontend_owner(cluster, &where, 80, IPPROTO_UDP));
	assert_null(cluster_find_frontend_owner(cluster, &where, 81, IPPROTO_TCP));
	assert_int_equal(cluster_remove(cluster, OBJECT_SERVICE, "shop", "apple"), 0);
	expect_dirty(cluster, "shop/apple");
	expect_dirty(cluster, "shop/cart");
	assert_string_equal(
	    cluster_find_frontend_owner(cluster, &where, 80, IPPROTO_TCP)->name, "cart");
	cluster_free(cluster);
}

static void cluster_refuses_names_beyond_what_kubernetes_allows(void **state)
{
	struct cluster *cluster = new_cluster();
	char name[1024];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(cluster_set(cluster, new_service(name, "10.96.0.9")),
			 -ENAMETOOLONG);
	assert_int_equal(cluster_count(cluster, OBJECT_SERVICE), 0);
	cluster_free(cluster);
}

#define NAMES  12
#define ROUNDS 20000

/* A naive twin: which of a few names exist, and with which content. */
struct twin {
	unsigned content[NAMES]; /* 0: absent */
	bool dirty[NAMES];
};

static void change_at_random(struct cluster *cluster, struct twin *twin)
{
	unsigned which = (unsigned)random() % NAMES;
	unsigned wanted = (unsigned)random() % 4;
	char name[8];

	snprintf(name, sizeof(name), "s%02u", which);
	if (wanted == 0) {
		assert_int_equal(cluster_remove(cluster, OBJECT_SERVICE, "shop", name),
				 twin->content[which] ? 0 : -ENOENT);
	} else {
		struct object *object = new_service(name, NULL);

		object->service.affinity_timeout_s = wanted;
		set(cluster, object);
	}
	twin->dirty[which] = twin->dirty[which] || twin->content[which] != wanted;
	twin->content[which] = wanted;
}

/* False when nothing is dirty. */
static bool take_one(struct cluster *cluster, struct twin *twin)
{
	char *taken = cluster_take_dirty(cluster);
	unsigned which;

	if (!taken)
		return false;
	which = (unsigned)strtoul(taken + strlen("shop/s"), NULL, 10);
	assert_true(twin->dirty[which]);
	twin->dirty[which] = false;
	free(taken);
	return true;
}

static void cluster_agrees_with_a_naive_twin_on_random_changes(void **state)
{
	struct cluster *cluster = new_cluster();
	unsigned seed = (unsigned)time(NULL);
	struct twin twin = { 0 };

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int round = 0; round < ROUNDS; round++) {
		change_at_random(cluster, &twin);
		if (random() % 3 == 0)
			take_one(cluster, &twin);
	}
	while (take_one(cluster, &twin))
		;
	for (unsigned i = 0; i < NAMES; i++) {
		char name[8];
		const struct object *found;

		snprintf(name, sizeof(name), "s%02u", i);
		found = cluster_find(cluster, OBJECT_SERVICE, "shop", name);
		assert_int_equal(found ? found->service.affinity_timeout_s : 0,
				 twin.content[i]);
		assert_false(twin.dirty[i]);
	}
	cluster_free(cluster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster_equal_object_marks_nothing_dirty),
		cmocka_unit_test(
		    cluster_changed_object_replaces_the_old_one_and_marks_it_dirty),
		cmocka_unit_test(cluster_removed_service_is_dirty_once_and_gone),
		cmocka_unit_test(cluster_lists_by_namespace_then_name),
		cmocka_unit_test(cluster_slice_that_changes_service_marks_both),
		cmocka_unit_test(cluster_finds_the_pod_that_holds_an_address),
		cmocka_unit_test(cluster_node_change_marks_all_services),
		cmocka_unit_test(
		    cluster_frontend_belongs_to_the_first_and_its_rival_hears_of_it),
		cmocka_unit_test(cluster_refuses_names_beyond_what_kubernetes_allows),
		cmocka_unit_test(cluster_agrees_with_a_naive_twin_on_random_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
