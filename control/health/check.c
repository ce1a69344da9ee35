/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks and how they are told apart: by address, port and all of the specification but
 * its port field, which the resolved port replaces. So 8080 as the backend's own port
 * and 8080 as the check's port are one check, while another interval is another check.
 */
#include "check.h"
#include <errno.h>
#include <string.h>
#include <headgate/hash.h>

#undef HASH_FUNCTION
#undef HASH_KEYCMP
#define HASH_FUNCTION(key, length, hash)                                                 \
	((hash) = hash_target((const struct probe_target *)(key)))
#define HASH_KEYCMP(a, b, length)                                                        \
	(!same_target((const struct probe_target *)(a), (const struct probe_target *)(b)))

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = hg_hash_word(hash, (unsigned char)*text);
	return hg_hash_word(hash, 0x100);
}

static unsigned hash_target(const struct probe_target *target)
{
	const struct check_spec *spec = &target->spec;
	uint64_t hash = hg_hash_word(target->port, target->addr.halves[0]);

	hash = hg_hash_word(hash, target->addr.halves[1]);
	hash = hg_hash_word(hash, (uint64_t)spec->interval_ms << 32 | spec->timeout_ms);
	hash = hg_hash_word(hash, (uint64_t)spec->rise << 32 | spec->fall);
	hash = hg_hash_word(hash, (uint64_t)spec->type << 32 |
				      (uint64_t)spec->status_first << 16 |
				      spec->status_last);
	hash = hash_text(hash, spec->path);
	hash = hash_text(hash, spec->host);
	hash = hash_text(hash, spec->send);
	return (unsigned)hg_hash_end(hash_text(hash, spec->expect));
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_spec(const struct check_spec *a, const struct check_spec *b)
{
	return a->type == b->type && a->status_first == b->status_first &&
	       a->status_last == b->status_last && a->interval_ms == b->interval_ms &&
	       a->timeout_ms == b->timeout_ms && a->rise == b->rise &&
	       a->fall == b->fall && same_text(a->path, b->path) &&
	       same_text(a->host, b->host) && same_text(a->send, b->send) &&
	       same_text(a->expect, b->expect);
}

static bool same_target(const struct probe_target *a, const struct probe_target *b)
{
	return a->port == b->port && addr_compare(&a->addr, &b->addr) == 0 &&
	       same_spec(&a->spec, &b->spec);
}

static int copy_text(char **place)
{
	if (!*place)
		return 0;
	*place = strdup(*place);
	return *place ? 0 : -ENOMEM;
}

struct check *check_create(const struct probe_target *target)
{
	struct check *check = calloc(1, sizeof(*check));
	int r;

	if (!check)
		return NULL;
	check->target = *target;
	r = copy_text(&check->target.spec.path);
	r |= copy_text(&check->target.spec.host);
	r |= copy_text(&check->target.spec.send);
	r |= copy_text(&check->target.spec.expect);
	if (r == 0)
		return check;
	check_free(check);
	return NULL;
}

void check_free(struct check *check)
{
	free(check->target.spec.path);
	free(check->target.spec.host);
	free(check->target.spec.send);
	free(check->target.spec.expect);
	free(check);
}

struct check *check_find(struct check *table, const struct probe_target *target)
{
	struct check *check;

	HASH_FIND(hh, table, target, sizeof(*target), check);
	return check;
}

int check_insert(struct check **table, struct check *check)
{
	struct check *head = *table;

	HASH_ADD(hh, head, target, sizeof(check->target), check);
	*table = head;
	return head && check->hh.tbl ? 0 : -ENOMEM;
}

void check_erase(struct check **table, struct check *check)
{
	struct check *head = *table;

	HASH_DEL(head, check);
	*table = head;
}
