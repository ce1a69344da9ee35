/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_selector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_hash.h"

/* gcc's analyzer loses sight of what structures own; ASan looks for leaks in the tests. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define NAME_LABEL "kubernetes.io/metadata.name"

static const char *label_of(const struct object *object, const char *key)
{
	for (size_t i = 0; i < object->label_count; i++) {
		if (strcmp(object->labels[i].key, key) == 0)
			return object->labels[i].value;
	}
	return NULL;
}

static bool is_listed(char *const *values, const char *value)
{
	for (; values && *values; values++) {
		if (strcmp(*values, value) == 0)
			return true;
	}
	return false;
}

/* value NULL: the key is missing. */
static bool holds(const struct label_requirement *requirement, const char *value)
{
	switch (requirement->op) {
	case LABEL_IN:
		return value && is_listed(requirement->values, value);
	case LABEL_NOT_IN:
		return !value || !is_listed(requirement->values, value);
	case LABEL_EXISTS:
		return value;
	case LABEL_DOES_NOT_EXIST:
		return !value;
	default:
		return false;
	}
}

bool policy_selector_matches(const struct label_selector *selector,
			     const struct object *object)
{
	for (size_t i = 0; i < selector->count; i++) {
		const struct label_requirement *requirement = &selector->requirements[i];

		if (!holds(requirement, label_of(object, requirement->key)))
			return false;
	}
	return true;
}

bool policy_selector_matches_namespace(const struct label_selector *selector,
				       const char *name, const struct object *object)
{
	for (size_t i = 0; i < selector->count; i++) {
		const struct label_requirement *requirement = &selector->requirements[i];
		const char *value = object ? label_of(object, requirement->key) : NULL;

		if (!value && strcmp(requirement->key, NAME_LABEL) == 0)
			value = name;
		if (!holds(requirement, value))
			return false;
	}
	return true;
}

/* ---- copies ---- */
static size_t value_count(char *const *values)
{
	size_t count = 0;

	while (values && values[count])
		count++;
	return count;
}

static int copy_requirement(const struct label_requirement *from,
			    struct label_requirement *to)
{
	size_t count = value_count(from->values);

	to->op = from->op;
	to->key = strdup(from->key);
	if (!to->key)
		return -ENOMEM;
	if (!from->values)
		return 0;
	to->values = calloc(count + 1, sizeof(*to->values));
	if (!to->values)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		to->values[i] = strdup(from->values[i]);
		if (!to->values[i])
			return -ENOMEM;
	}
	return 0;
}

int policy_selector_copy(const struct label_selector *from, struct label_selector *ret_to)
{
	struct label_selector copy = { 0 };

	if (from->count) {
		copy.requirements = calloc(from->count, sizeof(*copy.requirements));
		if (!copy.requirements)
			return -ENOMEM;
	}
	for (size_t i = 0; i < from->count; i++) {
		copy.count = i + 1;
		if (copy_requirement(&from->requirements[i], &copy.requirements[i]) < 0) {
			label_selector_clear(&copy);
			return -ENOMEM;
		}
	}
	*ret_to = copy;
	return 0;
}

static bool same_requirement(const struct label_requirement *a,
			     const struct label_requirement *b)
{
	size_t count = value_count(a->values);

	if (a->op != b->op || strcmp(a->key, b->key) != 0 ||
	    value_count(b->values) != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(a->values[i], b->values[i]) != 0)
			return false;
	}
	return true;
}

bool policy_selector_equal(const struct label_selector *a, const struct label_selector *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!same_requirement(&a->requirements[i], &b->requirements[i]))
			return false;
	}
	return true;
}

uint32_t policy_selector_hash(uint32_t seed, const struct label_selector *selector)
{
	uint32_t hash = seed;

	for (size_t i = 0; i < selector->count; i++) {
		const struct label_requirement *requirement = &selector->requirements[i];

		hash = policy_hash_text(hash + requirement->op, requirement->key);
		for (char **value = requirement->values; value && *value; value++)
			hash = policy_hash_text(hash, *value);
	}
	return hash;
}
