/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the bench's harness (restore.bpf.c) and its user space (stage.c) agree on. A program
 * under test rewrites its packet, so before each run the harness writes it anew: a template
 * that all packets of a list share, and a few words in which they differ.
 *
 * Words are written where the program will read words (headers begin at 14 and are read in
 * units of at most 8 bytes from there), so that no load of the program straddles two
 * stores: a real packet comes by DMA and stalls nobody's store buffer.
 */
#ifndef BENCH_RESTORE_H
#define BENCH_RESTORE_H

#include <linux/types.h>

#define RESTORE_L2     14U
#define RESTORE_WORDS  14U
#define RESTORE_FRAME  (RESTORE_L2 + 8 * RESTORE_WORDS) /* bytes, whatever the packet */
#define RESTORE_DIFFER 3U
#define RESTORE_SLOTS  8U /* programs under test that one harness leads to */

/* bench_template: ARRAY[1]. offset: of the words that differ, from the frame's start. */
struct restore_template {
	__u64 l2[2]; /* bytes 0-7 and 6-13 */
	__u64 words[RESTORE_WORDS];
	__u32 offset[RESTORE_DIFFER];
	__u32 spare;
};

/* bench_packets: ARRAY. Read in order, so that it is prefetched. */
struct restore_packet {
	__u64 words[RESTORE_DIFFER];
	__u64 spare;
};

/* bench_cursor: ARRAY[1]. */
struct restore_cursor {
	__u32 next;
	__u32 count;
};

#endif
