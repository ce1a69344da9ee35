/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses in and out of text. inet_pton() is not enough for input: Kubernetes objects
 * made before strict validation carry leading zeros that mean decimal ("172.30.0.041"),
 * which inet_pton() refuses and inet_aton() reads as octal. Output is canonical: an
 * address has one text, so texts may be compared, sorted and used as keys.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const unsigned char V4_PREFIX[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* Decimal digits up to limit; advances *text past them. -1 when there are none or the
 * number exceeds the limit. */
static int parse_decimal(const char **text, int limit)
{
	const char *at = *text;
	int number = 0;

	if (*at < '0' || *at > '9')
		return -1;
	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (*at - '0');
		if (number > limit)
			return -1;
	}
	*text = at;
	return number;
}

static int parse_v4(const char *text, unsigned char ret_bytes[4])
{
	unsigned char bytes[4];

	for (int i = 0; i < 4; i++) {
		int number = parse_decimal(&text, 255);

		if (number < 0 || *text != (i < 3 ? '.' : '\0'))
			return -EINVAL;
		bytes[i] = (unsigned char)number;
		text++;
	}
	memcpy(ret_bytes, bytes, sizeof(bytes));
	return 0;
}

/* The dotted tail of "64:ff9b::192.0.2.01" is read as sloppily as a bare IPv4 address. */
static int parse_v6(const char *text, struct hg_addr *ret_addr)
{
	const char *tail = strrchr(text, ':') + 1;
	unsigned char v4[4];
	char plain[INET6_ADDRSTRLEN];
	int length;

	if (!strchr(tail, '.'))
		return inet_pton(AF_INET6, text, ret_addr->bytes) == 1 ? 0 : -EINVAL;
	if (parse_v4(tail, v4) < 0)
		return -EINVAL;
	length = snprintf(plain, sizeof(plain), "%.*s%02x%02x:%02x%02x",
			  (int)(tail - text), text, v4[0], v4[1], v4[2], v4[3]);
	if (length >= (int)sizeof(plain))
		return -EINVAL;
	return inet_pton(AF_INET6, plain, ret_addr->bytes) == 1 ? 0 : -EINVAL;
}

int addr_parse(const char *text, struct hg_addr *ret_addr)
{
	struct hg_addr addr;
	int r;

	if (strchr(text, ':')) {
		r = parse_v6(text, &addr);
	} else {
		memcpy(addr.bytes, V4_PREFIX, sizeof(V4_PREFIX));
		r = parse_v4(text, addr.bytes + sizeof(V4_PREFIX));
	}
	if (r < 0)
		return r;
	*ret_addr = addr;
	return 0;
}

void addr_clear_host_bits(struct hg_addr *addr, unsigned bits)
{
	for (unsigned i = 0; i < sizeof(addr->bytes); i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;

		if (kept < 8)
			addr->bytes[i] &= (unsigned char)(0xff00 >> kept);
	}
}

static int split_cidr(const char *text, char *ret_addr, const char **ret_bits)
{
	size_t length;

	while (*text == ' ')
		text++;
	length = strcspn(text, "/ ");
	if (length >= INET6_ADDRSTRLEN)
		return -EINVAL;
	memcpy(ret_addr, text, length);
	ret_addr[length] = '\0';
	*ret_bits = text + length;
	return 0;
}

int cidr_parse(const char *text, struct cidr *ret_cidr)
{
	char addr[INET6_ADDRSTRLEN];
	const char *rest;
	struct cidr cidr;
	int bits, family_bits, r;

	r = split_cidr(text, addr, &rest);
	if (r < 0)
		return r;
	r = addr_parse(addr, &cidr.addr);
	if (r < 0)
		return r;
	family_bits = strchr(addr, ':') ? 128 : 32;
	bits = family_bits;
	if (*rest == '/') {
		rest++;
		bits = parse_decimal(&rest, family_bits);
		if (bits < 0)
			return -EINVAL;
	}
	if (rest[strspn(rest, " ")] != '\0')
		return -EINVAL;
	cidr.bits = (unsigned char)(128 - family_bits + bits);
	addr_clear_host_bits(&cidr.addr, cidr.bits);
	*ret_cidr = cidr;
	return 0;
}

bool addr_is_v4(const struct hg_addr *addr)
{
	return memcmp(addr->bytes, V4_PREFIX, sizeof(V4_PREFIX)) == 0;
}

bool addr_is_zero(const struct hg_addr *addr)
{
	return (addr->halves[0] | addr->halves[1]) == 0;
}

int addr_compare(const struct hg_addr *a, const struct hg_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool cidr_contains(const struct cidr *cidr, const struct hg_addr *addr)
{
	struct hg_addr network = *addr;

	addr_clear_host_bits(&network, cidr->bits);
	return addr_compare(&network, &cidr->addr) == 0;
}

const char *addr_print(const struct hg_addr *addr, char *buffer)
{
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr->bytes + sizeof(V4_PREFIX), buffer, ADDR_TEXT);
	else
		inet_ntop(AF_INET6, addr->bytes, buffer, ADDR_TEXT);
	return buffer;
}

const char *addr_print_port(const struct hg_addr *addr, unsigned port, char *buffer)
{
	char text[INET6_ADDRSTRLEN + 1];
	bool is_v4 = addr_is_v4(addr);

	inet_ntop(is_v4 ? AF_INET : AF_INET6,
		  addr->bytes + (is_v4 ? sizeof(V4_PREFIX) : 0), text, sizeof(text));
	snprintf(buffer, ADDR_TEXT, is_v4 ? "%s:%u" : "[%s]:%u", text, port & 0xffff);
	return buffer;
}

const char *cidr_print(const struct cidr *cidr, char *buffer)
{
	bool is_v4 = addr_is_v4(&cidr->addr) && cidr->bits >= 96;
	size_t length;

	addr_print(&cidr->addr, buffer);
	length = strlen(buffer);
	snprintf(buffer + length, ADDR_TEXT - length, "/%u",
		 cidr->bits - (is_v4 ? 96U : 0U));
	return buffer;
}

socklen_t addr_to_sockaddr(const struct hg_addr *addr, unsigned port,
			   struct sockaddr_storage *ret)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	memset(ret, 0, sizeof(*ret));
	if (addr_is_v4(addr)) {
		v4.sin_port = htons((uint16_t)port);
		memcpy(&v4.sin_addr, addr->bytes + sizeof(V4_PREFIX),
		       sizeof(v4.sin_addr));
		memcpy(ret, &v4, sizeof(v4));
		return sizeof(v4);
	}
	v6.sin6_port = htons((uint16_t)port);
	memcpy(&v6.sin6_addr, addr->bytes, sizeof(v6.sin6_addr));
	memcpy(ret, &v6, sizeof(v6));
	return sizeof(v6);
}

void addr_from_v4(unsigned int network_order, struct hg_addr *ret_addr)
{
	memcpy(ret_addr->bytes, V4_PREFIX, sizeof(V4_PREFIX));
	memcpy(ret_addr->bytes + sizeof(V4_PREFIX), &network_order,
	       sizeof(network_order));
}

const char *protocol_print(unsigned protocol)
{
	static char unknown[24];

	switch (protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	case IPPROTO_ICMP:
		return "ICMP";
	case IPPROTO_ICMPV6:
		return "ICMPv6";
	default:
		snprintf(unknown, sizeof(unknown), "proto-%u", protocol);
		return unknown;
	}
}
