/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NetworkPolicies + Pods + Namespaces → rule sets, classes and views in the layout of
 * <headgate/policy.h>. Incremental: a change costs work in proportion to what it touches.
 * Pure: it writes memory that it is given (the datapath's maps, or plain memory for
 * `headgate policy test` and the tests) and calls what it is given for tries and hashes.
 */
#ifndef COMPILE_POLICY_H
#define COMPILE_POLICY_H

#include <headgate/policy.h>
#include "../cluster/cluster.h"

enum policy_mode { POLICY_ENFORCE, POLICY_AUDIT, POLICY_OFF };

struct policy_options {
	/* Pods of this node have rule sets in both directions; NULL: all pods have. */
	const char *node_name;
	/* Which pods have, in place of the node's; NULL: by node_name. */
	bool (*is_local)(void *context, const struct object *pod);
	void *context;
	enum policy_mode mode;
	bool keep_established;
};

/* Where the compiled policy lies. Arrays belong to the caller and stay where they are. */
struct policy_tables {
	struct hg_policy_row *rows;
	uint16_t *cells;
	struct hg_policy_set *sets;
	struct hg_policy_pod *pods;
	uint16_t *ports;     /* 2 banks × 3 protocols × 65,536 */
	uint16_t *v4;	     /* 2 banks × 65,536 */
	uint16_t *v4_blocks; /* × 256 */
	struct hg_policy_counter *counters;
	uint32_t row_count, cell_count, set_count, block_count, counter_count;
	uint32_t pod_count; /* a power of two + HG_POLICY_POD_WINDOW */
	uint32_t state;	    /* hg_state.policy in force when the compiler begins */
	uint64_t pod_seed;  /* of places in pods */

	void *context;
	/* 0 or -errno: -E2BIG or -ENOSPC when full. */
	int (*put_prefix)(void *context, unsigned bank, const struct cidr *prefix,
			  uint32_t class);
	int (*drop_prefix)(void *context, unsigned bank, const struct cidr *prefix);
	/* For the verdict: class of an IPv6 prefix, 0: none. */
	uint32_t (*find_prefix)(void *context, unsigned bank, const struct hg_addr *addr);
	/* Visit what is there from before (a restart); NULL: nothing is. */
	int (*each_prefix)(void *context, unsigned bank,
			   int (*visit)(void *visitor, const struct cidr *prefix),
			   void *visitor);
	/* The switch: one store of hg_state.policy. */
	void (*switch_to)(void *context, uint32_t state);
	/* Return when no packet is under way that has read an older state. */
	void (*wait_for_readers)(void *context);
};

/* Index in pods of a pod's address; 0: it is none's, or not known. */
uint32_t policy_find_pod(const struct policy_tables *tables, const struct hg_addr *addr);

struct policy; /* the compiler with all that it knows */

/* NULL: out of memory. The tables' description is copied. */
struct policy *policy_new(const struct policy_options *options,
			  const struct policy_tables *tables);
void policy_free(struct policy *policy);

/*
 * Pods at this address are judged here on ingress whatever their node: they are backends of
 * a Service, and only here the client's address is known. Counted; takes effect with the
 * next update. 0 or -ENOMEM.
 */
int policy_want(struct policy *policy, const struct hg_addr *addr);
void policy_unwant(struct policy *policy, const struct hg_addr *addr);

/*
 * An object of the cluster came, changed or went: the next update looks at it (again). 0 or
 * -ENOMEM. Other kinds than Pod, Namespace and NetworkPolicy are of no interest. From the
 * first update on, which reads all, it must be told of each: it keeps pointers to those in
 * force.
 */
int policy_changed(struct policy *policy, enum object_kind kind, const char *namespace,
		   const char *name);

/*
 * Bring the tables to what the cluster says, in one switch. 0; -ENOMEM; or -ENOSPC with a
 * complaint that names the object, what is full, and the option that raises it: then what
 * is in force stays so, save that pods whose policies do not fit are isolated in the
 * directions concerned. Idempotent; with nothing changed nothing is written.
 */
int policy_update(struct policy *policy, const struct cluster *cluster,
		  struct complaints *complaints);

/*
 * Does something of an update wait until no packet is under way that has read an older
 * state? The next update waits for them itself; who wants it not to may wait before, and
 * tell: policy_settle() is called when that is so, with no update since the wait began.
 * Something may be left that waits once more.
 */
bool policy_is_unsettled(const struct policy *policy);
void policy_settle(struct policy *policy);

/* ---- what the tables say ---- */
enum policy_outcome {
	POLICY_NOT_ISOLATED,
	POLICY_ALLOWED, /* by a rule */
	POLICY_DENIED,	/* isolated, no rule allows */
	POLICY_SELF,	/* a pod to itself: never judged */
};

/* A rule of a policy as a verdict names it. Strings belong to the compiler and hold until
 * the next update. */
struct policy_rule {
	const char *namespace, *name;
	bool is_egress;
	unsigned index; /* in spec.ingress or spec.egress */
	bool audit;
};

struct policy_verdict {
	enum policy_outcome outcome;
	struct policy_rule rule; /* POLICY_ALLOWED */
	bool audit_denied;	 /* policies in audit mode would deny it */
	uint32_t set;		 /* 0: not isolated */
	uint32_t bit;
};

struct policy_question {
	struct hg_addr from, to; /* the real client and the real destination */
	uint8_t protocol;
	uint16_t port; /* destination port, host order; 0 where the protocol has none */
};

/* As the datapath judges, from the same tables. */
void policy_judge_egress(const struct policy *policy,
			 const struct policy_question *question,
			 struct policy_verdict *ret_verdict);
void policy_judge_ingress(const struct policy *policy,
			  const struct policy_question *question,
			  struct policy_verdict *ret_verdict);

/* All that a verdict depends on of one end, besides whether the other has the same address:
 * two addresses that look alike are judged alike. */
struct policy_look {
	uint32_t is_v6, class, ingress, egress;
};
void policy_look_at(const struct policy *policy, const struct hg_addr *addr,
		    struct policy_look *ret_look);

/* The policies that isolate by this set, in order. Stops when visit returns non-zero. */
int policy_each_isolating(const struct policy *policy, uint32_t set,
			  int (*visit)(void *context, const struct policy_rule *rule),
			  void *context);

/* The set whose isolation, or audit, a counter counts; 0: none that is in force. */
uint32_t policy_set_of_counter(const struct policy *policy, uint32_t counter);

/* Packets and connections per rule since the datapath was made, also of sets that are gone.
 * rule.index UINT_MAX: denied because of this policy's isolation. */
int policy_each_counter(struct policy *policy,
			int (*visit)(void *context, const struct policy_rule *rule,
				     const struct hg_policy_counter *counter),
			void *context);

struct policy_usage {
	uint32_t rows, cells, sets, pods, blocks, counters, peer_classes, port_classes;
	uint32_t pod_limit; /* so many addresses fit */
};
void policy_usage(const struct policy *policy, struct policy_usage *ret_usage);

#endif
