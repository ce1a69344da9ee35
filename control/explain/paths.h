/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections that a question is about, before and after they are judged. */
#ifndef EXPLAIN_PATHS_H
#define EXPLAIN_PATHS_H

#include "ends.h"
#include "path.h"

struct paths {
	struct path *items;
	size_t count, capacity;
};

/* Needs no compiled policy. 0, -ENOMEM, or -EINVAL: "error" in the root says why. */
int paths_collect(const struct cluster *cluster, const struct explain_question *question,
		  struct body *body, struct paths *ret_paths);
void paths_clear(struct paths *paths);
/* Put "paths" and "allowed" in the root. 1 allowed, 0 denied, -ENOMEM. */
int paths_explain(const struct explain_input *input, const struct paths *paths,
		  struct body *body);

#endif
