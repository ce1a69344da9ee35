/* SPDX-License-Identifier: BSD-2-Clause */
/* headgate: a command line in, an exit code out. 0 done, 1 failed, 2 misused. */
#include "command.h"

int main(int argc, char **argv)
{
	const struct command *command;
	struct line line;
	int r = line_read(argc, argv, &command, &line);

	if (r)
		return r < 0 ? EXIT_SUCCESS : r;
	r = command->run(&line);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return r;
	perror("headgate: standard output");
	return EXIT_FAILURE;
}
