/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_rows.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* By number; what the hash of contents points to. */
struct row_use {
	uint32_t refs, hash;
	const struct hg_policy_row *row;
};

static bool has_bits(const void *item, const void *key)
{
	return memcmp(((const struct row_use *)item)->row, key,
		      sizeof(struct hg_policy_row)) == 0;
}

int policy_rows_open(struct policy *policy)
{
	struct hg_policy_row empty = { 0 };
	uint32_t zero;
	int r = policy_space_open(&policy->rows, policy->tables.row_count);

	if (r < 0)
		return r;
	policy->row_uses = calloc(policy->tables.row_count, sizeof(*policy->row_uses));
	if (!policy->row_uses)
		return -ENOMEM;
	return policy_rows_take(policy, &empty, &zero);
}

void policy_rows_close(struct policy *policy)
{
	free(policy->row_uses);
	policy_hash_clear(&policy->rows_by_content);
	policy_space_close(&policy->rows);
}

int policy_rows_take(struct policy *policy, const struct hg_policy_row *row,
		     uint32_t *ret_number)
{
	uint32_t hash = policy_hash_bytes(0, row, sizeof(*row)), number;
	struct row_use *use =
	    policy_hash_find(&policy->rows_by_content, hash, has_bits, row);

	if (use) {
		use->refs++;
		*ret_number = (uint32_t)(use - policy->row_uses);
		return 0;
	}
	if (policy_hash_reserve(&policy->rows_by_content, 1) < 0)
		return -ENOMEM;
	if (policy_space_take(&policy->rows, 1, &number) < 0)
		return -ENOSPC;
	policy->tables.rows[number] = *row;
	use = &policy->row_uses[number];
	*use = (struct row_use){ 1, hash, &policy->tables.rows[number] };
	policy_hash_add(&policy->rows_by_content, hash, use);
	*ret_number = number;
	return 0;
}

void policy_rows_hold(struct policy *policy, uint32_t number, uint32_t count)
{
	policy->row_uses[number].refs += count;
}

void policy_rows_drop(struct policy *policy, uint32_t number, uint32_t count)
{
	struct row_use *use = &policy->row_uses[number];

	assert(use->refs >= count);
	use->refs -= count;
	if (use->refs || !number)
		return;
	policy_hash_remove(&policy->rows_by_content, use->hash, use);
	policy_space_give(&policy->rows, number, 1);
}
