/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the policy compiler knows. Shared by control/compile/policy_*.c only.
 *
 *	objects → namespaces, pods, policies (records)      policy_digest.c
 *	policy  → rules = (peer term, port term)            policy_rules.c
 *	pod     → sets of bits, interned                    policy_sets.c
 *	terms   → classes: which terms an address, a port   policy_peers.c policy_ports.c
 *	          belongs to                                policy_regions.c policy_classes.c
 *	set × class → cells → rows                          policy_cells.c policy_rows.c
 *	addresses of pods → their views                     policy_pods.c
 *	views, the switch, what rests after it              policy_switch.c
 *
 * A *term* is what a bit asks of one side: the peers, or the ports, of a rule. A term in
 * use is *active*: it has a number, and every address (or port) is classed by it. Terms of
 * sets that are gone stay active for a while, because labels that go often come back.
 *
 * What is in force is not touched by planning: an address has what is in force ("now") and
 * what is planned ("next"). Classes, sets and terms that lose their last reference stay
 * until no reader can be using them: settling, at the start of the next update, waits.
 */
#ifndef COMPILE_POLICY_STATE_H
#define COMPILE_POLICY_STATE_H

#include "policy.h"
#include "policy_hash.h"
#include "policy_space.h"

enum policy_side { POLICY_PEERS, POLICY_PORTS, POLICY_SIDES };

/* ---- names of policies, as long as something speaks of them ---- */
struct policy_total {
	bool is_egress, audit;
	uint32_t index;			     /* UINT32_MAX: denied */
	struct hg_policy_counter kept, live; /* of sets that are gone; of the others */
};
struct policy_title {
	uint32_t refs, hash;
	const char *namespace, *name; /* in text */
	struct policy_total *totals;  /* of its rules */
	uint32_t total_count, total_capacity;
	char text[];
};

/* ---- terms ---- */
struct policy_set;
struct policy_use {
	struct policy_set *set;
	uint32_t bit;
};
enum policy_activity { POLICY_IDLE, POLICY_ACTIVE, POLICY_LEAVING };
struct policy_term {
	enum policy_side side;
	enum policy_activity activity;
	uint32_t id;   /* while active or leaving; from 1 */
	uint32_t refs; /* of rules and sets */
	uint32_t hash;
	struct policy_use *uses; /* bits of sets */
	uint32_t use_count, use_capacity;
};

/* Pods by selectors, of which a named port may be asked too. */
struct policy_namespace;
struct policy_peers;
struct policy_who {
	uint32_t id, hash, refs;
	struct policy_namespace *scope; /* NULL: namespaces by selector */
	struct label_selector namespaces, pods;
	char *port_name; /* of a named port; NULL: none */
	uint8_t protocol;
	uint16_t number;
	struct cidr block; /* only with a named port: pods in a block */
	struct cidr *excepts;
	uint32_t except_count;
	bool in_block;
	struct policy_peers **users; /* active terms */
	uint32_t user_count, user_capacity;
};

struct policy_block {
	struct cidr cidr;
	uint32_t except_base, except_count; /* in excepts of the term; none in another */
};
struct policy_peers {
	struct policy_term term;
	struct policy_who **whos; /* by id */
	uint32_t who_count;
	struct policy_block *blocks; /* sorted */
	uint32_t block_count;
	struct cidr *excepts;
	uint32_t except_count;
};

struct policy_range {
	uint16_t first, last;
	uint8_t protocol; /* place in the tables */
	uint8_t zero[3];  /* ranges are compared as bytes */
};
struct policy_ports {
	struct policy_term term;
	uint32_t count;
	struct policy_range ranges[]; /* sorted, none touches another */
};

/* ---- classes: which terms ---- */
struct policy_class {
	uint32_t refs, hash, count;
	bool is_listed; /* among those without references */
	uint32_t ids[]; /* of terms, sorted; then count places in their members */
};
struct policy_members {
	struct policy_member {
		uint32_t class, index; /* index: of the term in the class's ids */
	} * items;
	uint32_t count, capacity;
};
struct policy_classes {
	struct policy_class **items; /* by number */
	uint32_t item_capacity;
	struct policy_hash by_ids;
	struct policy_space numbers;
	struct policy_members *members; /* by term id */
	uint32_t member_capacity;
	uint32_t *fresh; /* made since cells were filled */
	uint32_t fresh_count, fresh_capacity;
	uint32_t *unused; /* had no reference at some time since the last sweep */
	uint32_t unused_count, unused_capacity;
};

/* ---- sets ---- */
struct policy_bit {
	struct policy_term *terms[POLICY_SIDES]; /* NULL: anybody; all ports */
	struct policy_title *title;
	uint32_t rule;
	bool audit;
};
struct policy_isolating {
	struct policy_title *title;
	bool audit;
};
struct policy_set {
	uint32_t refs; /* of addresses, now and next */
	uint32_t hash;
	uint32_t number; /* 0: not in the tables */
	bool is_egress;
	bool in_force;	 /* some address had it at the last switch */
	bool is_refused; /* no room: whoever would have it is isolated */
	bool outgrown;	 /* a class has come that does not fit */
	bool regrown;	 /* it has a new number, not in all views yet */
	bool is_full;	 /* there is no room for its rows, nobody gets it any more */
	bool must_leave; /* full, and still in force */
	uint32_t bit_count, isolating_count;
	struct policy_bit *bits;
	struct policy_isolating *isolating;
	uint32_t bases[POLICY_SIDES], counts[POLICY_SIDES];
	uint32_t defaults[POLICY_SIDES]; /* row of class 0 */
	uint32_t enforced;		 /* row */
	uint32_t counter_base;
	uint32_t gathered; /* while a class's rows are: its row's place, from 1 */
	struct policy_set *prev, *next;
};

/* ---- objects ---- */
struct policy_named_number {
	char *name;
	uint8_t protocol;
	uint16_t number;
};
struct policy_record;
struct policy_pod;
struct policy_namespace {
	uint32_t refs, hash;
	const struct object *object; /* NULL: none, only its name is known */
	struct policy_pod *pods;
	struct policy_record **policies; /* sorted by name */
	uint32_t policy_count, policy_capacity;
	uint64_t *whos; /* bitmap: those whose namespace part matches */
	struct policy_named_number *numbers;
	uint32_t number_count;
	bool numbers_stale, numbers_changed;
	char name[];
};

struct policy_addr;
struct policy_pod {
	const struct object *object;
	struct policy_namespace *namespace;
	struct policy_pod *prev, *next; /* in its namespace */
	struct policy_addr **addrs;
	uint32_t addr_count, hash;
	bool is_local; /* to this node */
	char name[];
};

struct policy_side_of_address {
	uint32_t class;
	struct policy_set *ingress, *egress;
};
struct policy_addr {
	struct hg_addr addr;
	struct policy_pod *pod; /* whose it is; NULL: nobody's */
	uint32_t place;		/* in the table of pods; 0: none */
	uint32_t wants;
	uint32_t claims; /* pods that name it */
	uint32_t region; /* class of its surroundings */
	struct policy_side_of_address now, next;
	struct policy_addr *dirty_next, *lagging_next;
	bool dirty, planned, lagging, owner_dirty;
	bool known;	/* in the table of addresses */
	bool cut_short; /* isolated for want of room */
	bool bound;	/* has a set that is in force */
};

/* A rule of a policy as bits. */
struct policy_rule_bit {
	struct policy_term *peers, *ports;
	char *port_name; /* ingress, named: ports are found for each pod */
	uint8_t protocol;
	uint32_t rule;
	bool is_egress;
};
struct policy_record {
	struct policy_title *title;
	const struct object *object;
	struct policy_namespace *namespace;
	struct policy_rule_bit *bits;
	uint32_t bit_count, bit_capacity;
	bool is_read;	/* bits are made */
	bool has_named; /* egress to named ports: bits depend on pods */
};

/* ---- regions of addresses ---- */
struct policy_region {
	struct cidr cidr;
	uint32_t parent; /* UINT32_MAX: none */
	uint32_t class;
};
struct policy_regions {
	struct policy_region *items; /* sorted: a prefix before what it contains */
	uint32_t count, capacity;
};
struct policy_interval {
	uint32_t first; /* to the next one's */
	uint32_t class;
};
struct policy_intervals {
	struct policy_interval *items;
	uint32_t count, capacity;
};

/* Where two sequences of runs differ. */
struct policy_spans {
	struct policy_span {
		uint32_t first, last;
	} * items;
	uint32_t count, capacity;
};

struct policy_resting {
	struct policy_space *space;
	uint32_t base, count;
};

struct policy_change {
	enum object_kind kind;
	char *namespace, *name;
};

struct policy {
	struct policy_options options;
	char *node_name;
	struct policy_tables tables;
	uint32_t state; /* in force */
	bool has_begun; /* some of the cluster was read: of all changes we are to hear */
	bool has_read;	/* the whole cluster once */

	struct policy_change *changes;
	uint32_t change_count, change_capacity;

	struct policy_hash namespaces, pods, addrs, titles, whos;
	struct policy_hash terms[POLICY_SIDES];
	struct policy_hash sets_by_content;
	struct policy_hash anchors;
	struct policy_who **loose; /* active, without anchor */
	uint32_t loose_count, loose_capacity;
	struct policy_space who_ids;
	uint32_t who_words; /* of each namespace's bitmap */

	struct policy_term **active[POLICY_SIDES]; /* by id, from 1 */
	uint32_t active_capacity[POLICY_SIDES];
	struct policy_space term_ids[POLICY_SIDES];
	uint32_t idle_count; /* active terms that no set uses */
	uint32_t leaving_count;
	uint32_t scrub_cursor;		  /* in addrs */
	bool terms_changed[POLICY_SIDES]; /* regions, ports are to be made anew */

	struct policy_classes classes[POLICY_SIDES];
	struct policy_regions v4, v6;
	struct policy_regions next_v4, next_v6; /* planned */
	bool has_next_regions;
	struct policy_intervals next_places, next_port_classes;
	bool has_next_ports;
	struct policy_intervals places;	      /* what the 16-8-8 table says */
	struct policy_intervals port_classes; /* first: protocol << 16 | port */
	struct policy_regions prefixes;	      /* what the LPM trie says */
	struct policy_spans spans;	      /* where places are to change */
	bool places_unknown;		      /* a write of them was broken off */

	struct policy_set *sets;
	struct policy_set *isolated[2]; /* by is_egress: where nothing else fits */
	struct policy_set **by_number;
	struct policy_space rows, cells, set_numbers, pod_places, blocks, counters;
	uint32_t pod_count;  /* lines that are in force or about to be */
	uint8_t *pod_passes; /* by line of the table of pods: searches that go on */
	struct row_use *row_uses;
	struct policy_hash rows_by_content;

	struct policy_addr *dirty, *lagging;
	struct policy_resting *resting;
	uint32_t resting_count, resting_capacity;
	bool unsettled; /* something waits for readers */

	uint64_t *id_bits; /* scratch: terms of one address */
	uint32_t id_words;
	uint32_t *ids;
	uint32_t id_count, id_capacity;
	struct policy_gathered { /* scratch: policy_gather.c */
		struct hg_policy_row row;
		struct policy_set *set;
		uint32_t class;
	} * gather;
	uint32_t gather_capacity;
	uint32_t *gather_at;
	uint32_t gather_at_capacity;
	struct complaints *complaints; /* of the update under way */
	bool is_short;		       /* something did not fit */
	uint32_t bound;		       /* addresses that have a set */
	bool must_switch;	       /* the state itself is to be another */
	bool bank;		       /* of the class tables that are written */
	bool adopted;		       /* what an earlier process left is in force */
	bool named_stale;	       /* pods' named ports may be others */
	uint32_t named_count;	       /* policies that ask peers for them */
	uint32_t short_count;	       /* addresses isolated for want of room */
	enum policy_side short_side;   /* what did not fit */
};

#endif
