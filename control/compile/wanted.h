/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wanted datapath state of one Service: what compile/ makes and datapath/ puts in force.
 * Plain data, deterministic: the same objects give the same bytes on every node and in
 * every version.
 */
#ifndef COMPILE_WANTED_H
#define COMPILE_WANTED_H

#include "../cluster/object.h"

enum frontend_kind { FRONTEND_CLUSTER_IP, FRONTEND_EXTERNAL_IP, FRONTEND_LOAD_BALANCER };

struct wanted_frontend {
	struct hg_addr addr;
	uint16_t port;
	enum frontend_kind kind;
	uint32_t flags; /* enum hg_service_flag */
};

enum backend_state {
	BACKEND_ACTIVE,	 /* takes new flows */
	BACKEND_STANDBY, /* serving, but takes none now: weight 0, terminating, not chosen
			  */
	BACKEND_DOWN, /* the health check failed, or not serving: UDP flows move away, TCP
			 stays */
};

/* Small, since there may be 100,000. */
struct wanted_backend {
	struct hg_addr addr;
	char *node; /* NULL: unknown */
	char *pod;  /* "namespace/name", NULL: unknown */
	uint16_t port;
	uint16_t weight;
	enum backend_state state : 8;
	enum { HEALTH_NONE, HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN } health : 8;
	bool terminating;
};

/* One group of frontends with one list of backends: a service port in one family and
 * traffic policy. */
struct wanted_port {
	char *key;  /* "shop/cart:http/TCP/IPv4" (+ "/local" for the Local list), unique,
		       stable */
	char *name; /* the port's name, "" when absent */
	uint8_t protocol;
	uint16_t port;
	bool is_v6;
	enum algorithm algorithm;
	enum forwarding forwarding;
	uint32_t affinity_s; /* 0: none */
	int64_t drain_s;
	struct wanted_frontend *frontends; /* sorted by address, port */
	size_t frontend_count;
	struct wanted_backend *backends; /* BACKEND_ACTIVE first, then the others; each
					    sorted by addr, port */
	size_t backend_count;
	size_t active_count;
	uint16_t *slots; /* table over the active ones: positions < active_count; NULL
			    when none, or when it has been dropped */
	uint32_t slot_count;
	uint64_t table_hash[2]; /* equal for equal tables: addresses, ports, weights,
				   algorithm, size, seed */
	struct cidr_list source_ranges; /* of this family; when a frontend has
					   HG_SERVICE_SOURCE_RANGES */
};

struct wanted_check {
	struct hg_addr addr;
	uint16_t port; /* check port, resolved */
};

struct wanted_service {
	char *namespace;
	char *name;
	struct wanted_port *ports; /* sorted by key */
	size_t port_count;
	struct check_spec check;     /* applies to all checks below */
	struct wanted_check *checks; /* distinct, sorted */
	size_t check_count;
};

/* Free the slots of all tables, which nobody reads once they are in force. */
void wanted_service_drop_slots(struct wanted_service *service);
void wanted_service_free(struct wanted_service *service);

#endif
