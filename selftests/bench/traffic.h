/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Established flows, opened as clients and backends open them, and the packets that then
 * pass: keys as they are on the wire, in an order that is random but the same each time.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include "stage.h"
#include "world.h"

/* The keys of one direction of `count` flows. */
struct traffic {
	struct hg_flow_key *clients; /* client → Service */
	struct hg_flow_key *replies; /* backend → whom the backend sees */
	uint32_t count;
};

/* Keys of clients that nobody has used yet. */
struct invention {
	uint32_t count;
	uint32_t services; /* dealt over so many of the world's */
	bool high;	   /* apart from those of other lists */
};
void traffic_invent(struct traffic *traffic, const struct world *world,
		    const struct invention *invention);
/* Open them all; the bench ends when not all are established. */
void traffic_establish(struct traffic *traffic, struct world *world, struct stage *stage);
void traffic_free(struct traffic *traffic);

/* What a list of packets consists of. */
enum kind {
	KIND_SYN,
	KIND_SYN_ACK,
	KIND_ACK, /* TCP, inside a connection */
	KIND_RST,
	KIND_DATAGRAM,
	KIND_FRAGMENT,	 /* a later one */
	KIND_ICMP_ERROR, /* quotes the key reversed: what its sender had sent */
	KIND_ECHO,
	KIND_NO_IP,
};

/* Make keys[count] the stage's list. */
void traffic_list(struct stage *stage, enum kind kind, const struct hg_flow_key *keys,
		  uint32_t count);
/* The reply keys of embryonic flows (they are lines of hg_embryos), at most `room`. */
uint32_t traffic_read_replies(const struct hg_flow *lines, uint32_t line_count,
			      const struct world *world, struct hg_flow_key *ret_keys,
			      uint32_t room);
/* The kind that goes on after a flow was opened by this protocol. */
enum kind traffic_follow_up(const struct world *world);
/* UDP proves itself by time: let it pass for all that is embryonic. */
void traffic_age_embryos(struct world *world);

#endif
