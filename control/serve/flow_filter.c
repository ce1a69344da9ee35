/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "flow_filter.h"

static int parse_port(const char *text, uint16_t *ret_port)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	unsigned long port = strtoul(text, &end, 10);

	if (*end || port < 1 || port > 65535)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

/* Find the address and the port within text: both are cut out of a copy. */
static int split_port(char *text, char **ret_addr, char **ret_port)
{
	char *close = strchr(text, ']');

	*ret_addr = text;
	*ret_port = NULL;
	if (*text == '[') {
		if (!close || (close[1] && close[1] != ':'))
			return -EINVAL;
		*close = '\0';
		*ret_addr = text + 1;
		*ret_port = close[1] ? close + 2 : NULL;
		return 0;
	}
	char *colon = strchr(text, ':');

	if (colon && colon == strrchr(text, ':')) {
		*colon = '\0';
		*ret_port = colon + 1;
	}
	return 0;
}

int flow_end_parse(const char *text, struct flow_end *ret_end)
{
	struct flow_end end = { .given = true };
	char copy[ADDR_TEXT], *addr, *port;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, strlen(text) + 1);
	int r = split_port(copy, &addr, &port);

	if (r < 0)
		return r;
	if (port) {
		r = parse_port(port, &end.port);
		if (r < 0)
			return r;
	}
	r = cidr_parse(addr, &end.cidr);
	if (r < 0)
		return r;
	*ret_end = end;
	return 0;
}

int flow_protocol_parse(const char *text, uint8_t *ret_protocol)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

	for (size_t i = 0; i < sizeof(protocols); i++) {
		if (strcasecmp(text, protocol_print(protocols[i])) != 0)
			continue;
		*ret_protocol = protocols[i];
		return 0;
	}
	return -EINVAL;
}

int flow_service_parse(const char *text, struct flow_filter *filter)
{
	const char *slash = strchr(text, '/');

	if (!slash || slash == text || !slash[1] || strchr(slash + 1, '/'))
		return -EINVAL;
	size_t before = (size_t)(slash - text), after = strlen(slash + 1);

	if (before >= sizeof(filter->namespace) || after >= sizeof(filter->service))
		return -EINVAL;
	memcpy(filter->namespace, text, before);
	filter->namespace[before] = '\0';
	memcpy(filter->service, slash + 1, after + 1);
	return 0;
}

bool flow_filter_is_empty(const struct flow_filter *filter)
{
	return !filter->client.given && !filter->vip.given && !filter->backend.given &&
	       !filter->protocol && !filter->service[0];
}

static bool end_matches(const struct flow_end *end, const struct hg_addr *addr,
			uint16_t port)
{
	if (!end->given)
		return true;
	return (!end->port || end->port == port) && cidr_contains(&end->cidr, addr);
}

static bool port_has_frontend(const struct wanted_port *port,
			      const struct datapath_flow *flow)
{
	if (port->protocol != flow->protocol)
		return false;
	for (size_t i = 0; i < port->frontend_count; i++) {
		const struct wanted_frontend *frontend = &port->frontends[i];

		if (frontend->port == flow->vport &&
		    addr_compare(&frontend->addr, &flow->vip) == 0)
			return true;
	}
	return false;
}

static bool service_matches(const struct flow_filter *filter,
			    const struct datapath_flow *flow)
{
	if (!filter->service[0])
		return true;
	if (!filter->of_service || flow->direct)
		return false;
	for (size_t i = 0; i < filter->of_service->port_count; i++) {
		if (port_has_frontend(&filter->of_service->ports[i], flow))
			return true;
	}
	return false;
}

bool flow_filter_matches(const struct flow_filter *filter,
			 const struct datapath_flow *flow)
{
	if (filter->protocol && filter->protocol != flow->protocol)
		return false;
	return end_matches(&filter->client, &flow->client, flow->client_port) &&
	       end_matches(&filter->vip, &flow->vip, flow->vport) &&
	       end_matches(&filter->backend, &flow->backend, flow->backend_port) &&
	       service_matches(filter, flow);
}

/*
 * First row that fits, by what the client (c) and the backend (b) have sent. `either`
 * takes a flag from any of both.
 */
struct state_row {
	uint8_t protocol;
	uint32_t client, backend, either;
	const char *name;
};

static const struct state_row states[] = {
	{ IPPROTO_TCP, 0, 0, HG_FLOW_RST, "CLOSE" },
	{ IPPROTO_TCP, HG_FLOW_FIN, HG_FLOW_FIN, 0, "TIME_WAIT" },
	{ IPPROTO_TCP, HG_FLOW_FIN, 0, 0, "FIN_WAIT" },
	{ IPPROTO_TCP, 0, HG_FLOW_FIN, 0, "CLOSE_WAIT" },
	{ IPPROTO_TCP, HG_FLOW_ACK, 0, 0, "ESTABLISHED" },
	{ IPPROTO_TCP, 0, HG_FLOW_SYN, 0, "SYN_RECV" },
	{ IPPROTO_TCP, 0, 0, 0, "SYN_SENT" },
	{ IPPROTO_SCTP, 0, 0, HG_FLOW_RST, "CLOSED" },
	{ IPPROTO_SCTP, 0, 0, HG_FLOW_FIN, "SHUTDOWN" },
	{ IPPROTO_SCTP, HG_FLOW_ACK, 0, 0, "ESTABLISHED" },
	{ IPPROTO_SCTP, 0, HG_FLOW_SYN, 0, "COOKIE_ECHOED" },
	{ IPPROTO_SCTP, 0, 0, 0, "COOKIE_WAIT" },
};

/* What has no states of its own is told like UDP. */
const char *flow_state_name(const struct datapath_flow *flow)
{
	if (flow->protocol != IPPROTO_TCP && flow->protocol != IPPROTO_SCTP) {
		if (!flow->backend_seen)
			return "UNREPLIED";
		return flow->embryonic ? "REPLIED" : "ASSURED";
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		const struct state_row *row = &states[i];
		uint32_t either = flow->client_seen | flow->backend_seen;

		if (row->protocol == flow->protocol &&
		    (flow->client_seen & row->client) == row->client &&
		    (flow->backend_seen & row->backend) == row->backend &&
		    (either & row->either) == row->either)
			return row->name;
	}
	return "UNKNOWN";
}
