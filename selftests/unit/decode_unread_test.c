// SPDX-License-Identifier: BSD-2-Clause
/* Objects of kinds that are not read: whatever is in them, they do no harm, and each kind
 * is told once. */
#include "manifest.h"

#include <errno.h>

#define CONFIG	  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
#define NAMESPACE "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"
#define IGNORED(line, kind, api)                                                         \
	"shop.yaml:" line ": kind " kind " (" api ") is not read by Headgate and is "    \
	"ignored: remove it if that is not meant"
#define ALL_IGNORED(line, kind, api, count)                                              \
	"shop.yaml:" line ": kind " kind " (" api ") is not read by Headgate and is "    \
	"ignored, " count " objects, the first of them here: remove them if that is "    \
	"not meant"

static void expect_warnings(const struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->complaints.count; i++)
		assert_int_equal(outcome->complaints.items[i].level, COMPLAINT_WARNING);
}

static void anything_may_stand_in_what_is_ignored(void **state)
{
	static const char *const contents[] = {
		"data: &x {a: b}\nmore: {<<: *x, c: d}\n",
		"data: {a: *nowhere}\n",
		"data: &x [*x]\n",
		"data: {b: 1, <<: {b: 2}}\n",
		"data: {<<: 1}\n",
		"data: {1: a, true: b, 2.5: c, ~: d, on: e}\n",
		"data: {? [a, b] : c, ? {d: e} : f}\n",
		"binaryData: {a: !!binary aGVhZGdhdGU=}\n",
		"data: !mine {a: !yours b, c: !!set {d, e}, f: !!timestamp 2001-01-01}\n",
		"data: {a: 1, a: 2}\ndata: {b: 3}\n",
		"data: {a: \"x\\0y\", b: .nan, c: 1e400}\n",
		"&k data: {*k : a}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		char text[512];
		snprintf(text, sizeof(text), CONFIG "%s---\n" NAMESPACE, contents[i]);
		struct outcome o = outcome_of(text);

		if (o.count != 1)
			print_error("%s\n", contents[i]);
		assert_int_equal(o.result, 0);
		expect_outcome(&o, 1, LINES(IGNORED("2:7", "ConfigMap", "v1")));
		expect_warnings(&o);
		outcome_clear(&o);
	}
}

static void the_same_in_a_kind_that_is_read_is_an_error(void **state)
{
	struct outcome o = outcome_of("apiVersion: v1\nkind: Namespace\nmetadata: {name: "
				      "a, labels: {1: b, c: !!binary aGk=}}\n");

	(void)state;
	expect_outcome(&o, 0,
		       LINES("shop.yaml:3:30: Namespace a: key 1 is not text: put it in "
			     "quotes",
			     "shop.yaml:3:39: Namespace a: tag tag:yaml.org,2002:binary "
			     "is not allowed here: remove it"));
	outcome_clear(&o);
}

static void kinds_are_counted_by_kind_and_version(void **state)
{
	struct outcome o = outcome_of(
	    "{apiVersion: apps/v1, kind: Deployment}\n---\n"
	    "{apiVersion: v1, kind: Secret}\n---\n"
	    "{apiVersion: apps/v1, kind: Deployment}\n---\n"
	    "{apiVersion: apps/v1beta1, kind: Deployment}\n---\n"
	    "apiVersion: v1\nkind: List\nitems:\n"
	    "- {apiVersion: v1, kind: Secret, data: {1: *x}}\n"
	    "- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret}]}\n"
	    "- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n"
	    "---\n{apiVersion: v1, kind: SecretList, items: [{}, {}]}\n");

	(void)state;
	expect_outcome(&o, 1,
		       LINES(ALL_IGNORED("1:29", "Deployment", "apps/v1", "2"),
			     ALL_IGNORED("3:24", "Secret", "v1", "3"),
			     IGNORED("7:34", "Deployment", "apps/v1beta1"),
			     IGNORED("16:24", "SecretList", "v1")));
	expect_warnings(&o);
	outcome_clear(&o);
}

/* Who is told of the faults of a List: the object in which they are, or the List. */
static void faults_of_a_list_are_not_lost_beside_ignored_items(void **state)
{
	struct outcome o = outcome_of(
	    "apiVersion: v1\nkind: List\n"
	    "metadata: {1: a}\n"
	    "items:\n"
	    "- {apiVersion: v1, kind: Secret, data: {2: a}}\n"
	    "- {apiVersion: v1, kind: Namespace, metadata: {name: a, 3: a}}\n"
	    "- {apiVersion: v1, kind: Secret, data: {4: a}}\n"
	    "items: [{apiVersion: v1, kind: Namespace, metadata: {name: b}}]\n");

	(void)state;
	expect_outcome(
	    &o, 0,
	    LINES("shop.yaml:3:12: List: key 1 is not text: put it in quotes",
		  "shop.yaml:6:57: Namespace a: key 3 is not text: put it in "
		  "quotes",
		  "shop.yaml:8:1: List: key \"items\" is given twice (first value "
		  "at line 5): remove one",
		  ALL_IGNORED("5:26", "Secret", "v1", "2")));
	outcome_clear(&o);
}

/* kubectl takes the last one: it may be a kind that is read. */
static void a_kind_that_is_given_twice_is_no_kind_to_ignore(void **state)
{
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{ "apiVersion: v1\nkind: ConfigMap\nkind: Service\n",
		  "shop.yaml:3:1: key \"kind\" is given twice (first value at line 2): "
		  "remove one" },
		{ "apiVersion: a/v1\nkind: NetworkPolicy\napiVersion: "
		  "networking.k8s.io/v1\n",
		  "shop.yaml:3:1: key \"apiVersion\" is given twice (first value at line "
		  "1): remove one" },
		{ "apiVersion: v1\nkind: ConfigMap\n<<: {kind: Service}\n",
		  "shop.yaml:3:5: key \"kind\" comes from << too, and readers do not "
		  "agree "
		  "on which one holds: write << in front of it" },
		{ "apiVersion: v1\nkind: !x ConfigMap\n",
		  "shop.yaml:2:7: tag !x is not allowed here: remove it" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o = outcome_of(rows[i].text);

		expect_outcome(&o, 0, LINES(rows[i].complaint));
		assert_int_equal(o.complaints.items[0].level, COMPLAINT_ERROR);
		outcome_clear(&o);
	}
}

/* 300 faults in what is ignored leave none to be told of the Namespace, which has one. */
static void what_has_untold_faults_is_refused_with_a_sentence(void **state)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	fputs(
	    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, data: "
	    "[",
	    out);
	for (int i = 0; i < 300; i++)
		fputs("*x,", out);
	fputs("]}\n- {apiVersion: v1, kind: Namespace, metadata: {name: a, 1: b}}\n"
	      "- {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n",
	      out);
	assert_int_equal(fclose(out), 0);
	struct outcome o = outcome_of(text);

	expect_outcome(&o, 1,
		       LINES("shop.yaml:5:3: Namespace a: has something that is not "
			     "allowed, behind the first 256 such faults of the document, "
			     "which are told: correct those first",
			     IGNORED("4:26", "Secret", "v1")));
	outcome_clear(&o);
	free(text);
}

/* A schema as generators write them: long descriptions, deep, with every kind of scalar. */
static void write_schema(FILE *out, int depth, int width)
{
	char indent[128];

	snprintf(indent, sizeof(indent), "%*s", 12 + 4 * (20 - depth), "");
	for (int i = 0; i < width; i++) {
		fprintf(out, "%sfield%d:\n", indent, i);
		fprintf(out,
			"%s  description: |-\n%s    What this field is for, in more "
			"words than anybody\n%s    reads: see \"field%d\" {of} [this].\n",
			indent, indent, indent, i);
		fprintf(out, "%s  default: 0.5\n%s  enum: [~, on, 1, !!str 1]\n", indent,
			indent);
		fprintf(out, "%s  type: object\n", indent);
		if (depth && i == 0) {
			fprintf(out, "%s  properties:\n", indent);
			write_schema(out, depth - 1, width);
		}
	}
}

static void definitions_of_a_megabyte_are_ignored(void **state)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	for (int i = 0; i < 2; i++) {
		fprintf(out,
			"---\napiVersion: apiextensions.k8s.io/v1\n"
			"kind: CustomResourceDefinition\nmetadata: {name: d%d}\n"
			"spec:\n  versions:\n  - name: v1\n    schema:\n"
			"      openAPIV3Schema:\n        properties:\n",
			i);
		write_schema(out, 20, 130);
	}
	fputs("---\n" NAMESPACE, out);
	assert_int_equal(fclose(out), 0);
	assert_in_range(length, 2U << 20, 8U << 20);
	struct outcome o = outcome_of(text);

	assert_int_equal(o.result, 0);
	expect_outcome(&o, 1,
		       LINES(ALL_IGNORED("3:7", "CustomResourceDefinition",
					 "apiextensions.k8s.io/v1", "2")));
	outcome_clear(&o);
	free(text);
}

static char *write_many(int first, int count, const char *format)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	for (int i = first; i < first + count; i++)
		fprintf(out, format, i);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void so_many_kinds_are_told_by_name(void **state)
{
	char *text = write_many(0, 300, "{\"apiVersion\":\"v1\",\"kind\":\"K%d\"}\n");
	struct outcome o = outcome_of(text);

	(void)state;
	assert_int_equal(o.result, 0);
	assert_int_equal(o.complaints.count, 257);
	assert_int_equal(o.complaints.items[256].place.line, 257);
	assert_string_equal(
	    o.complaints.items[256].sentence,
	    "44 objects of more kinds than 256 are not read by Headgate "
	    "and are ignored, the first of them here: remove them if that "
	    "is not meant");
	expect_warnings(&o);
	outcome_clear(&o);
	free(text);
}

static void what_is_no_manifest_at_all_is_not_read_to_its_end(void **state)
{
	char *text = write_many(0, 5000, "{\"n\":%d}\n");
	struct outcome o = outcome_of(text);

	(void)state;
	assert_int_equal(o.result, -EBADMSG);
	assert_int_equal(o.complaints.count, 2003);
	assert_int_equal(o.complaints.items[2002].place.line, 1001);
	assert_string_equal(o.complaints.items[2002].sentence,
			    "is one of more than 1000 objects that cannot be told: is "
			    "this a manifest?");
	outcome_clear(&o);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_may_stand_in_what_is_ignored),
		cmocka_unit_test(the_same_in_a_kind_that_is_read_is_an_error),
		cmocka_unit_test(kinds_are_counted_by_kind_and_version),
		cmocka_unit_test(faults_of_a_list_are_not_lost_beside_ignored_items),
		cmocka_unit_test(a_kind_that_is_given_twice_is_no_kind_to_ignore),
		cmocka_unit_test(what_has_untold_faults_is_refused_with_a_sentence),
		cmocka_unit_test(definitions_of_a_megabyte_are_ignored),
		cmocka_unit_test(so_many_kinds_are_told_by_name),
		cmocka_unit_test(what_is_no_manifest_at_all_is_not_read_to_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
