/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the programs think they are: a network namespace of the test's own with the
 * balancer's interfaces, their addresses, routes and permanent neighbours. Nothing is
 * sent on them; programs ask them for interface numbers and the FIB.
 *
 *   CLIENT ── ROUTER ── nic0 [balancer] nic1 ── BACKEND_B, BACKEND_C
 *             BACKEND_A ──┘          ├─ pod0 ── POD_A
 *                                    └─ pod1 ── POD_B
 */
#ifndef DATAPATH_TOPOLOGY_H
#define DATAPATH_TOPOLOGY_H

#include <stdint.h>
#include <headgate/abi.h>

enum role {
	NOBODY,
	CLIENT, /* behind ROUTER */
	OTHER_CLIENT,
	LOST_CLIENT, /* no route leads there */
	ROUTER,	     /* on nic0 */
	BACKEND_A,   /* on nic0: packets go back out of the interface they came from */
	BACKEND_B,   /* on nic1 */
	BACKEND_C,
	POD_A, /* behind pod0 */
	POD_B,
	OURS,	   /* our address on nic0 */
	OURS_NIC1, /* our address on nic1 */
	SERVICE,   /* a VIP; no interface has it */
	OTHER_SERVICE,
	STRANGER, /* somebody else's address: not ours */
	ROLES
};

enum { NIC0, NIC1, POD0, POD1, LINKS };

/* Enter a fresh network namespace and build the picture above; exits on failure. */
void topology_enter(void);
uint32_t topology_ifindex(int link);
struct hg_addr topology_addr(enum role role, uint8_t family);
void topology_mac(enum role role, uint8_t mac[6]);
void topology_link_mac(int link, uint8_t mac[6]);

#endif
