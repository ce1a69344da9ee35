/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Complaints are logged once: when they appear, and not again while they stand. One
 * `struct notices` for each source of complaints (the manifests, a Service, an
 * interface).
 */
#ifndef HEADGATED_NOTICES_H
#define HEADGATED_NOTICES_H

#include "lib/complaint.h"

struct notices {
	char **texts; /* what stands, sorted; owned */
	size_t count;
};

/* Log those of `now` that did not stand before, and those that went away as resolved. */
void notices_update(struct notices *notices, const struct complaints *now);
void notices_clear(struct notices *notices);

/* Log all of them; for what ends the program. */
void notices_log(const struct complaints *complaints);

#endif
