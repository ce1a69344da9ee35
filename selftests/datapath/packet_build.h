/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets from descriptions. A test says what a packet is (struct packet), edits a copy
 * into what it must become, and builds both: every length and checksum is computed from
 * scratch, so the expected frame owes nothing to the arithmetic under test.
 *
 * Numbers are in host order, addresses in network order (struct hg_addr). A description
 * is plain data: copy and edit it freely. `quote` is borrowed.
 */
#ifndef DATAPATH_PACKET_BUILD_H
#define DATAPATH_PACKET_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headgate/abi.h>

#define FRAME_ROOM 9216U /* a jumbo frame */

enum packet_protocol {
	PROTOCOL_HOPOPTS = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_ICMP6 = 58,
	PROTOCOL_NONE = 59,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_SCTP = 132,
};

enum packet_tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
};

enum packet_sctp_chunk {
	SCTP_DATA = 0,
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_SHUTDOWN_ACK = 8,
	SCTP_COOKIE_ECHO = 10,
	SCTP_COOKIE_ACK = 11,
	SCTP_SHUTDOWN_COMPLETE = 14,
};

#define PACKET_EXTENSIONS 12

struct packet {
	uint8_t smac[6], dmac[6];
	uint8_t vlans; /* 0 to 3 tags; the outer one is 802.1ad when there are two */
	uint16_t vlan[3];
	uint16_t ethertype; /* 0: by family; else written as it is */
	uint8_t padding;    /* bytes after the IP packet, as short frames carry them */

	uint8_t family; /* 4 or 6 */
	struct hg_addr src, dst;
	uint8_t ttl, tos;
	bool dont_fragment;
	bool no_length;	 /* a train of segments: the IP header says 0 */
	uint8_t options; /* IPv4: bytes of options, a multiple of 4, ≤ 40 */
	uint8_t extensions;
	uint8_t extension[PACKET_EXTENSIONS]; /* IPv6: kinds, in order, 8 bytes each */

	/* A fragment carries bytes [slice, slice + slice_size) of the whole datagram. */
	bool fragmented;
	uint16_t slice, slice_size;
	uint32_t id;

	uint8_t protocol;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags; /* enum packet_tcp_flag */
	uint16_t window;
	uint8_t tcp_options;   /* bytes, a multiple of 4 */
	bool no_checksum;      /* UDP: send zero */
	uint16_t check_damage; /* added to the right checksum: stays wrong by as much */
	uint8_t chunk;	       /* enum packet_sctp_chunk; also the tag below */
	uint32_t tag;
	uint8_t icmp_type, icmp_code;
	uint32_t icmp_word; /* MTU, or identifier and sequence */
	const struct packet
	    *quote;	     /* ICMP error: the packet it is about, as it was seen */
	uint16_t quote_size; /* of its layer 4; 0: all of it */

	const uint8_t *body; /* borrowed; NULL: a pattern grown from `pattern` */
	uint16_t payload;
	uint32_t pattern;

	uint16_t arp; /* 1 request, 2 reply: then src, dst, smac and arp_dmac only */
	uint8_t arp_dmac[6];
};

/* The frame's bytes in frame (FRAME_ROOM or more). Returns its length. */
size_t packet_build(const struct packet *packet, uint8_t *frame);
/* Layer 3 alone: what an ICMP error quotes. Returns its length. */
size_t packet_build_ip(const struct packet *packet, uint8_t *ip);
/* Layer 3 length of the frame without padding: what the counters count. */
size_t packet_size(const struct packet *packet);

void packet_write16(uint8_t *place, uint16_t value);
void packet_write32(uint8_t *place, uint32_t value);
uint16_t packet_read16(const uint8_t *place);
uint32_t packet_read32(const uint8_t *place);

#endif
