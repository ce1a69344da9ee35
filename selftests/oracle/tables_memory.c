// SPDX-License-Identifier: BSD-2-Clause
#include "tables.h"

void tables_prepare(struct policy_tables *tables)
{
	(void)tables;
}

bool tables_permit(const struct moments *moments, const struct policy_question *question)
{
	return moments_permit(moments, question);
}
