/* SPDX-License-Identifier: BSD-2-Clause */
#include "order.h"
#include <fnmatch.h>
#include <stddef.h>

/* All that is not known here may see loads and stores in another order. */
static int keeps_order(const char *machine)
{
	return fnmatch("x86_64", machine, 0) == 0 || fnmatch("i[3-6]86", machine, 0) == 0;
}

const char *order_refusal(const struct hg_config *built, const char *machine)
{
	if (built->weak_order || keeps_order(machine))
		return NULL;
	return "the BPF programs in this headgated were built for x86-64, whose "
	       "processors keep "
	       "the order of loads and stores, as this machine's do not: packets could "
	       "be sent to wrong places; build headgated by a compiler for this machine "
	       "(make CC=…)";
}
