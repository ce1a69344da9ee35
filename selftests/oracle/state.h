/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Manifests and the compiler that follows them, as in the daemon: the project's reader
 * fills a cluster, which tells the compiler what changed.
 */
#ifndef ORACLE_STATE_H
#define ORACLE_STATE_H

#include "../../control/compile/policy_memory.h"
#include "../../control/source/manifests.h"
#include "moments.h"

struct state {
	char *node_name; /* NULL: all */
	enum policy_mode mode;
	struct cluster *cluster;
	struct manifests *manifests; /* of the scratch folder or a given one */
	struct policy_memory *memory;
	struct moments *moments; /* between the two */
	struct policy *policy;
	struct complaints complaints; /* of the last update */
	char *scratch; /* folder of the texts that are given; NULL: not made yet */
};

/* All functions: 0 or -errno. */

/* Begin anew, with an empty cluster. node_name NULL: the rules of all pods. */
int state_begin(struct state *state, const char *node_name, enum policy_mode mode);
void state_end(struct state *state);
/* Another compiler takes over the tables, as after a restart of the daemon. */
int state_restart(struct state *state);
/* The cluster holds what a folder of manifests holds. Once after state_begin(). */
int state_open_folder(struct state *state, const char *folder);
/* From now on it holds what this text holds, and refused objects' last good versions. */
int state_set_text(struct state *state, const char *text, size_t length);
int state_update(struct state *state);

#endif
