/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMPILE_SLICES_H
#define COMPILE_SLICES_H

#include "../cluster/cluster.h"

/* Warn of the first slice port that is none of its Service's: it gives no backends. */
void slices_complain_of_ports(const struct cluster *cluster, const struct object *service,
			      struct complaints *complaints);
/*
 * Warn of slices whose Service does not exist. To be asked when somebody looks: while
 * files arrive one by one, a slice before its Service is no mistake.
 */
void slices_complain_of_orphans(const struct cluster *cluster,
				struct complaints *complaints);

#endif
