/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The codec of DNS checks. A response must carry our id, be a response, and repeat our
 * question (letter case aside, RFC 1035 §2.3.3); whatever else arrives is stray: it may
 * be a late answer, or forged, and is not held against the server (RFC 5452 §9.1).
 * Records are not looked at: a server that answers NOERROR, with or without records, is
 * alive and serves the zone.
 */
#include "dns.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

#define HEADER	      12
#define LABEL_MAX     63
#define NAME_MAX_WIRE 255
#define TYPE_A	      1
#define TYPE_NS	      2
#define CLASS_IN      1
#define FLAG_RESPONSE 0x80 /* third byte */
#define FLAG_RECURSE  0x01 /* third byte */

static size_t put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return 2;
}

/* Labels with their lengths, ended by the root's empty one. Length or -EINVAL. */
static int encode_name(const char *name, uint8_t *out)
{
	size_t used = 0;

	while (*name && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > LABEL_MAX || used + label + 2 > NAME_MAX_WIRE)
			return -EINVAL;
		out[used++] = (uint8_t)label;
		memcpy(out + used, name, label);
		used += label;
		name += label;
		if (*name == '.' && name[1])
			name++;
	}
	out[used++] = 0;
	return (int)used;
}

int dns_query(const char *name, uint16_t id, uint8_t ret_query[DNS_QUERY_SIZE])
{
	uint8_t query[DNS_QUERY_SIZE] = { 0 };
	size_t used = HEADER;
	int length = encode_name(name, query + HEADER);

	if (length < 0)
		return length;
	put16(query, id);
	query[2] = FLAG_RECURSE;
	put16(query + 4, 1);
	used += (size_t)length;
	used += put16(query + used, length == 1 ? TYPE_NS : TYPE_A);
	used += put16(query + used, CLASS_IN);
	memcpy(ret_query, query, used);
	return (int)used;
}

static int same_question(const uint8_t *a, const uint8_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (tolower(a[i]) != tolower(b[i]))
			return 0;
	}
	return 1;
}

/*
 * A server that cannot parse or will not serve may answer with the header alone and no
 * question (FORMERR, NOTIMP, REFUSED): its id is then all that can match.
 */
enum dns_answer dns_judge(const uint8_t *query, size_t query_length,
			  const uint8_t *message, size_t length, unsigned *ret_code)
{
	if (length < HEADER)
		return DNS_MALFORMED;
	if (memcmp(query, message, 2) != 0 || !(message[2] & FLAG_RESPONSE))
		return DNS_STRAY;
	unsigned questions = (unsigned)message[4] << 8 | message[5];
	unsigned code = message[3] & 0x0f;

	if (questions > 1 || (questions == 0 && code == 0))
		return DNS_STRAY;
	if (questions == 1 && length < query_length)
		return DNS_MALFORMED;
	if (questions == 1 &&
	    !same_question(query + HEADER, message + HEADER, query_length - HEADER))
		return DNS_STRAY;
	*ret_code = code;
	return DNS_ANSWERED;
}

const char *dns_code_name(unsigned code)
{
	static const char *const names[] = { "NOERROR",	 "FORMERR", "SERVFAIL",
					     "NXDOMAIN", "NOTIMP",  "REFUSED" };

	return code < sizeof(names) / sizeof(names[0]) ? names[code] : NULL;
}
