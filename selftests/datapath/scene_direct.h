/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic of pods that goes through no Service, and rule sets written short. */
#ifndef DATAPATH_SCENE_DIRECT_H
#define DATAPATH_SCENE_DIRECT_H

#include "scene_policy.h"

#define TO(...)                                                                          \
	(const struct scene_rule[])                                                      \
	{                                                                                \
		__VA_ARGS__,                                                             \
		{                                                                        \
			0                                                                \
		}                                                                        \
	}
#define NOTHING                                                                          \
	(const struct scene_rule[])                                                      \
	{                                                                                \
		{                                                                        \
			0                                                                \
		}                                                                        \
	}

/* The stage of a case: bit 0 IPv6, bit 1 UDP; pods known, nobody isolated. */
void direct_begin(struct scene *scene, void **state, int number);
/* From one address and port to another, without a Service. TCP: with these flags. */
struct packet direct_packet(const struct scene *scene, enum role from, enum role to,
			    uint8_t flags);
struct packet direct_answer(const struct packet *packet, uint8_t flags);
/* Out of the pod; into it from another interface, or from the node itself. True: passed. */
bool direct_leaves(struct scene *scene, enum role pod, const struct packet *packet);
bool direct_enters(struct scene *scene, enum role pod, const struct packet *packet);
bool direct_enters_from_node(struct scene *scene, enum role pod,
			     const struct packet *packet);

#endif
