/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which flows are meant: by client, virtual address, backend, protocol, Service. What is
 * not given matches everything.
 */
#ifndef SERVE_FLOW_FILTER_H
#define SERVE_FLOW_FILTER_H

#include "api_state.h"

struct flow_end {
	bool given;
	struct cidr cidr;
	uint16_t port; /* 0: any */
};

struct flow_filter {
	struct flow_end client, vip, backend;
	uint8_t protocol;			 /* 0: any */
	char namespace[64], service[254];	 /* "": any */
	const struct wanted_service *of_service; /* resolved from these before matching */
};

/* "10.0.0.1", "10.0.0.0/8", "10.0.0.1:80", "fd00::1", "[fd00::1]:80". 0 or -EINVAL. */
int flow_end_parse(const char *text, struct flow_end *ret_end);
/* "tcp", "UDP", "sctp". 0 or -EINVAL. */
int flow_protocol_parse(const char *text, uint8_t *ret_protocol);
/* "shop/cart". 0 or -EINVAL. */
int flow_service_parse(const char *text, struct flow_filter *filter);
bool flow_filter_is_empty(const struct flow_filter *filter);
bool flow_filter_matches(const struct flow_filter *filter,
			 const struct datapath_flow *flow);

/* "ESTABLISHED", "TIME_WAIT", "ASSURED": what netfilter's users call it. */
const char *flow_state_name(const struct datapath_flow *flow);

#endif
