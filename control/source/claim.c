// SPDX-License-Identifier: BSD-2-Clause
/*
 * Claims: a table from object identity to the files that hold the object, ordered by file
 * name. A change of one file touches its own objects only; settling looks at touched
 * entries only, after all files of a reading are through. So an object that moves from
 * one file to another is never removed in between.
 *
 * A version is owned by its claim between reading and settling; then by the cluster, or
 * it is freed because another file's is in force. When that other file goes away, the
 * file next in line is read again rather than all losing versions being kept.
 *
 * A refused NetworkPolicy without a good version claims too: it stands in, isolating, until
 * there is a good one. Such claims come after all others, so they never take the place of
 * another file's good version.
 */
#include "claim.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../lib/cleanup.h"
#define HASH_NONFATAL_OOM 1
#include <utlist.h>
#include <uthash.h>

struct claim {
	struct claimed *claimed;
	struct file *file;
	struct object *version; /* read, not settled */
	unsigned line, column;
	bool seen;			     /* in the reading that is going on */
	bool stands_in;			     /* for a good version: refused */
	struct claim *prev, *next;	     /* of one object */
	struct claim *file_prev, *file_next; /* of one file */
};

struct claimed {
	enum object_kind kind;
	char *namespace, *name;	  /* in key's memory */
	struct claim *claims;	  /* good ones first, then by file name */
	const struct file *owner; /* whose version is in force; NULL: nobody's any more */
	bool in_force;
	bool touched;
	struct claimed *next_touched;
	UT_hash_handle hh;
	char key[]; /* "kind/namespace/name", and then the namespace alone */
};

struct claims {
	struct cluster *cluster;
	struct claimed *table;
	struct claimed *touched;
};

struct claims *claims_new(struct cluster *cluster)
{
	struct claims *claims = calloc(1, sizeof(*claims));
	if (claims)
		claims->cluster = cluster;
	return claims;
}

/* This claim, now in the list, has come (1) or goes (-1): who has a rival by it? */
static void count_rivals(const struct claim *claim, int by)
{
	struct claim *first = claim->claimed->claims, *second = first->next;

	if (!second)
		return;
	claim->file->contested += by;
	if (!second->next)
		(first == claim ? second : first)->file->contested += by;
}

static void free_claim(struct claim *claim)
{
	count_rivals(claim, -1);
	claim->file->stand_ins -= claim->stands_in;
	DL_DELETE(claim->claimed->claims, claim);
	DL_DELETE2(claim->file->claims, claim, file_prev, file_next);
	object_free(claim->version);
	free(claim);
}

void claims_free(struct claims *claims)
{
	struct claimed *claimed, *next;

	if (!claims)
		return;
	HASH_ITER (hh, claims->table, claimed, next) {
		HASH_DEL(claims->table, claimed);
		while (claimed->claims)
			free_claim(claimed->claims);
		free(claimed);
	}
	free(claims);
}

static char *make_key(enum object_kind kind, const char *namespace, const char *name)
{
	char *key;
	return asprintf(&key, "%d/%s/%s", kind, namespace, name) < 0 ? NULL : key;
}

static void touch(struct claims *claims, struct claimed *claimed)
{
	if (claimed->touched)
		return;
	claimed->touched = true;
	LL_PREPEND2(claims->touched, claimed, next_touched);
}

static struct claim *find_claim(const struct claimed *claimed, const struct file *file)
{
	struct claim *claim;

	for (claim = claimed->claims; claim; claim = claim->next)
		if (claim->file == file)
			return claim;
	return NULL;
}

static struct claimed *add_claimed(struct claims *claims, const struct object *object,
				   const char *key)
{
	size_t length = strlen(key), size = strlen(object->namespace) + 1;
	struct claimed *claimed = calloc(1, sizeof(*claimed) + length + 1 + size);

	if (!claimed)
		return NULL;
	char *namespace = claimed->key + length + 1;
	memcpy(claimed->key, key, length);
	memcpy(namespace, object->namespace, size);
	claimed->kind = object->kind;
	claimed->namespace = namespace;
	claimed->name = claimed->key + length - strlen(object->name);
	HASH_ADD_KEYPTR(hh, claims->table, claimed->key, length, claimed);
	if (claimed->hh.tbl)
		return claimed;
	free(claimed);
	return NULL;
}

static int compare_claims(const struct claim *a, const struct claim *b)
{
	if (a->stands_in != b->stands_in)
		return a->stands_in - b->stands_in;
	return strcmp(a->file->name, b->file->name);
}

static void rank(struct claim *claim, bool stands_in)
{
	if (claim->stands_in == stands_in)
		return;
	count_rivals(claim, -1);
	DL_DELETE(claim->claimed->claims, claim);
	claim->stands_in = stands_in;
	claim->file->stand_ins += stands_in ? 1 : -1;
	DL_INSERT_INORDER(claim->claimed->claims, claim, compare_claims);
	count_rivals(claim, 1);
}

static struct claim *add_claim(struct claimed *claimed, struct file *file)
{
	struct claim *claim = calloc(1, sizeof(*claim));

	if (!claim)
		return NULL;
	claim->claimed = claimed;
	claim->file = file;
	DL_INSERT_INORDER(claimed->claims, claim, compare_claims);
	count_rivals(claim, 1);
	DL_APPEND2(file->claims, claim, file_prev, file_next);
	return claim;
}

/* The file's claim on an object, made when it has none. NULL: out of memory. */
static struct claim *get_claim(struct claims *claims, struct file *file,
			       const struct object *object)
{
	_cleanup_free_ char *key =
	    make_key(object->kind, object->namespace, object->name);
	struct claimed *claimed = NULL;

	if (!key)
		return NULL;
	HASH_FIND_STR(claims->table, key, claimed);
	if (!claimed)
		claimed = add_claimed(claims, object, key);
	if (!claimed)
		return NULL;
	touch(claims, claimed); /* without a claim, settling removes the entry again */
	struct claim *claim = find_claim(claimed, file);
	return claim ? claim : add_claim(claimed, file);
}

void claims_begin(struct file *file)
{
	struct claim *claim;

	for (claim = file->claims; claim; claim = claim->file_next)
		claim->seen = false;
}

/* Takes ownership, also on failure; -EEXIST for a second good version in one reading. */
static int put_version(struct claims *claims, struct file *file, struct object *object,
		       bool stands_in, unsigned *ret_line)
{
	struct claim *claim = get_claim(claims, file, object);
	bool is_second = claim && claim->seen && claim->version && !claim->stands_in;

	if (!claim || is_second) {
		*ret_line = claim ? claim->line : 0;
		object_free(object);
		return claim ? -EEXIST : -ENOMEM;
	}
	rank(claim, stands_in);
	object_free(claim->version);
	claim->version = object;
	claim->line = object->place.line;
	claim->column = object->place.column;
	claim->seen = true;
	return 0;
}

int claims_take(struct claims *claims, struct file *file, struct object *object,
		unsigned *ret_line)
{
	return put_version(claims, file, object, false, ret_line);
}

int claims_keep(struct claims *claims, struct file *file, struct object *refused)
{
	_cleanup_free_ char *key =
	    make_key(refused->kind, refused->namespace, refused->name);
	struct claimed *claimed = NULL;

	if (!key) {
		object_free(refused);
		return -ENOMEM;
	}
	HASH_FIND_STR(claims->table, key, claimed);
	struct claim *claim = claimed ? find_claim(claimed, file) : NULL;
	bool has_good = claim && !claim->stands_in && claimed->in_force;
	unsigned line; /* there is no other: invalid objects are applied first */
	if (!has_good && refused->kind == OBJECT_NETWORK_POLICY)
		return put_version(claims, file, refused, true, &line);
	if (claim)
		claim->seen = true;
	object_free(refused);
	return 0;
}

bool claims_has_left(const struct file *file)
{
	const struct claim *claim;

	for (claim = file->claims; claim; claim = claim->file_next)
		if (!claim->seen)
			return true;
	return false;
}

void claims_drop_left(struct claims *claims, struct file *file)
{
	struct claim *next;

	for (struct claim *claim = file->claims; claim; claim = next) {
		next = claim->file_next;
		struct claimed *claimed = claim->claimed;
		if (claim->seen)
			continue;
		if (claimed->owner == file)
			claimed->owner = NULL;
		touch(claims, claimed);
		free_claim(claim);
	}
}

void claims_drop_all(struct claims *claims, struct file *file)
{
	claims_begin(file);
	claims_drop_left(claims, file);
}

static void forget(struct claims *claims, struct claimed *claimed, bool *ret_changed)
{
	if (claimed->in_force) {
		cluster_remove(claims->cluster, claimed->kind, claimed->namespace,
			       claimed->name);
		*ret_changed = true;
	}
	assert(claims->table); /* it is in there */
	HASH_DEL(claims->table, claimed);
	free(claimed);
}

static int settle_one(struct claims *claims, struct claimed *claimed, bool *ret_changed)
{
	struct claim *first = claimed->claims;
	struct claim *claim;
	int r = 0;

	if (!first) {
		forget(claims, claimed, ret_changed);
		return 0;
	}
	if (first->version) {
		r = cluster_set(claims->cluster, TAKE_PTR(first->version));
		first->file->stale |= r < 0;
		claimed->owner = r < 0 ? claimed->owner : first->file;
		claimed->in_force |= r == 0;
		*ret_changed = true;
	} else if (claimed->owner != first->file) {
		first->file->wanted = true;
	}
	for (claim = claimed->claims; claim; claim = claim->next) {
		object_free(claim->version);
		claim->version = NULL;
	}
	return r;
}

int claims_settle(struct claims *claims, bool *ret_changed)
{
	int r = 0;

	while (claims->touched) {
		struct claimed *claimed = claims->touched;
		LL_DELETE2(claims->touched, claimed, next_touched);
		claimed->touched = false;
		int one = settle_one(claims, claimed, ret_changed);
		r = one < 0 ? one : r;
	}
	return r;
}

static void complain_of_rival(const struct claim *claim, const struct claim *first,
			      const struct object *object, struct complaints *complaints)
{
	const struct about about = object_about(object, CAUSE_DUPLICATE);
	struct place place = { claim->file->path, claim->line, claim->column };

	complain(complaints, COMPLAINT_ERROR, &place, &about,
		 "is defined in %s:%u too, which is in force as the first file by "
		 "name: remove one of the two",
		 first->file->path, first->line);
}

static void complain_of_stand_in(const struct claim *claim, const struct object *object,
				 struct complaints *complaints)
{
	const struct about about = object_about(object, CAUSE_NO_VERSION);
	struct place place = { claim->file->path, claim->line, claim->column };
	const struct network_policy *policy = &object->policy;

	if (policy->audit)
		return; /* isolates nobody */
	complain(complaints, COMPLAINT_ERROR, &place, &about,
		 "has no good version, so %s isolated for %s%s%s and nothing is allowed: "
		 "correct or remove it",
		 policy->subjects.count ? "the pods that it selects are"
					: "all pods of its namespace are",
		 policy->has_ingress ? "ingress" : "",
		 policy->has_ingress && policy->has_egress ? " and " : "",
		 policy->has_egress ? "egress" : "");
}

void claims_complain(const struct claims *claims, const struct file *file,
		     struct complaints *complaints)
{
	const struct claim *claim;

	/* Asked for each file on each change: the claims themselves are cold memory. */
	if (!file->contested && !file->stand_ins)
		return;
	for (claim = file->claims; claim; claim = claim->file_next) {
		const struct claimed *claimed = claim->claimed;
		const struct object *object = cluster_find(
		    claims->cluster, claimed->kind, claimed->namespace, claimed->name);
		const struct claim *first = claimed->claims;
		if (!object || (first == claim && !claim->stands_in))
			continue;
		if (first == claim)
			complain_of_stand_in(claim, object, complaints);
		else if (!claim->stands_in)
			complain_of_rival(claim, first, object, complaints);
	}
}
