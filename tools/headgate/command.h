/* SPDX-License-Identifier: BSD-2-Clause */
/* What a command is given and gives back. */
#ifndef HEADGATE_COMMAND_H
#define HEADGATE_COMMAND_H

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

enum takes {
	TAKES_NAMESPACE = 1 << 0,
	TAKES_FILTER = 1 << 1,
	TAKES_LIMIT = 1 << 2,
	TAKES_MANIFESTS = 1 << 3,
	TAKES_TEST = 1 << 4,
	TAKES_FOLLOW = 1 << 5,
};

enum format { FORMAT_TABLE, FORMAT_WIDE, FORMAT_JSON, FORMAT_CSV };

/* The command line, read. Strings belong to argv. */
struct line {
	enum format format;
	const char *socket;
	const char *namespace; /* NULL: all */
	const char *client, *vip, *backend, *protocol, *service, *limit;
	const char *manifests, *from, *to, *port;
	const char *matrix, *follow; /* not NULL: given */
	char **arguments;	     /* after group and verb */
	int count;
};

struct command {
	const char *group, *verb, *arguments;
	unsigned takes; /* enum takes */
	int (*run)(const struct line *line);
	const char *help;
};

extern const struct command commands[];
extern const size_t command_count;

/*
 * Find the command that words name, abbreviated or not; *ret_used says how many words
 * that took. NULL after a sentence on standard error.
 */
const struct command *command_find(char **words, int count, int *ret_used);

/* Read the command line. 0; EXIT_USAGE after a sentence; -1: --help or --version said it.
 */
int line_read(int argc, char **argv, const struct command **ret_command,
	      struct line *ret_line);
void line_print_help(FILE *out);

/* Each returns an exit code. */
int status_show(const struct line *line);
int service_list(const struct line *line);
int service_show(const struct line *line);
int backend_list(const struct line *line);
int flow_list(const struct line *line);
int flow_show(const struct line *line);
int flow_delete(const struct line *line);
int drops_show(const struct line *line);
int drops_follow(const struct line *line);
int policy_list(const struct line *line);
int policy_show(const struct line *line);
int policy_pod(const struct line *line);
int policy_test(const struct line *line);
int completion_bash(const struct line *line);

/* A usage mistake in one sentence. Returns EXIT_USAGE. */
int usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
