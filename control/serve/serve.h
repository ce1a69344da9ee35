/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API: HTTP and JSON over a UNIX socket, served on the daemon's own loop. Who may
 * open the socket (mode 0660) may read; only root and the daemon's own user may change
 * anything.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <uv.h>
#include "api_state.h"

struct serve;

/*
 * api must outlive the server. Nothing is answered before the loop runs. 0, or -errno
 * with a complaint.
 */
int serve_open(uv_loop_t *loop, const char *path, const struct api_state *api,
	       struct complaints *complaints, struct serve **ret_serve);
/* Takes effect at once; memory is freed when the loop has run its close callbacks. */
void serve_close(struct serve *serve);

#endif
