/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses as the datapath knows them (struct hg_addr: 16 bytes, IPv4 mapped) in and out
 * of text.
 */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <headgate/abi.h>

#define ADDR_TEXT 64 /* longest "[address]:port" or CIDR with its NUL */

struct cidr {
	struct hg_addr addr; /* canonical: host bits are zero */
	unsigned char bits;  /* of 128: IPv4 /24 = 120 */
};

/*
 * Kubernetes' sloppy reading (service-semantics 14): leading zeros are decimal. 0 or
 * -EINVAL; *ret_addr is untouched on failure.
 */
int addr_parse(const char *text, struct hg_addr *ret_addr);
int cidr_parse(const char *text,
	       struct cidr *ret_cidr); /* a bare address is a host CIDR */
bool addr_is_v4(const struct hg_addr *addr);
bool addr_is_zero(const struct hg_addr *addr);			    /* :: */
int addr_compare(const struct hg_addr *a, const struct hg_addr *b); /* memcmp order */
void addr_clear_host_bits(struct hg_addr *addr, unsigned bits); /* keeps bits of 128 */
bool cidr_contains(const struct cidr *cidr, const struct hg_addr *addr);

/* Write text into buffer (ADDR_TEXT bytes) and return it: IPv4 dotted, IPv6 by RFC 5952.
 */
const char *addr_print(const struct hg_addr *addr, char *buffer);
const char *addr_print_port(const struct hg_addr *addr, unsigned port,
			    char *buffer); /* [v6]:port */
const char *cidr_print(const struct cidr *cidr, char *buffer);

/* port in host order. Returns the length to hand to connect(). */
socklen_t addr_to_sockaddr(const struct hg_addr *addr, unsigned port,
			   struct sockaddr_storage *ret);
void addr_from_v4(unsigned int network_order, struct hg_addr *ret_addr);

/* "TCP", "UDP", "SCTP", "ICMP", "ICMPv6"; unknown numbers print as "proto-N" from a static buffer. */
const char *protocol_print(unsigned protocol);

#endif
