/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which addresses are ours, counted: hg_ours has one bit per hash value, several
 * addresses may share it, and one address is ours for several reasons. Where a SNAT
 * address lies in hg_locals. Pure.
 */
#ifndef DATAPATH_ADDR_FILTER_H
#define DATAPATH_ADDR_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <headgate/abi.h>

struct addr_filter {
	uint32_t *counts; /* per bit */
};

int addr_filter_open(struct addr_filter *filter); /* 0 or -ENOMEM */
void addr_filter_close(struct addr_filter *filter);
/* Number of the word of hg_ours that must now be addr_filter_word(), or -1: unchanged. */
int addr_filter_add(struct addr_filter *filter, const struct hg_addr *addr);
int addr_filter_remove(struct addr_filter *filter, const struct hg_addr *addr);
uint64_t addr_filter_word(const struct addr_filter *filter, uint32_t number);

/* Line of hg_locals that holds the address, or -ENOENT. */
int locals_find(const struct hg_local *locals, const struct hg_addr *addr);
/* Free line for the address, or -ENOSPC. */
int locals_place(const struct hg_local *locals, const struct hg_addr *addr);

#endif
