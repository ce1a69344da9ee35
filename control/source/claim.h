/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which file stands for which object. Several files may claim the same object: the first
 * by name decides which version is in force.
 */
#ifndef SOURCE_CLAIM_H
#define SOURCE_CLAIM_H

#include "../cluster/cluster.h"
#include "decode.h"
#include "file.h"

struct claims;

struct claims *claims_new(struct cluster *cluster); /* NULL: out of memory */
/* The objects stay in the cluster. */
void claims_free(struct claims *claims);

/* A file was read: what follows is all that it holds now. */
void claims_begin(struct file *file);
/*
 * It holds a valid object. Takes ownership, also on failure. 0, -ENOMEM, or -EEXIST when
 * the file has it already (then *ret_line says where).
 */
int claims_take(struct claims *claims, struct file *file, struct object *object,
		unsigned *ret_line);
/*
 * It holds an invalid object, here as it was refused: its last good version stays. A
 * NetworkPolicy that has none anywhere is put in force as it is, which isolates. Takes
 * ownership, also on failure. 0 or -ENOMEM.
 */
int claims_keep(struct claims *claims, struct file *file, struct object *refused);
/* Objects that were in the file before and are no longer. */
bool claims_has_left(const struct file *file);
void claims_drop_left(struct claims *claims, struct file *file);
/* The file is gone. */
void claims_drop_all(struct claims *claims, struct file *file);

/*
 * Put in force what the claims say now. A file whose version has become the one to use
 * but is not at hand is marked wanted: read it and settle again. *ret_changed is set when
 * an object was set or removed. 0, or -ENOMEM: the old version stays, its file is stale.
 */
int claims_settle(struct claims *claims, bool *ret_changed);

/* An error for each object of this file that an earlier file stands for, and for each
 * refused one that is in force. */
void claims_complain(const struct claims *claims, const struct file *file,
		     struct complaints *complaints);

#endif
