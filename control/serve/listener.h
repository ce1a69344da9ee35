/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API's UNIX socket: one living daemon per path. A lock beside the socket tells a
 * living daemon from the file that a dead one left.
 */
#ifndef SERVE_LISTENER_H
#define SERVE_LISTENER_H

#include "../lib/complaint.h"

struct listener {
	char *path, *lock_path; /* owned */
	int lock, fd;		/* fd: -1 once somebody else owns it */
};

/*
 * Listen at an absolute path with mode 0660; its folder is made when only that is
 * missing. 0, or -errno with a complaint: -EADDRINUSE when a living daemon has it.
 */
int listener_open(const char *path, struct complaints *complaints,
		  struct listener *ret_listener);
/* Remove the socket and the lock. */
void listener_close(struct listener *listener);

#endif
