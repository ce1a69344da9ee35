/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The internet checksum (RFC 1071), the slow and obvious way: 16-bit words are added, and
 * each carry comes back at the low end at once.
 */
#ifndef DATAPATH_PACKET_SUM_H
#define DATAPATH_PACKET_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <headgate/abi.h>

/* sum so far + bytes; an odd last byte counts as if a zero followed. */
uint16_t sum_bytes(uint16_t sum, const uint8_t *bytes, size_t size);
uint16_t sum_word(uint16_t sum, uint16_t word);
/* The pseudo-header of family 4 or 6 (RFC 793, RFC 8200 §8.1). */
uint16_t sum_pseudo(uint8_t family, const struct hg_addr *src, const struct hg_addr *dst,
		    uint8_t protocol, size_t size);

#endif
