/* SPDX-License-Identifier: BSD-2-Clause */
/* What policies cost: new flows with and without them, established flows of isolated pods. */
#ifndef BENCH_GUARDED_H
#define BENCH_GUARDED_H

#include "run.h"

/* One world after the other; rows are called "tcp-v4-syn, 500 rules, 10000 pods" and so on. */
void guarded_measure(struct run *run, uint8_t family);

#endif
