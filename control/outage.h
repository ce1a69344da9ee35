/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HEADGATED_OUTAGE_H
#define HEADGATED_OUTAGE_H

#include "compile/wanted.h"
#include "lib/complaint.h"

/* Warn of each port all of whose backends fail their check. title: "Service shop/web". */
void outage_complain(const struct wanted_service *service, const char *title,
		     struct complaints *complaints);

#endif
