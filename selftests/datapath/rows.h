/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datapath cases as rows: a sentence, the state before, the packet in, the verdict, the
 * whole packet out, the counter. Each row runs over both families and the protocols it
 * names. All rows run; a failing one prints its sentence and the first field that
 * differs.
 */
#ifndef DATAPATH_ROWS_H
#define DATAPATH_ROWS_H

#include "scene.h"

enum row_protocols {
	ROW_TCP = 1,
	ROW_UDP = 2,
	ROW_SCTP = 4,
	ROW_PORTS = ROW_TCP | ROW_UDP | ROW_SCTP, /* whatever has ports */
};

enum row_families {
	ROW_BOTH = 0,
	ROW_V4 = 4,
	ROW_V6 = 6,
};

/* What hg_stats must count. */
enum row_stats {
	ROW_NOTHING,
	ROW_TO_BACKEND,	  /* packets[0], bytes[0] of some backend */
	ROW_NEW_FLOW,	  /* the same, and created */
	ROW_FROM_BACKEND, /* packets[1], bytes[1] */
};

struct row {
	const char *sentence;
	int protocols;
	int family;			    /* enum row_families */
	void (*state)(struct scene *scene); /* what is there before */
	/* The packet; it is preset to the client's opening. Returns who sends it. */
	enum role (*in)(struct scene *scene, struct packet *packet);
	uint32_t verdict;
	/* Edit a copy of the packet in into the packet out; NULL: untouched. */
	void (*out)(struct scene *scene, struct packet *packet);
	enum row_stats stats;
	enum hg_reason reason; /* the one counter that goes up by one; 0: none does */
	enum hg_xdp_meta_kind mark; /* 0: the packet must not be marked */
};

#define ROWS(rows) rows, sizeof(rows) / sizeof(rows[0])

/* Returns how many cases failed. */
unsigned rows_run(struct harness *harness, const struct row *rows, size_t count);

/* Test groups: a harness with the usual configuration in *state, the same for all groups
 * of a process. */
int rows_open(void **state);
int rows_close(void **state);

/* States and edits that many rows share. */
void one_backend_on_the_same_link(struct scene *scene);
void one_backend_on_another_link(struct scene *scene);
void one_pod_on_this_node(struct scene *scene);
void no_endpoints(struct scene *scene);
void an_open_flow(struct scene *scene);	       /* to BACKEND_A, the client unproved */
void an_established_flow(struct scene *scene); /* to BACKEND_A */
void an_established_flow_across(struct scene *scene); /* to BACKEND_B */
enum role client_opens(struct scene *scene, struct packet *packet);
enum role client_goes_on(struct scene *scene, struct packet *packet);
enum role backend_a_replies(struct scene *scene, struct packet *packet);
enum role backend_b_replies(struct scene *scene, struct packet *packet);
void reaches_backend_a(struct scene *scene, struct packet *packet);
void reaches_backend_b(struct scene *scene, struct packet *packet);
void reaches_client(struct scene *scene, struct packet *packet);

#endif
