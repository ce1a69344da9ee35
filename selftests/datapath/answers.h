/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a refused client gets. Edits for rows: the packet in becomes the answer to it. The
 * contract fixes addresses, ports, flags, numbers, types, the quote and all checksums; it
 * leaves TTL, TOS, the IPv4 identifier and the length of a quote to the datapath, so
 * these are taken from the answer itself (within bounds that the RFCs set).
 */
#ifndef DATAPATH_ANSWERS_H
#define DATAPATH_ANSWERS_H

#include "scene.h"

/* TCP RST by RFC 9293 §3.10.7.1. */
void answered_by_reset(struct scene *scene, struct packet *packet);
/* Destination unreachable, port. */
void answered_port_unreachable(struct scene *scene, struct packet *packet);
/* Time exceeded in transit. */
void answered_time_exceeded(struct scene *scene, struct packet *packet);
/* Fragmentation needed / packet too big, naming this MTU. */
void answered_too_big(const struct scene *scene, struct packet *packet, uint32_t mtu);
/* An error of type and code from `from`, about the packet as it came. */
void answered_by_error(const struct scene *scene, struct packet *packet, uint8_t type,
		       uint8_t code);

/* Take over from the answer what the contract leaves open. */
void answers_leave_open(const struct scene *scene, struct packet *packet);

#endif
