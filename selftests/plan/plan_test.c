/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Golden plans: each NAME.yaml in this folder must compile to NAME.plan, in whatever
 * order its objects arrive. GOLDEN_UPDATE=1 writes the .plan files instead of comparing;
 * read the difference before you commit it. Comment lines at the top of a manifest set
 * the scene:
 *
 *   # node: a                         the name of this node (default: a)
 *   # cluster-cidr: yes               clusterIPs stay inside (default: no)
 *   # health: 10.1.0.1 down           what the check of an address says (up, down; else
 * unknown)
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../control/compile/compile.h"
#include "../../control/lib/cleanup.h"
#include "../../control/source/manifests.h"

#define OBJECTS_MAX  64
#define HEALTHS_MAX  16
#define PATH_LONGEST 512

struct health {
	struct hg_addr addr;
	int result;
};

struct scene {
	char node[64];
	bool cluster_cidr;
	struct health healths[HEALTHS_MAX];
	size_t health_count;
};

struct objects {
	struct object *items[OBJECTS_MAX];
	size_t count;
};

static const char *folder(void)
{
	static char path[PATH_LONGEST];

	snprintf(path, sizeof(path), "%s", __FILE__);
	*strrchr(path, '/') = '\0';
	return path;
}

static char *read_text(const char *path, size_t *ret_length)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file)
		return NULL;
	length = getdelim(&text, &size, EOF, file);
	fclose(file);
	if (length < 0) {
		free(text);
		return NULL;
	}
	*ret_length = (size_t)length;
	return text;
}

static void add_health(struct scene *scene, const char *address, const char *word)
{
	struct health *health = &scene->healths[scene->health_count++];

	assert_in_range(scene->health_count, 1, HEALTHS_MAX);
	assert_int_equal(addr_parse(address, &health->addr), 0);
	health->result = strcmp(word, "up") == 0     ? HEALTH_UP
			 : strcmp(word, "down") == 0 ? HEALTH_DOWN
						     : HEALTH_UNKNOWN;
}

static struct scene read_scene(const char *text)
{
	struct scene scene = { .node = "a" };

	for (; *text == '#'; text += strcspn(text, "\n") + 1) {
		char address[ADDR_TEXT], word[16];

		sscanf(text, "# node: %63s", scene.node);
		if (strncmp(text, "# cluster-cidr: yes", 19) == 0)
			scene.cluster_cidr = true;
		if (sscanf(text, "# health: %63s %15s", address, word) == 2)
			add_health(&scene, address, word);
	}
	return scene;
}

static int tell_health(void *context, const struct hg_addr *address, uint16_t port,
		       const struct check_spec *check)
{
	const struct scene *scene = context;

	(void)port;
	(void)check;
	for (size_t i = 0; i < scene->health_count; i++) {
		if (addr_compare(&scene->healths[i].addr, address) == 0)
			return scene->healths[i].result;
	}
	return HEALTH_UNKNOWN;
}

static int keep(void *context, struct object *object)
{
	struct objects *objects = context;

	assert_in_range(objects->count, 0, OBJECTS_MAX - 1);
	objects->items[objects->count++] = object;
	return 0;
}

static void print_complaints(FILE *out, const struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++) {
		_cleanup_free_ char *text = complaint_print(&complaints->items[i]);

		fprintf(out, "complaint %s\n", text);
	}
}

/* Reads the objects anew, puts them in force in order or in reverse, and prints the plan.
 */
static char *make_plan(const char *name, const char *text, size_t length, bool reverse)
{
	struct scene scene = read_scene(text);
	struct complaints reading = { 0 }, compiling = { 0 };
	struct cluster *cluster = cluster_new();
	struct objects objects = { .count = 0 };
	struct compile_input input = {
		.cluster = cluster,
		.node_name = scene.node,
		.cluster_cidr = scene.cluster_cidr,
		.seed = 1,
		.health = tell_health,
		.health_context = &scene,
	};
	char *plan = NULL;
	size_t size;
	FILE *out = open_memstream(&plan, &size);

	assert_int_equal(manifest_read(text, length, name, keep, &objects, &reading), 0);
	for (size_t i = 0; i < objects.count; i++)
		assert_int_equal(
		    cluster_set(cluster,
				objects.items[reverse ? objects.count - 1 - i : i]),
		    0);
	assert_int_equal(compile_print_plan(&input, out, &compiling), 0);
	print_complaints(out, &reading);
	print_complaints(out, &compiling);
	fclose(out);
	complaints_clear(&reading);
	complaints_clear(&compiling);
	cluster_free(cluster);
	return plan;
}

/* Shows the first line that differs. */
static void expect_same(const char *path, const char *expected, const char *got)
{
	unsigned line = 1;
	const char *expected_line = expected, *got_line = got;

	if (strcmp(expected, got) == 0)
		return;
	for (; *expected && *expected == *got; expected++, got++) {
		if (*expected != '\n')
			continue;
		line++;
		expected_line = expected + 1;
		got_line = got + 1;
	}
	fail_msg("%s:%u:\n  expected: %.*s\n  compiled: %.*s\n"
		 "if that is right: GOLDEN_UPDATE=1",
		 path, line, (int)strcspn(expected_line, "\n"), expected_line,
		 (int)strcspn(got_line, "\n"), got_line);
}

static void write_plan(const char *path, const char *plan)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(plan, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void plan_is_golden(void **state)
{
	const char *name = *state; /* without suffix */
	char manifest[PATH_LONGEST], golden[PATH_LONGEST], shown[PATH_LONGEST];
	_cleanup_free_ char *text = NULL, *plan = NULL, *reversed = NULL,
			    *expected = NULL;
	size_t length = 0, ignored;

	snprintf(manifest, sizeof(manifest), "%s/%s.yaml", folder(), name);
	snprintf(golden, sizeof(golden), "%s/%s.plan", folder(), name);
	snprintf(shown, sizeof(shown), "%s.yaml", name);
	text = read_text(manifest, &length);
	assert_non_null(text);
	plan = make_plan(shown, text, length, false);
	reversed = make_plan(shown, text, length, true);
	expect_same(manifest, plan, reversed);
	if (getenv("GOLDEN_UPDATE")) {
		write_plan(golden, plan);
		return;
	}
	expected = read_text(golden, &ignored);
	if (!expected)
		fail_msg("%s is missing: GOLDEN_UPDATE=1 writes it", golden);
	expect_same(golden, expected, plan);
}

static int is_manifest(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

int main(void)
{
	struct dirent **entries;
	int count = scandir(folder(), &entries, is_manifest, alphasort);
	struct CMUnitTest *tests;
	int r;

	if (count <= 0) {
		fprintf(stderr, "no manifests in %s: run from the top of the tree\n",
			folder());
		return 1;
	}
	tests = calloc((size_t)count, sizeof(*tests));
	if (!tests)
		return 1;
	for (int i = 0; i < count; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - 5] = '\0';
		tests[i] = (struct CMUnitTest){
			.name = entries[i]->d_name,
			.test_func = plan_is_golden,
			.initial_state = entries[i]->d_name,
		};
	}
	r = _cmocka_run_group_tests("plan", tests, (size_t)count, NULL, NULL);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(tests);
	return r;
}
