/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reader of the tables by the text of <headgate/policy.h>, as naive as can be: a list
 * in place of the trie. Shares no code with the datapath or the compiler.
 */
#ifndef ORACLE_READER_H
#define ORACLE_READER_H

#include "../../control/compile/policy.h"

struct reader_entry {
	struct cidr prefix;
	unsigned bank;
	uint32_t value;
};

struct reader_list {
	struct reader_entry *items;
	size_t count;
};

struct reader {
	struct policy_tables tables;
	struct reader_list prefixes;
};

/* 0 or -ENOMEM. */
int reader_put_prefix(struct reader *reader, unsigned bank, const struct cidr *prefix,
		      uint32_t class);
void reader_drop_prefix(struct reader *reader, unsigned bank, const struct cidr *prefix);
void reader_clear(struct reader *reader);

/* Do both ends permit it, for a packet that has read this state (hg_state.policy)? */
bool reader_permits(const struct reader *reader, uint32_t state,
		    const struct policy_question *question);

#endif
