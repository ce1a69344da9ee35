/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the compiled policy lies, and who answers by it. One of two is linked:
 *	verdicts	tables_memory.c: plain memory, answered by a naive reader
 *	loaded		tables_loaded.c: the maps of the loaded programs, answered by running
 *			pod_in and pod_out on a packet
 */
#ifndef ORACLE_TABLES_H
#define ORACLE_TABLES_H

#include "moments.h"

/* Tables for a new cluster in place of those in plain memory, which hold on. */
void tables_prepare(struct policy_tables *tables);
/* May this question's packet pass? */
bool tables_permit(const struct moments *moments, const struct policy_question *question);

#endif
