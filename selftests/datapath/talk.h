/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP connection through a Service in a scene, segment by segment, with the numbers that
 * real ends would bear; and segments of somebody who does not know them.
 */
#ifndef DATAPATH_TALK_H
#define DATAPATH_TALK_H

#include "scene.h"

enum side { BY_CLIENT, BY_BACKEND };

struct talk {
	struct scene *scene;
	uint16_t port;	    /* the client's */
	uint16_t snat_port; /* by which the backend knows it */
	uint32_t next[2];   /* sequence number of each side's next segment */
	uint32_t heard[2];  /* what each side acknowledges */
};

/* A connection that begins with the client's next segment, towards BACKEND_A. */
void talk_begin(struct talk *talk, struct scene *scene, uint16_t port);
/* A segment of one side; its numbers go on. False: it was not forwarded. */
bool talk_say(struct talk *talk, enum side side, uint8_t flags, uint16_t payload);
/* The other side gets what was said and acknowledges it from now on. */
void talk_hear(struct talk *talk, enum side side);
/* Handshake. False: a segment was not forwarded. */
bool talk_open(struct talk *talk, struct scene *scene, uint16_t port);
/* Both FINs and the last ACK, begun by a side. */
bool talk_close(struct talk *talk, enum side first);
/* A segment that bears what somebody made up, and changes nothing of the talk. */
bool talk_forge(struct talk *talk, enum side side, uint8_t flags, uint32_t seq,
		uint32_t ack);
/* The lines of the connection: forward, reply. False: there are none in hg_flows. */
bool talk_lines(const struct talk *talk, struct hg_flow *lines[2]);
/* Time-out of the connection, by what its lines say; HG_TIMEOUTS: it is not there. */
uint32_t talk_timeout(const struct talk *talk);

#endif
