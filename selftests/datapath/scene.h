/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage on which a test plays: one family, one protocol, the state maps as the
 * control process would have written them, and the usual packets between the roles. A
 * test says what is special about it and nothing else.
 */
#ifndef DATAPATH_SCENE_H
#define DATAPATH_SCENE_H

#include <headgate/slot.h>
#include "harness.h"
#include "packet_build.h"
#include "packet_fields.h"
#include "topology.h"

#define SERVICE_PORT 80
#define TARGET_PORT  8080 /* SCTP: as SERVICE_PORT */
#define CLIENT_PORT  40000

/* XDP and tc verdicts, as the kernel numbers them. */
#define TC_OK	    0U
#define TC_SHOT	    2U
#define TC_REDIRECT 7U

struct scene {
	struct harness *harness;
	uint8_t family, protocol;
	uint32_t backends, services, slots, members; /* used so far */
	uint16_t snat_port;			     /* of the flow opened last */
	struct run run;				     /* the last packet's */
};

/* A Service of up to 8 endpoints, all of them in its table. */
struct scene_service {
	enum role address; /* NOBODY: SERVICE */
	uint16_t port;	   /* 0: SERVICE_PORT */
	uint32_t flags;	   /* enum hg_service_flag */
	uint8_t backend_flags;
	uint8_t generation;
	uint32_t affinity_s;
	enum role endpoint[8]; /* up to the first NOBODY */
};

/* Clear everything; write links, hops, SNAT addresses. */
void scene_begin(struct scene *scene, struct harness *harness, uint8_t family,
		 uint8_t protocol);
/* Returns the index of its first backend; those of the others follow. */
uint32_t scene_add_service(struct scene *scene, const struct scene_service *service);
void scene_mark_ours(const struct scene *scene, const struct hg_addr *addr);
void scene_allow_range(const struct scene *scene, uint32_t set, enum role role,
		       uint32_t bits);
struct hg_addr scene_addr(const struct scene *scene, enum role role);
uint16_t scene_target_port(const struct scene *scene);
bool scene_is_local(enum role role);
struct hg_backend scene_read_backend(const struct scene *scene, uint32_t backend);
/* Change state in place; index as returned by scene_add_service(). */
void scene_write_backend(const struct scene *scene, uint32_t index,
			 const struct hg_backend *backend);
struct hg_service scene_read_service(const struct scene *scene, uint32_t index);
struct hg_slot scene_read_slot(const struct scene *scene,
			       const struct hg_service *service, uint32_t slot);
void scene_write_slot(const struct scene *scene, const struct hg_service *service,
		      uint32_t slot, struct hg_slot value);
void scene_write_service(const struct scene *scene, uint32_t index,
			 const struct hg_service *service);
struct hg_hop scene_read_hop(const struct scene *scene, uint32_t index);
void scene_write_hop(const struct scene *scene, uint32_t index, const struct hg_hop *hop);
uint32_t scene_hop(const struct scene *scene, enum role role);
uint32_t scene_snat(const struct scene *scene, enum role ours);

/* The usual packets. `packet` is written whole. */
void scene_from_client(const struct scene *scene, enum role client, struct packet *ret);
/* From BACKEND to whom the forwarded packet came from: OURS and the SNAT port. */
void scene_from_backend(const struct scene *scene, enum role backend, struct packet *ret);
/* Edit a client's packet into what the backend must get, a backend's into the client's.
 */
/* The port by which a backend sees a client whose address is kept. */
uint16_t scene_port_apart(const struct scene *scene, uint16_t port);
void scene_to_backend(const struct scene *scene, enum role backend, struct packet *edit);
void scene_to_client(const struct scene *scene, enum role client, struct packet *edit);

/* The frames that a NIC takes are sent to one of these; 0: it takes all. */
void scene_take_macs(const struct scene *scene, int link, const __u8 (*macs)[6],
		     uint32_t count);
/* Interface at which packets from a role arrive. */
int scene_link(enum role role);
/* Run `nic` on it; the result is in scene->run. Learns snat_port from what it forwards.
 */
void scene_send(struct scene *scene, enum role from, const struct packet *packet);
void scene_send_frame(struct scene *scene, enum role from, const uint8_t *frame,
		      size_t size);
/* Run a tc program (harness descriptor) at a link. */
void scene_send_tc(struct scene *scene, int program, int link,
		   const struct packet *packet);

/* Open a flow and prove the client: packets both ways; false if one was not forwarded. */
bool scene_establish(struct scene *scene, enum role client, enum role backend);
/* The main table, or the embryos: how many LIVE lines. */
unsigned scene_count_live(const struct hg_flow *table);
/* Let time pass: every flow, affinity and fragment record was seen that much earlier. */
void scene_age(const struct scene *scene, uint32_t seconds);
/* Affinity and fragments were noted by a CPU whose clock is so many ticks ahead. */
void scene_lead(const struct scene *scene, uint32_t ticks);

/* True when the last run gave this verdict and, unless NULL, this packet. Prints if not.
 */
bool scene_saw(const struct scene *scene, const char *sentence, uint32_t verdict,
	       const struct packet *want);
const char *scene_title(const struct scene *scene, const char *sentence);

#endif
