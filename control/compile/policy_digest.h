/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of the cluster into records; addresses that may be concerned are touched. */
#ifndef COMPILE_POLICY_DIGEST_H
#define COMPILE_POLICY_DIGEST_H

#include "policy_state.h"

/* What changed since the last time, at first everything. 0 or -ENOMEM: then what is left
 * is read next time. */
int policy_digest(struct policy *policy, const struct cluster *cluster);
void policy_digest_close(struct policy *policy);

#endif
