/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the programs of frames.bpf.c and the bench that drives them agree on. */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#include <linux/types.h>

#define FRAME_SIZE    64
#define CLIENT_SEQ    1000U /* of the SYN */
#define SERVER_SEQ    5000U /* of the SYN/ACK */
#define SERVICE_PORT  80
#define ENDPOINT_PORT 8080

struct frame {
	__u8 bytes[FRAME_SIZE];
};

/* Each CPU's place in the array of frames: it repeats [first, end). */
struct cursor {
	__u32 first, end, next, spare;
};

enum count {
	COUNT_ARRIVED,	/* at the far end, as the balancer should have made them */
	COUNT_STRANGE,	/* at the far end, not so */
	COUNT_BAD_SUM,	/* checked while the server answers */
	COUNT_ANSWERED, /* answers that reached the client */
	COUNTS
};

struct settings {
	__u32 answering; /* the server answers instead of dropping */
	__u32 out;	 /* interface of the bare redirect */
	__u32 recorded;	 /* answers in the map of that name */
	__u32 spare;
};

#endif
