/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kubernetes objects as Headgate knows them: what both sources (manifests, later the API)
 * yield and what everything else reads. Only the fields that are used (service-semantics
 * §2.7), typed and validated. An object owns its strings and arrays.
 */
#ifndef CLUSTER_OBJECT_H
#define CLUSTER_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/addr.h"
#include "../lib/complaint.h"

enum object_kind {
	OBJECT_SERVICE,
	OBJECT_ENDPOINT_SLICE,
	OBJECT_POD,
	OBJECT_NAMESPACE,
	OBJECT_NODE,
	OBJECT_NETWORK_POLICY,
	OBJECT_KINDS
};

const char *object_kind_name(enum object_kind kind); /* "Service", "EndpointSlice", … */

struct label {
	char *key;
	char *value;
};

struct addr_list {
	struct hg_addr *items;
	size_t count;
};

struct cidr_list {
	struct cidr *items;
	size_t count;
};

/* ---- Service ---- */
struct service_port {
	char *name;	  /* "" when absent */
	uint8_t protocol; /* IPPROTO_TCP, _UDP, _SCTP */
	uint16_t port;
	uint16_t node_port;   /* 0: none; read, not served yet */
	uint16_t target_port; /* 0: absent or a name; only SCTP looks at it */
};

enum check_type { CHECK_NONE, CHECK_TCP, CHECK_HTTP, CHECK_HTTPS, CHECK_UDP, CHECK_DNS };

/* annotations headgate.io/check-…; defaults are in source/annotation.c and
 * headgate.manifests(5) */
struct check_spec {
	enum check_type type;
	uint16_t port; /* 0: the backend's own */
	char *path;    /* HTTP(S), "/" by default */
	char *host;    /* HTTP(S) Host header and SNI; NULL: the address */
	uint16_t status_first,
	    status_last; /* HTTP(S) accepted codes, 200-399 by default */
	char *send;	 /* UDP payload; DNS: the name asked for */
	char *expect;	 /* UDP: bytes that the answer must contain; NULL: any answer */
	unsigned interval_ms, timeout_ms;
	unsigned rise, fall;
};

enum algorithm { ALGORITHM_MAGLEV, ALGORITHM_RANDOM, ALGORITHM_ROUND_ROBIN };
enum forwarding { FORWARD_SNAT, FORWARD_NAT };
enum no_backend { NO_BACKEND_REJECT, NO_BACKEND_DROP };

/* What Kubernetes has no word for: annotations headgate.io/… on the Service. */
struct service_options {
	enum algorithm algorithm;
	uint32_t table_size; /* 0: by backends, ≥ 100 slots each; see compile/table.c */
	enum forwarding forwarding;
	enum no_backend no_backend;
	bool expose;	 /* clusterIP answers sources outside --cluster-cidr too */
	bool panic;	 /* all backends down: use all (default true) */
	int64_t drain_s; /* after an endpoint left: cut its TCP flows; -1 never */
	struct check_spec check;
};

struct service {
	bool skip; /* headless, ExternalName, owned by another proxy (service-semantics
		      1-4) */
	struct addr_list cluster_ips;
	struct addr_list external_ips;
	struct addr_list load_balancer_ips; /* status ingress[].ip with ipMode VIP,
					       spec.loadBalancerIP */
	struct cidr_list source_ranges;
	struct service_port *ports;
	size_t port_count;
	bool affinity; /* ClientIP */
	uint32_t affinity_timeout_s;
	bool internal_local; /* internalTrafficPolicy: Local */
	bool external_local; /* externalTrafficPolicy: Local, where it counts */
	struct service_options options;
};

/* ---- EndpointSlice ---- */
struct slice_port {
	char *name;
	uint8_t protocol;
	uint16_t port; /* ports without number are left out by the reader */
};

struct endpoint_hints {
	char **zones; /* forZones[].name, NULL-terminated; NULL: none */
	char **nodes; /* forNodes[].name */
};

/* Small, since there may be 100,000. */
struct slice_endpoint {
	struct hg_addr addr;	      /* addresses[0] */
	char *node_name;	      /* NULL: absent */
	char *target;		      /* targetRef "namespace/name" of a Pod, or NULL */
	struct endpoint_hints *hints; /* NULL: none */
	/* annotation headgate.io/weights, 1 by default; 0: no new flows */
	uint16_t weight;
	bool ready, serving, terminating; /* defaults applied */
};

struct endpoint_slice {
	char *service; /* label kubernetes.io/service-name, in the slice's namespace;
			  NULL: ignored */
	bool is_v6;
	bool skip; /* FQDN, headless */
	struct slice_port *ports;
	size_t port_count;
	struct slice_endpoint *endpoints;
	size_t endpoint_count;
};

/* ---- Pod, Namespace, Node ---- */
struct container_port {
	char *name; /* ports without a name are left out by the reader */
	uint8_t protocol;
	uint16_t port;
};

struct pod {
	struct addr_list ips;
	struct container_port *ports; /* of spec.containers */
	size_t port_count;
	char *node_name;
	bool host_network;
	bool terminated; /* phase Succeeded or Failed: it has no address any more */
};

struct node {
	struct addr_list addrs; /* InternalIP, then ExternalIP */
	struct cidr_list pod_cidrs;
	char *zone; /* label topology.kubernetes.io/zone */
};

/* ---- NetworkPolicy ---- */
enum label_operator { LABEL_IN, LABEL_NOT_IN, LABEL_EXISTS, LABEL_DOES_NOT_EXIST };

/* matchLabels {k: v} is k In [v]. */
struct label_requirement {
	char *key;
	enum label_operator op;
	char **values; /* NULL-terminated; sorted; NULL: none */
};

/* All requirements must hold; none: everything matches. Sorted by key, then operator. */
struct label_selector {
	struct label_requirement *requirements;
	size_t count;
};

/* Blocks are of one family each: ::/0 holds no IPv4 address, whatever its bytes say. */
struct ip_block {
	struct cidr block; /* masked */
	struct cidr_list except;
};

struct policy_peer {
	bool has_pods, has_namespaces; /* neither: an ipBlock */
	struct label_selector pods, namespaces;
	struct ip_block block;
};

struct policy_port {
	uint8_t protocol;
	char *name;	      /* a named port, else NULL */
	uint16_t first, last; /* inclusive; all ports: 0-65535 */
};

/* No peers: all addresses. No ports: all ports of all protocols. */
struct policy_spec_rule {
	struct policy_peer *peers;
	size_t peer_count;
	struct policy_port *ports;
	size_t port_count;
};

struct network_policy {
	struct label_selector subjects;
	bool has_ingress, has_egress; /* policyTypes, defaults applied */
	struct policy_spec_rule *ingress, *egress;
	size_t ingress_count, egress_count;
	bool audit; /* annotation headgate.io/policy-mode: audit */
	/* It could not be read and has no good version: isolates, allows nothing. */
	bool refused;
};

struct object {
	enum object_kind kind;
	char *namespace; /* "" for Namespace and Node */
	char *name;
	struct label *labels; /* of Pods and Namespaces, for selectors */
	size_t label_count;
	struct place place;
	union {
		struct service service;
		struct endpoint_slice slice;
		struct pod pod;
		struct node node;
		struct network_policy policy;
	};
};

/* An object with room for the fields of its kind, and no others. NULL: out of memory. */
struct object *object_new(enum object_kind kind);
void object_free(struct object *object);
void object_drop_labels(struct object *object);
/* Parts of a policy, for whoever drops them before the whole. */
void label_selector_clear(struct label_selector *selector); /* is empty then */
void policy_rules_free(struct policy_spec_rule *rules, size_t count);
/* Equal in all that is used; where they were read from (place) does not count. */
bool object_equal(const struct object *a, const struct object *b);
/* What a complaint is about; names are borrowed. */
struct about object_about(const struct object *object, enum cause cause);
struct about object_about_named(enum object_kind kind, const char *namespace,
				const char *name, enum cause cause);
/* Is it about an object of this kind, whichever? */
bool object_about_is(const struct about *about, enum object_kind kind);

#endif
