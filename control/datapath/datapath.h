/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only code that touches BPF: load, pin, attach; difference between wanted and
 * applied; flows swept and listed; counters read. Programs, maps and attachments outlive
 * this process.
 */
#ifndef DATAPATH_DATAPATH_H
#define DATAPATH_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>
#include "../compile/wanted.h"
#include "../lib/complaint.h"

struct datapath;

#define DATAPATH_PIN_ROOT "/sys/fs/bpf/headgate"

enum xdp_mode { XDP_MODE_NATIVE, XDP_MODE_GENERIC };

struct datapath_options {
	const char *pin_root; /* DATAPATH_PIN_ROOT by default */
	enum xdp_mode xdp_mode;
	uint32_t flows; /* flows that the table holds at 50 % load: lines = 4 × */
	uint32_t
	    half_open;	/* flows whose client is unproved: lines = 2 ×; 0: by memory */
	uint32_t slots; /* entries of all lookup tables */
	uint32_t backends;		       /* frontend × endpoint records, < 2^20 */
	uint32_t services;		       /* frontend records */
	uint32_t policy_pods;		       /* pods' addresses; 0: 16,384 */
	uint16_t port_first, port_last;	       /* SNAT ports */
	uint64_t slot_seed;		       /* the same on all balancers */
	const struct cidr_list *cluster_cidrs; /* empty: clusterIPs answer everybody */
	const struct addr_list *snat_addrs;    /* empty: the route's */
	bool answer_neighbours;
	bool pods;	   /* --pod-interfaces given */
	bool source_check; /* a known pod sends from its own addresses only */
	uint32_t timeouts_s[HG_TIMEOUTS];
};

/* How the datapath learns where an address lies; the controller answers from netlink/. */
struct datapath_resolver {
	void *context;
	int (*find)(void *context, const struct hg_addr *addr, uint32_t *ret_hop,
		    uint32_t *ret_pod_ifindex, struct hg_addr *ret_source);
	void (*release)(void *context, uint32_t hop);
};

/*
 * Load the programs (or replace those of a previous daemon on the same pinned maps). On
 * failure: -errno and a complaint that says what, why and the remedy (privilege, BTF,
 * verifier with its last lines, foreign or older pins, memory); whatever was in force
 * stays in force.
 */
int datapath_open(const struct datapath_options *options,
		  const struct datapath_resolver *resolver, struct complaints *complaints,
		  struct datapath **ret_datapath);
/* Closes; leaves everything pinned and attached. */
void datapath_close(struct datapath *datapath);
/* Detach and unpin all of pin_root. 0 also when there is nothing. */
int datapath_uninstall(const char *pin_root, struct complaints *complaints);

/* Attach to a NIC (XDP, tc) or to the host end of a pod's interface (tc, from the
 * pod).
 * Idempotent. */
int datapath_attach_nic(struct datapath *datapath, uint32_t ifindex, const char *name,
			struct complaints *complaints);
int datapath_attach_pod(struct datapath *datapath, uint32_t ifindex, const char *name,
			struct complaints *complaints);
int datapath_detach(struct datapath *datapath, uint32_t ifindex);
/* How a NIC carries XDP: "native", "native by libxdp's dispatcher", "generic"; and why in
 * a sentence. */
struct datapath_attachment {
	uint32_t ifindex;
	char name[16];
	char mode[32];
	char remark[320]; /* "" or why it is not the dispatcher, checksum warning, … */
};
size_t datapath_attachments(const struct datapath *datapath,
			    struct datapath_attachment *ret, size_t size);
int datapath_set_link(struct datapath *datapath, uint32_t ifindex,
		      const struct hg_link *link);
/*
 * To which MACs frames are sent that a NIC takes. None, or more than HG_MACS_EACH: it takes
 * all, as it does until it is told. 0, or -errno; -EEXIST: another NIC has the place.
 */
int datapath_set_macs(struct datapath *datapath, uint32_t ifindex,
		      const uint8_t (*macs)[6], size_t count);

/*
 * Make a Service what is wanted (NULL: remove it). Order of writes: backends, tables,
 * services, then deletes. 0, or -errno with a complaint; then the old state of this
 * Service stays in force and the caller retries. Idempotent: a second call with the same
 * content writes nothing.
 */
int datapath_apply(struct datapath *datapath, const char *namespace, const char *name,
		   const struct wanted_service *wanted, struct complaints *complaints);
/*
 * Whether the backend is in force and marked as not serving (its check failed), also by a
 * previous daemon. Fits compile_input.is_out; context is the datapath.
 */
bool datapath_is_out(void *datapath, const struct hg_addr *addr, uint16_t port,
		     uint8_t protocol);
/*
 * After a restart: call once when every Service known has been applied. Removes what the
 * previous daemon left and nobody wants any more.
 */
int datapath_settle(struct datapath *datapath, struct complaints *complaints);

int datapath_set_hop(struct datapath *datapath, uint32_t index, const struct hg_hop *hop);
/* Routes changed: ask the resolver again for every backend, bump the route epoch. */
int datapath_reroute(struct datapath *datapath, struct complaints *complaints);
/* Nodes' addresses that count as inside --cluster-cidr. */
int datapath_set_inside(struct datapath *datapath, const struct cidr_list *cidrs);

/* ---- policy ---- */
struct policy_tables;
/*
 * The maps of policy, for the compiler to write. Mapped by the first call, which a cluster
 * without NetworkPolicies never makes, until the datapath is closed. 0, or -errno with a
 * complaint.
 */
int datapath_policy_tables(struct datapath *datapath, struct complaints *complaints,
			   struct policy_tables *ret_tables);
/* What is in force, perhaps from a previous daemon: hg_state.policy. */
uint32_t datapath_policy_state(const struct datapath *datapath);
/* Return when no program is under way that began before. Any thread may call it, once a
 * datapath has been opened. */
void datapath_wait_for_readers(void);

/* Whose addresses lie behind the host end of a pod's interface. */
struct datapath_pod {
	struct hg_addr addrs[2]; /* IPv4, IPv6; zero: none. Both zero: nobody's */
	uint32_t places[2];	 /* in hg_policy_pods; 0: no policy knows the address */
};
/* 0, -ENOSPC: no line is free near the interface's number, or -errno. Idempotent. */
int datapath_set_pod(struct datapath *datapath, uint32_t ifindex,
		     const struct datapath_pod *pod);
/* What was set, also by a previous daemon; stops when visit returns non-zero. */
int datapath_each_pod(struct datapath *datapath,
		      int (*visit)(void *context, uint32_t ifindex,
				   const struct datapath_pod *pod),
		      void *context);
/* After a restart: call once when every pod known has been set. Clears the others. */
int datapath_settle_pods(struct datapath *datapath);

/*
 * A slice of periodic work: sweep the next window of the flow tables, free ranges and
 * backends whose quarantine or drain is over. Call every sweep_interval_ms; 1–4 ms of
 * work. now_ticks: coarse clock >> HG_TICK_SHIFT.
 */
void datapath_tick(struct datapath *datapath);
unsigned datapath_tick_interval_ms(const struct datapath *datapath);

/* ---- reading ---- */
struct datapath_counters {
	uint64_t packets[2], bytes[2]; /* towards backends, from them */
	uint64_t created, active;
};
/* Sum over CPUs of one backend as one frontend sees it. 0 or -ENOENT. */
int datapath_backend_counters(const struct datapath *datapath, const char *port_key,
			      const struct hg_addr *vip, const struct hg_addr *backend,
			      uint16_t backend_port,
			      struct datapath_counters *ret_counters);
/* Backends that left the Service and still hold flows are listed here too. */
struct datapath_backend_view {
	struct hg_addr addr;
	uint16_t port;
	struct hg_addr vip;
	bool wanted;	/* false: draining after removal */
	bool reachable; /* next hop known and resolved */
	struct datapath_counters counters;
};
int datapath_each_backend(const struct datapath *datapath, const char *port_key,
			  int (*visit)(void *context,
				       const struct datapath_backend_view *view),
			  void *context);

struct datapath_reason {
	uint64_t packets, bytes;
};
int datapath_reasons(const struct datapath *datapath, struct datapath_reason *ret,
		     size_t size);

/* A packet that policy refused, or would have. */
struct datapath_refusal {
	uint32_t number;	 /* counts on, and around */
	struct hg_addr from, to; /* the real client, the real destination */
	uint8_t protocol;
	uint16_t port;
	uint32_t reason;  /* enum hg_reason; 0: audit, it passed */
	uint32_t counter; /* of the rule set; see policy_set_of_counter() */
	uint32_t age_s;
};
/* The latest ones, newest first. Returns how many. */
size_t datapath_refusals(const struct datapath *datapath, struct datapath_refusal *ret,
			 size_t size);

struct datapath_flow {
	struct hg_addr client, vip, backend, snat; /* snat ::: none */
	/* Through no Service, known because policy isolates an end: vip is where the client
	 * sent to, the backend's own address. */
	bool direct;
	uint16_t client_port, vport, backend_port, snat_port;
	uint8_t protocol;
	bool embryonic;
	uint32_t client_seen,
	    backend_seen; /* enum hg_flow_ctl flags of either direction */
	uint32_t idle_s, expires_s;
};
/* Every forward entry once; stops when visit returns non-zero and returns that. */
int datapath_each_flow(struct datapath *datapath,
		       int (*visit)(void *context, const struct datapath_flow *flow),
		       void *context);
/* Delete the flows for which match says true. Returns how many, or -errno. */
int datapath_delete_flows(struct datapath *datapath,
			  bool (*match)(void *context, const struct datapath_flow *flow),
			  void *context);

struct datapath_usage {
	const char *map; /* "hg_slots" */
	uint64_t used, size, bytes;
};
size_t datapath_usage(const struct datapath *datapath, struct datapath_usage *ret,
		      size_t size);

#endif
