/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder of pins itself: where it may lie, and who uses it. */
#ifndef DATAPATH_PIN_DIR_H
#define DATAPATH_PIN_DIR_H

#include "../lib/complaint.h"

/*
 * Make the folder unless it is there, mount /sys/fs/bpf unless it is, and lock it for this
 * process. Returns a descriptor that holds the lock, or -errno with a complaint.
 */
int pin_dir_open(const char *pin_root, struct complaints *complaints);
/*
 * Lock a folder that exists. Returns a descriptor; -ENOENT when there is none, without a
 * complaint; -EBUSY (another headgated has it) and others with one, which ends with
 * `remedy`.
 */
int pin_dir_lock(const char *pin_root, const char *remedy, struct complaints *complaints);

#endif
