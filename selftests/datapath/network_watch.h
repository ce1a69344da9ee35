/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink/ against the running kernel: what its events said, and waiting for what they
 * will say. Each test has its own pair of namespaces:
 *
 *	here                                      peer
 *	nic  192.0.2.1/24, 2001:db8:2::1/64 ───── far  192.0.2.2, 2001:db8:2::2
 */
#ifndef DATAPATH_NETWORK_WATCH_H
#define DATAPATH_NETWORK_WATCH_H

#include "../../control/netlink/network.h"
#include "netspace.h"

#define MAC	  "02:00:00:00:00:02" /* of far */
#define OTHER_MAC "02:00:00:00:00:77"

struct network_watch {
	struct network *network;
	struct hg_hop hops[HG_HOPS];
	unsigned routes_events;
	struct network_link link; /* of the last link event */
	bool present;
};
extern struct network_watch watch;

int watch_set_up(void **state);
int watch_tear_down(void **state);
void watch_network(const char *pods);

/* Run the loop until holds(what); false: the deadline passed. */
bool watch_wait(bool (*holds)(const void *what), const void *what);
struct hg_addr watch_parse(const char *text);
int watch_find(const char *text, struct network_route *route);
struct network_route watch_found(const char *text); /* a missing route fails the test */
void watch_assert_addr(const struct hg_addr *addr, const char *wanted);
void watch_assert_mac(const uint8_t mac[6], const char *wanted);

/* Conditions: by hop index (uint32_t *), */
bool watch_is_resolved(const void *index);
bool watch_is_unresolved(const void *index);
bool watch_has_small_mtu(const void *index); /* 1280 */
bool watch_has_other_mac(const void *index); /* the neighbour */
bool watch_has_own_mac(const void *index);   /* we have OTHER_MAC */
/* by text of an address. */
bool watch_leaves_by_nic(const void *text);
bool watch_leaves_by_spare(const void *text);
bool watch_has_no_route(const void *text);

#endif
