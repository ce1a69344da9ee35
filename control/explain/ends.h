/* SPDX-License-Identifier: BSD-2-Clause */
/* What a question names: ends of connections and a port. */
#ifndef EXPLAIN_ENDS_H
#define EXPLAIN_ENDS_H

#include "explain.h"

struct ends_port {
	bool is_icmp;
	uint8_t protocol; /* of IPv4 for ICMP */
	uint16_t number;
};

struct end {
	const struct object
	    *object; /* Pod or Service; NULL: an address that is neither's */
	const struct hg_addr *addrs; /* of a pod; the one address that was given */
	size_t count;
	struct hg_addr addr;
	bool is_vip; /* addr is the Service's: only this one is meant */
};

/* 0, -ENOMEM, or -EINVAL after a sentence. end must stay where it is. */
int ends_read(const struct cluster *cluster, const char *text, struct body *body,
	      struct end *end);
int ends_read_port(const char *text, struct body *body, struct ends_port *ret_port);
void ends_put_port(const struct ends_port *port, struct body *body); /* in the root */
bool ends_is_service(const struct end *end);

/* Put "error": sentence in the root. Returns -EINVAL. */
int ends_refuse(struct body *body, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
