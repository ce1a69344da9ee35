/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HEADGATED_OUTAGE_H
#define HEADGATED_OUTAGE_H

#include "../compile/wanted.h"
#include "../lib/complaint.h"

/* Warn of each port all of whose backends fail their check. about: the Service, CAUSE_OUTAGE. */
void outage_complain(const struct wanted_service *service, const struct about *about,
		     struct complaints *complaints);

#endif
