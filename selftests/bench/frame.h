/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of clients to Services, with valid checksums. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdint.h>
#include "frames.h"

enum frame_kind { FRAME_SYN, FRAME_ACK, FRAME_UDP };

struct frame_plan {
	enum frame_kind kind;
	uint32_t services;   /* flow f is the Service's number f modulo this */
	uint32_t generation; /* other client ports than those of another generation */
	uint8_t client_mac[6], gate_mac[6];
};

/* The frame of flow number `flow` (< 2^16) from its own client address and port. */
void frame_write(const struct frame_plan *plan, uint32_t flow, struct frame *ret_frame);
/* All frames of a plan, in a random order that is the same each time. */
void frame_write_all(const struct frame_plan *plan, struct frame *frames, uint32_t count);
/* What the server sends next on the connection of which this is the SYN/ACK. */
void frame_write_reply(const struct frame *answer, struct frame *ret_frame);

#endif
