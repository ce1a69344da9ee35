/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of the command line, any command's. */
#ifndef HEADGATE_LINE_OPTION_H
#define HEADGATE_LINE_OPTION_H

#include "command.h"

#define SOCKET_DEFAULT "/run/headgate/headgated.sock"
#define LINE_OPTIONS   17

struct line_option {
	const char *name;
	int letter; /* or a number above all letters */
	const char *argument;
	size_t field;	/* in struct line, a const char * */
	unsigned takes; /* 0: any command takes it */
	const char *help;
};
extern const struct line_option line_options[LINE_OPTIONS];

void line_print_options(FILE *out); /* their names, for completion */

#endif
