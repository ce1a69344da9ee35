/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which addresses are ours, counted: hg_ours has one bit per hash value, several
 * addresses may share it, and one address is ours for several reasons. Where a SNAT
 * address lies in hg_locals. Pure.
 */
#ifndef DATAPATH_OURS_H
#define DATAPATH_OURS_H

#include <stdbool.h>
#include <stdint.h>
#include <headgate/abi.h>

struct ours {
	uint32_t *counts; /* per bit */
};

int ours_open(struct ours *ours); /* 0 or -ENOMEM */
void ours_close(struct ours *ours);
/* Number of the word of hg_ours that must now be ours_word(), or -1: unchanged. */
int ours_add(struct ours *ours, const struct hg_addr *addr);
int ours_remove(struct ours *ours, const struct hg_addr *addr);
uint64_t ours_word(const struct ours *ours, uint32_t number);

/* Line of hg_locals that holds the address, or -ENOENT. */
int locals_find(const struct hg_local *locals, const struct hg_addr *addr);
/* Free line for the address, or -ENOSPC. */
int locals_place(const struct hg_local *locals, const struct hg_addr *addr);

#endif
