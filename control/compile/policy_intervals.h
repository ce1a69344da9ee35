/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs of numbers of one class, and sorted lists of terms. */
#ifndef COMPILE_POLICY_INTERVALS_H
#define COMPILE_POLICY_INTERVALS_H

#include "policy_state.h"

struct policy_id_list {
	uint32_t *items;
	uint32_t count, capacity;
};

/* 0 or -ENOMEM. */
int policy_id_add(struct policy_id_list *list, uint32_t id);
int policy_id_remove(struct policy_id_list *list, uint32_t id); /* 0: it must be there */
void policy_id_clear(struct policy_id_list *list);

/* From first on, the class of these terms; the same as before it: nothing is added. */
int policy_intervals_add(struct policy_classes *classes,
			 struct policy_intervals *intervals, uint32_t first,
			 const struct policy_id_list *ids);
void policy_intervals_clear(struct policy_classes *classes,
			    struct policy_intervals *intervals);

/* Where two sequences of runs differ. 0 or -ENOMEM. Without old runs everything differs. */
int policy_spans_find(const struct policy_intervals *old,
		      const struct policy_intervals *new, struct policy_spans *spans);
bool policy_spans_contain(const struct policy_spans *spans, uint32_t number);

#endif
