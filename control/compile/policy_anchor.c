/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_anchor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_label(const void *item, const void *key)
{
	const struct policy_anchor *anchor = item;
	const struct label *label = key;

	return strcmp(anchor->key, label->key) == 0 &&
	       strcmp(anchor->value, label->value) == 0;
}

static uint32_t label_hash(const struct label *label)
{
	return policy_hash_text(policy_hash_text(0, label->key), label->value);
}

static struct policy_anchor *find(const struct policy *policy, const struct label *label)
{
	return policy_hash_find(&policy->anchors, label_hash(label), is_label, label);
}

const struct policy_anchor *policy_anchors_find(const struct policy *policy,
						const struct label *label)
{
	return policy->anchors.count ? find(policy, label) : NULL;
}

/* The first requirement that a label must meet by its value. */
static const struct label_requirement *anchor_of(const struct policy_who *who)
{
	for (size_t i = 0; i < who->pods.count; i++) {
		const struct label_requirement *requirement = &who->pods.requirements[i];

		if (requirement->op == LABEL_IN && requirement->values)
			return requirement;
	}
	return NULL;
}

static void free_anchor(struct policy_anchor *anchor)
{
	free(anchor->key);
	free(anchor->value);
	free(anchor->whos);
	free(anchor);
}

static struct policy_anchor *get(struct policy *policy, const struct label *label)
{
	struct policy_anchor *anchor = find(policy, label);

	if (anchor)
		return anchor;
	if (policy_hash_reserve(&policy->anchors, 1) < 0)
		return NULL;
	anchor = calloc(1, sizeof(*anchor));
	if (!anchor)
		return NULL;
	anchor->hash = label_hash(label);
	anchor->key = strdup(label->key);
	anchor->value = strdup(label->value);
	if (!anchor->key || !anchor->value) {
		free_anchor(anchor);
		return NULL;
	}
	policy_hash_add(&policy->anchors, anchor->hash, anchor);
	return anchor;
}

static int add_to(struct policy *policy, const struct label *label,
		  struct policy_who *who)
{
	struct policy_anchor *anchor = get(policy, label);

	if (!anchor || policy_room(&anchor->whos, &anchor->capacity, anchor->count + 1,
				   sizeof(struct policy_who *)) < 0)
		return -ENOMEM;
	anchor->whos[anchor->count++] = who;
	return 0;
}

static void remove_from(struct policy_who **whos, uint32_t *count,
			const struct policy_who *who)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (whos[i] == who) {
			whos[i] = whos[--*count];
			return;
		}
	}
}

int policy_anchors_add(struct policy *policy, struct policy_who *who)
{
	const struct label_requirement *requirement = anchor_of(who);

	if (!requirement) {
		if (policy_room(&policy->loose, &policy->loose_capacity,
				policy->loose_count + 1, sizeof(struct policy_who *)) < 0)
			return -ENOMEM;
		policy->loose[policy->loose_count++] = who;
		return 0;
	}
	for (char **value = requirement->values; *value; value++) {
		struct label label = { requirement->key, *value };

		if (add_to(policy, &label, who) < 0) {
			policy_anchors_remove(policy, who);
			return -ENOMEM;
		}
	}
	return 0;
}

void policy_anchors_remove(struct policy *policy, const struct policy_who *who)
{
	const struct label_requirement *requirement = anchor_of(who);

	if (!requirement) {
		remove_from(policy->loose, &policy->loose_count, who);
		return;
	}
	for (char **value = requirement->values; *value; value++) {
		struct label label = { requirement->key, *value };
		struct policy_anchor *anchor = find(policy, &label);

		if (!anchor)
			continue;
		remove_from(anchor->whos, &anchor->count, who);
		if (anchor->count)
			continue;
		policy_hash_remove(&policy->anchors, anchor->hash, anchor);
		free_anchor(anchor);
	}
}

void policy_anchors_close(struct policy *policy)
{
	struct policy_anchor *anchor;
	uint32_t cursor = 0;

	while ((anchor = policy_hash_next(&policy->anchors, &cursor)))
		free_anchor(anchor);
	policy_hash_clear(&policy->anchors);
	free(policy->loose);
}
