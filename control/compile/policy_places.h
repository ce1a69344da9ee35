/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions in the tables: IPv4 by 16, 8 and 8 bits, IPv6 by prefix. Old and new class of a
 * place say the same to each set in force, so the order of stores does not matter, and a
 * write that breaks off for lack of room has done no harm.
 */
#ifndef COMPILE_POLICY_PLACES_H
#define COMPILE_POLICY_PLACES_H

#include "policy_state.h"

/* Where policy->spans say. 0, -ENOMEM, -ENOSPC: no block is left. */
int policy_places_write(struct policy *policy, const struct policy_intervals *places);
/* 0, -ENOMEM, or what put_prefix() said. */
int policy_prefixes_write(struct policy *policy, const struct policy_regions *v6);

#endif
