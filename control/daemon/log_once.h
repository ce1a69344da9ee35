/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Complaints are logged once: when they appear, and not again while they stand. One
 * `struct log_once` for each source of complaints (the manifests, a Service, an
 * interface).
 */
#ifndef HEADGATED_NOTICES_H
#define HEADGATED_NOTICES_H

#include "../lib/complaint.h"

struct log_once {
	char **texts; /* what stands, sorted; owned */
	size_t count;
};

/* Log those of `now` that did not stand before, and those that went away as resolved. */
void log_once_update(struct log_once *logged, const struct complaints *now);
void log_once_clear(struct log_once *logged);

/* Log all of them; for what ends the program. */
void log_once_log(const struct complaints *complaints);

#endif
