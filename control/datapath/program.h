/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs, by the names that they have in their objects and their pins. */
#ifndef DATAPATH_PROGRAM_H
#define DATAPATH_PROGRAM_H

enum program { PROGRAM_NIC, PROGRAM_NIC_TC, PROGRAM_POD_OUT, PROGRAM_POD_IN, PROGRAMS };
const char *program_name(enum program program);

#endif
