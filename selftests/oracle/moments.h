/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tables say while they change. Stands between the compiler and the tables: at
 * each call that the compiler makes, the watched questions are answered as the datapath
 * would at this moment, for every state that a packet under way may have read. What is
 * permitted, or denied, both before and after a change must be so at all moments.
 */
#ifndef ORACLE_MOMENTS_H
#define ORACLE_MOMENTS_H

#include "../../control/compile/policy.h"

struct moments;

/* The tables that it stands before: the description is copied. NULL: out of memory. */
struct moments *moments_new(const struct policy_tables *tables);
void moments_free(struct moments *moments);
/* For the compiler, with the state that is in force now. */
const struct policy_tables *moments_tables(struct moments *moments);
/* How often the state was switched. */
unsigned moments_switches(const struct moments *moments);

/* Do both ends permit it, by the tables as they stand? */
bool moments_permit(const struct moments *moments,
		    const struct policy_question *question);
/* Watch this question too, during the next change. 0 or -ENOMEM. */
int moments_watch(struct moments *moments, const struct policy_question *question);
/* Around a change: all questions are forgotten after it. */
void moments_begin(struct moments *moments);
/* The question that was answered otherwise than both before and after; NULL: none. Holds
 * until the next is watched. */
const struct policy_question *moments_end(struct moments *moments);

#endif
