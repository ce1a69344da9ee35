/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF objects inside this program: opened, configured, loaded onto the pinned maps. */
#ifndef DATAPATH_LOAD_H
#define DATAPATH_LOAD_H

#include "program.h"
#include "state.h"

int program_fd(const struct datapath *datapath, enum program program);

/* Find out what the kernel can do; 0, or -errno with a complaint about privilege. */
int load_probe(struct datapath *datapath, struct complaints *complaints);
/*
 * Load both objects; maps that are pinned already are used, the others are made and
 * pinned. 0, or -errno with a complaint; then nothing new stays pinned.
 */
int load_programs(struct datapath *datapath, struct complaints *complaints);
/* A second instance of the NIC's object, configured but not loaded: libxdp loads it. */
int load_open_nic(struct datapath *datapath, struct complaints *complaints,
		  struct bpf_object **ret_object);

/* ---- what libbpf and the kernel said meanwhile ---- */
void capture_begin(void); /* from now on libbpf prints into memory */
/* The last lines of that (about `lines`), in one string that lives until the next
 * capture_begin(); "" when nothing was said. */
const char *capture_tail(unsigned lines);
/* The kernel's own sentence ("Kernel error message: …"), or "". */
const char *capture_kernel_message(void);
bool capture_contains(const char *part);

#endif
