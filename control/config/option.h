/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One row of the table of options, and how a value is read into struct options. A setter
 * gets the place in struct options that its row names and complains in one sentence.
 */
#ifndef HEADGATED_OPTION_H
#define HEADGATED_OPTION_H

#include "options.h"

struct option_value {
	const char *text;	   /* as the user wrote it */
	const struct place *place; /* in the configuration file; NULL: command line */
	struct complaints *complaints;
};

struct option_row {
	const char *name;
	const char *argument; /* "DIR"; NULL: a switch */
	const char *help;
	/* Values: 0, -ENOMEM, or -EINVAL after a complaint. NULL: an action. */
	int (*set)(void *field, const struct option_row *row,
		   const struct option_value *value);
	size_t field;	    /* offset in struct options; an action's number */
	uint64_t low, high; /* bounds of numbers */
};

int option_set_text(void *field, const struct option_row *row,
		    const struct option_value *value);
int option_set_path(void *field, const struct option_row *row,
		    const struct option_value *value);
int option_set_interfaces(void *field, const struct option_row *row,
			  const struct option_value *value);
int option_set_cidrs(void *field, const struct option_row *row,
		     const struct option_value *value);
int option_set_addrs(void *field, const struct option_row *row,
		     const struct option_value *value);
int option_set_ports(void *field, const struct option_row *row,
		     const struct option_value *value);
int option_set_xdp_mode(void *field, const struct option_row *row,
			const struct option_value *value);
int option_set_policy_mode(void *field, const struct option_row *row,
			   const struct option_value *value);
int option_set_policy_established(void *field, const struct option_row *row,
				  const struct option_value *value);
int option_set_log_level(void *field, const struct option_row *row,
			 const struct option_value *value);
int option_set_switch(void *field, const struct option_row *row,
		      const struct option_value *value);
int option_set_u32(void *field, const struct option_row *row,
		   const struct option_value *value);
int option_set_u64(void *field, const struct option_row *row,
		   const struct option_value *value);
int option_set_seconds(void *field, const struct option_row *row,
		       const struct option_value *value);

#define OPTION_SHOW 72
/* A text of the user's for a sentence: what cannot be printed is '?', what is long is cut. */
const char *option_show(const char *text, char ret_shown[OPTION_SHOW]);

/* Complain about a value. Returns -EINVAL. */
int option_refuse(const struct option_row *row, const struct option_value *value,
		  const char *cause, const char *remedy);

/*
 * Read "name = value" lines. set() gets each pair with its place; the mistakes that it
 * finds are its own to complain about. 0, -ENOMEM, or -EINVAL after a complaint.
 */
int option_file_read(const char *path,
		     int (*set)(void *context, const char *name,
				const struct option_value *value),
		     void *context, struct complaints *complaints);

#endif
