/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policy on a scene, as the control process would have written it: pods A and B are known by
 * their addresses and interfaces, every role has a class of its own, a few ports have theirs.
 */
#ifndef DATAPATH_SCENE_POLICY_H
#define DATAPATH_SCENE_POLICY_H

#include "scene.h"

enum scene_direction { INGRESS, EGRESS };

/* One bit of a rule set. */
struct scene_rule {
	bool anybody;	    /* rules without peers */
	enum role peers[4]; /* up to the first NOBODY */
	bool all_ports;	    /* rules without ports */
	uint16_t port;	    /* of every protocol, else */
	bool audit;
};

/* Make pods, classes and interfaces known; nobody is isolated. */
void scene_know_pods(const struct scene *scene);
/* Isolate a pod; rules end with one that is all zero. Takes effect with the next switch. */
void scene_isolate(const struct scene *scene, enum role pod,
		   enum scene_direction direction, const struct scene_rule *rules);
/* The same with policies in audit mode only: `enforced` false. */
void scene_isolate_by(const struct scene *scene, enum role pod,
		      enum scene_direction direction, const struct scene_rule *rules,
		      bool enforced);
void scene_release(const struct scene *scene, enum role pod,
		   enum scene_direction direction);
/* Put what was isolated and released in force: the next epoch. */
void scene_switch_policy(const struct scene *scene);
/* Counters of a pod's rule set: of a rule, or (rule < 0) of the isolation; -2: audit. */
struct hg_policy_counter scene_counter(const struct scene *scene, enum role pod,
				       enum scene_direction direction, int rule);

#endif
