/* SPDX-License-Identifier: BSD-2-Clause */
#include "program.h"

static const char *const program_names[PROGRAMS] = {
	[PROGRAM_NIC] = "nic",
	[PROGRAM_NIC_TC] = "nic_tc",
	[PROGRAM_POD_OUT] = "pod_out",
	[PROGRAM_POD_IN] = "pod_in",
};

const char *program_name(enum program program)
{
	return program_names[program];
}
