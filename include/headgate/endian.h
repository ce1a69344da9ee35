/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Byte order, typed for sparse, the same names on both sides of the fence.
 * be16(1) is a constant where its argument is one, so it may stand in a case label.
 */
#ifndef HEADGATE_ENDIAN_H
#define HEADGATE_ENDIAN_H

#include <linux/types.h>

#ifdef __CHECKER__
#define HG_FORCE __attribute__((force))
#else
#define HG_FORCE
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HG_SWAP16(x) __builtin_bswap16(x)
#define HG_SWAP32(x) __builtin_bswap32(x)
#else
#define HG_SWAP16(x) ((__u16)(x))
#define HG_SWAP32(x) ((__u32)(x))
#endif

#define be16(x)	  ((HG_FORCE __be16)HG_SWAP16(x))
#define be32(x)	  ((HG_FORCE __be32)HG_SWAP32(x))
#define host16(x) HG_SWAP16((HG_FORCE __u16)(x))
#define host32(x) HG_SWAP32((HG_FORCE __u32)(x))

#endif
