// SPDX-License-Identifier: BSD-2-Clause
/*
 * Annotations as rows: name → reader. The defaults stand in default_options() and
 * annotation_default_check(); headgate.manifests(5) tells the same, and a test compares.
 *
 * Table sizes: a slot names its backend by 16 bits, and the automatic size is the
 * smallest prime ≥ 100 × backends. A prime keeps every Maglev permutation complete
 * whatever a backend's step is. 655373 slots (2.6 MB) spread 6553 backends to within a
 * percent; beyond that the automatic size is the better choice.
 */
#include "annotation.h"

#include <string.h>
#include "annotation_check.h"

#define TABLE_SMALLEST	 11
#define TABLE_LARGEST	 655373
#define DRAIN_LONGEST_MS (7LL * 24 * 3600 * 1000)

static void read_algorithm(const struct annotation *annotation,
			   struct service_options *options)
{
	static const char *const names[] = { [ALGORITHM_MAGLEV] = "maglev",
					     [ALGORITHM_RANDOM] = "random",
					     [ALGORITHM_ROUND_ROBIN] = "round-robin",
					     NULL };
	options->algorithm = annotation_choice(annotation, names, ALGORITHM_MAGLEV);
}

static bool is_prime(int64_t number)
{
	for (int64_t i = 2; i * i <= number; i++)
		if (number % i == 0)
			return false;
	return number > 1;
}

/* The next prime upwards; TABLE_LARGEST is one, so there always is one. */
static int64_t next_prime(int64_t number)
{
	while (!is_prime(number))
		number++;
	return number;
}

static void read_table_size(const struct annotation *annotation,
			    struct service_options *options)
{
	static const struct range range = { "a table size", TABLE_SMALLEST,
					    TABLE_LARGEST };
	int64_t size = annotation_number(annotation, &range, 0);

	if (size && !is_prime(size))
		field_complain(annotation->decode, annotation->field,
			       "%lld is not a prime: use %lld", (long long)size,
			       (long long)next_prime(size));
	options->table_size = size;
}

static void read_forwarding(const struct annotation *annotation,
			    struct service_options *options)
{
	static const char *const names[] = {
		[FORWARD_SNAT] = "snat", [FORWARD_NAT] = "nat", NULL
	};
	options->forwarding = annotation_choice(annotation, names, FORWARD_SNAT);
}

static void read_no_backend(const struct annotation *annotation,
			    struct service_options *options)
{
	static const char *const names[] = {
		[NO_BACKEND_REJECT] = "reject", [NO_BACKEND_DROP] = "drop", NULL
	};
	options->no_backend = annotation_choice(annotation, names, NO_BACKEND_REJECT);
}

static void read_expose(const struct annotation *annotation,
			struct service_options *options)
{
	options->expose = annotation_truth(annotation, false);
}

static void read_panic(const struct annotation *annotation,
		       struct service_options *options)
{
	options->panic = annotation_truth(annotation, true);
}

static void read_drain(const struct annotation *annotation,
		       struct service_options *options)
{
	static const struct range range = { "a drain time (or \"never\")", 0,
					    DRAIN_LONGEST_MS };

	if (strcmp(annotation->text, "never") == 0)
		return;
	int64_t ms = annotation_duration(annotation, &range, 0);
	if (ms % 1000)
		field_complain(annotation->decode, annotation->field,
			       "is finer than a second: use whole seconds");
	options->drain_s = ms / 1000;
}

static const struct annotation_row service_rows[] = {
	{ "algorithm", read_algorithm },   { "table-size", read_table_size },
	{ "forwarding", read_forwarding }, { "expose", read_expose },
	{ "no-backend", read_no_backend }, { "panic", read_panic },
	{ "drain", read_drain },	   { NULL, NULL },
};

static void default_options(struct service_options *options)
{
	*options = (struct service_options){
		.algorithm = ALGORITHM_MAGLEV,
		.forwarding = FORWARD_SNAT,
		.no_backend = NO_BACKEND_REJECT,
		.panic = true,
		.drain_s = -1,
	};
}

static const struct annotation_row *find_row(const struct annotation_row *rows,
					     const char *name)
{
	for (; rows->name; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

static void read_one(const struct annotation *annotation, struct service_options *options)
{
	const char *name = annotation->field->key + strlen(ANNOTATION_PREFIX);
	const struct annotation_row *row = find_row(service_rows, name);

	if (!row)
		row = find_row(annotation_checks, name);
	if (row)
		row->read(annotation, options);
	else
		field_complain(annotation->decode, annotation->field,
			       "is not an annotation of a Service that is known: correct "
			       "it, headgate.manifests(5) lists them");
}

void annotation_read_service(struct decode *decode, const struct field *annotations,
			     struct service_options *ret_options)
{
	default_options(ret_options);
	annotation_default_check(&ret_options->check);
	if (!annotations->value)
		return;
	json_object_object_foreach(annotations->value, key, value)
	{
		struct field field = { .value = value,
				       .parent = annotations,
				       .key = key };
		if (strncmp(key, ANNOTATION_PREFIX, strlen(ANNOTATION_PREFIX)) != 0)
			continue;
		const char *text = field_as_text(decode, &field);
		if (text)
			read_one(&(struct annotation){ decode, &field, text },
				 ret_options);
	}
	annotation_finish_check(decode, annotations, &ret_options->check);
}

void annotation_read_policy(struct decode *decode, const struct field *annotations,
			    struct network_policy *policy)
{
	static const char *const modes[] = { "enforce", "audit", NULL };

	policy->audit =
	    field_choice(decode, annotations, ANNOTATION_PREFIX "policy-mode", modes, 0);
	if (!annotations->value)
		return;
	json_object_object_foreach(annotations->value, key, value)
	{
		struct field field = { .value = value,
				       .parent = annotations,
				       .key = key };
		if (strncmp(key, ANNOTATION_PREFIX, strlen(ANNOTATION_PREFIX)) == 0 &&
		    strcmp(key + strlen(ANNOTATION_PREFIX), "policy-mode") != 0)
			field_complain(decode, &field,
				       "is not an annotation of a NetworkPolicy that is "
				       "known: use headgate.io/policy-mode or remove it");
	}
}
