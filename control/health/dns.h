/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DNS messages of a check (RFC 1035 §4): one question out, one verdict on what comes
 * back. Pure.
 */
#ifndef HEALTH_DNS_H
#define HEALTH_DNS_H

#include <stddef.h>
#include <stdint.h>

#define DNS_QUERY_SIZE (12 + 255 + 4) /* header, longest name, type and class */

enum dns_answer {
	DNS_ANSWERED,  /* a response to this query; *ret_code is its RCODE */
	DNS_STRAY,     /* for another query: another id or question, or no response */
	DNS_MALFORMED, /* cut short */
};

/*
 * Write the query for a name ("example.com", a final dot is allowed; "" or "." is the
 * root): type A, class IN, recursion desired; for the root, type NS. Returns its length,
 * or -EINVAL when this is no domain name.
 */
int dns_query(const char *name, uint16_t id, uint8_t ret_query[DNS_QUERY_SIZE]);

/* Judge a received message against the query that was sent. */
enum dns_answer dns_judge(const uint8_t *query, size_t query_length,
			  const uint8_t *message, size_t length, unsigned *ret_code);

/* "NOERROR", "SERVFAIL", …; NULL for a code without a common name. */
const char *dns_code_name(unsigned code);

#endif
