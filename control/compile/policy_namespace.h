/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of namespaces and of pods by name. */
#ifndef COMPILE_POLICY_NAMESPACE_H
#define COMPILE_POLICY_NAMESPACE_H

#include "policy_state.h"

struct policy_namespace *policy_namespace_find(const struct policy *policy,
					       const char *name);
/* Made where there is none. No reference is taken. NULL: out of memory. */
struct policy_namespace *policy_namespace_get(struct policy *policy, const char *name);
/* Let go of a reference; free it when it has none and no object. */
void policy_namespace_drop(struct policy *policy, struct policy_namespace *namespace);
void policy_namespace_prune(struct policy *policy, struct policy_namespace *namespace);
/* The numbers that names of ports stand for in its pods. 0, 1 when they are others than
 * before, or -ENOMEM. */
int policy_namespace_read_numbers(struct policy_namespace *namespace);
void policy_namespaces_close(struct policy *policy);

struct policy_pod *policy_pod_find(const struct policy *policy, const char *namespace,
				   const char *name);
struct policy_pod *policy_pod_add(struct policy *policy, const struct object *object);
void policy_pod_remove(struct policy *policy, struct policy_pod *pod);

/* The identity of a policy, with a reference. NULL: out of memory. */
struct policy_title *policy_title_take(struct policy *policy,
				       const struct object *object);
struct policy_title *policy_title_hold(struct policy_title *title);
void policy_title_drop(struct policy *policy, struct policy_title *title);

#endif
