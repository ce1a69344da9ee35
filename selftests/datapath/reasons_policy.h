/* SPDX-License-Identifier: BSD-2-Clause */
/* Producers of the reasons that policy has, for reasons_test.c. */
#ifndef DATAPATH_REASONS_POLICY_H
#define DATAPATH_REASONS_POLICY_H

#include "scene.h"

void produce_policy_egress(struct scene *scene);
void produce_policy_ingress(struct scene *scene);
void produce_policy_protocol(struct scene *scene);
void produce_policy_fragment(struct scene *scene);
void produce_policy_icmp(struct scene *scene);
void produce_policy_malformed(struct scene *scene);
void produce_spoofed_source(struct scene *scene);

#endif
