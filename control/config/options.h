/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What headgated was asked to do: one table of options from which the command line, the
 * configuration file and --help are made. The command line wins over the file, option by
 * option; a list given on the command line replaces the file's. headgated(8) describes
 * each option; a test compares it with the table.
 */
#ifndef HEADGATED_OPTIONS_H
#define HEADGATED_OPTIONS_H

#include <stdio.h>
#include "../compile/policy.h"
#include "../datapath/datapath.h"
#include "../lib/log.h"

#define OPTIONS_SOCKET "/run/headgate/headgated.sock"

enum action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_PRINT_PLAN,
	ACTION_UNINSTALL,
	ACTION_HELP,
	ACTION_VERSION,
};

struct text_list {
	char **items; /* owned */
	size_t count;
};

struct options {
	enum action action;
	char *config; /* NULL: none */
	char *manifests;
	struct text_list interfaces;
	char *pod_interfaces; /* fnmatch(3) pattern, NULL: none */
	struct cidr_list cluster_cidrs;
	char *node_name; /* never NULL after options_parse() */
	struct addr_list snat_addrs;
	uint32_t port_first, port_last; /* SNAT ports */
	unsigned xdp_mode;		/* enum xdp_mode */
	bool answer_neighbours;
	uint32_t flows, slots, backends, services;
	unsigned policy_mode; /* enum policy_mode */
	bool policy_keep;     /* connections that a changed policy denies go on */
	bool source_check;
	uint32_t half_open; /* 0: by memory */
	uint32_t policy_pods;
	uint64_t seed;
	char *socket;
	char *pin_root;
	unsigned log_level; /* enum log_level */
	uint32_t timeouts_s[HG_TIMEOUTS];
};

/*
 * Read the command line and the configuration file that it names, and check that what the
 * action needs is there. 0, -ENOMEM, or -EINVAL with a complaint for every mistake; then
 * *ret_options is untouched. The result is the caller's: options_clear().
 */
int options_parse(int argc, char **argv, struct complaints *complaints,
		  struct options *ret_options);
void options_clear(struct options *options);
void options_print_help(FILE *out);

/* Visit the name of each option ("manifests"), in the order of --help. */
void options_each(void (*visit)(void *context, const char *name), void *context);

#endif
