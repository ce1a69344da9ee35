/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs on interfaces. attach.c is the entry; one file per way to attach. */
#ifndef DATAPATH_ATTACH_H
#define DATAPATH_ATTACH_H

#include "load.h"

/*
 * ---- owner.c: is a program ours? ----
 * One that uses maps pinned in our folder is; so is one that a former headgated left, which
 * has our names and whose maps are pinned in no folder any more.
 */
struct owner {
	uint32_t map_ids[MAP_COUNT]; /* of the pinned maps; 0: not pinned */
};

void owner_of_pins(const char *pin_root, struct owner *ret_owner);
bool owner_has_program(const struct owner *owner, uint32_t program_id);
/* A loaded program that uses the pinned maps, wherever it is attached; 0: none. */
uint32_t owner_find_program(const struct owner *owner);
/* "nic (id 17)" for a sentence, in a buffer of 64. */
const char *program_describe(uint32_t program_id, char *buffer);

/* ---- direct.c: XDP without libxdp ---- */
struct xdp_present {
	uint32_t native, generic; /* program ids; 0: none */
	bool multi;		  /* both, or one in the device itself */
};

int direct_query(uint32_t ifindex, struct xdp_present *ret_present);
/*
 * Attach in place of `old` (0: of nothing) in one step, so that no packet passes between.
 * 0 or -errno.
 */
int direct_attach(struct datapath *datapath, uint32_t ifindex, uint32_t old);
int direct_detach(uint32_t ifindex, uint32_t program_id, enum xdp_mode mode);

/* ---- dispatcher.c: XDP by libxdp ---- */
/* Whether the kernel has what libxdp's dispatcher needs. False: ret_why says what not. */
bool dispatcher_is_possible(char *ret_why, size_t size);
/* Whether a dispatcher carries the interface, by its name: libxdp is not asked. */
bool dispatcher_is_there(uint32_t ifindex);
/* 0, or -errno and why, in a part of a sentence; then the dispatcher is as before. */
#define DISPATCHER_WHY 128
int dispatcher_attach(struct datapath *datapath, uint32_t ifindex,
		      const struct owner *owner, struct complaints *complaints,
		      char ret_why[DISPATCHER_WHY]);
/* Remove our programs from the interface's dispatcher. 0, also when there is none. */
int dispatcher_detach(uint32_t ifindex, const struct owner *owner);

/* ---- uninstall.c ---- */
/* Remove everything of ours from an interface; one that has vanished is fine. */
int detach_interface(uint32_t ifindex, const struct owner *owner);

/* ---- tc.c ---- */
int tc_attach(const struct datapath *datapath, uint32_t ifindex, bool egress,
	      enum program program, struct complaints *complaints);
bool tc_has(uint32_t ifindex, bool egress, const struct owner *owner);
/* Remove our filter of one direction; a foreign one at its place stays. */
int tc_detach(uint32_t ifindex, bool egress, const struct owner *owner);
/* Remove the clsact qdisc when no filter is left in it. */
int tc_tidy(uint32_t ifindex);

#endif
