/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A folder of Kubernetes YAML or JSON files as a source of cluster state (*.yaml, *.yml,
 * *.json; not hidden files, not sub-folders). An invalid object leaves its last good
 * version in force; a folder that vanishes or cannot be read leaves everything in force.
 * One clear complaint each, kept until the cause is gone. What a file no longer holds
 * goes out of force a quarter of a second later, everything else at once.
 */
#ifndef SOURCE_MANIFESTS_H
#define SOURCE_MANIFESTS_H

#include <uv.h>
#include "../cluster/cluster.h"

struct manifests;

/*
 * Read one text (a stream of YAML documents, or JSON) into objects: visit takes ownership
 * of each valid one; it ends the reading by a value other than 0, which is returned. 0
 * (whatever the complaints), -EBADMSG when the text cannot be parsed to its end
 * (complained too), or -ENOMEM.
 */
int manifest_read(const char *text, size_t length, const char *file,
		  int (*visit)(void *context, struct object *object), void *context,
		  struct complaints *complaints);

/*
 * Open a folder. changed() is called (never from within this call) after objects in the
 * cluster changed or complaints changed. loop NULL: no watching (--check, --print-plan).
 * 0, -ENOMEM, or the -errno that made the first reading impossible.
 */
int manifests_open(const char *folder, struct cluster *cluster, uv_loop_t *loop,
		   void (*changed)(void *context), void *context,
		   struct manifests **ret_manifests);
void manifests_close(struct manifests *manifests);
/* Read the folder now (SIGHUP). 0 or -errno; on failure everything stays in force. */
int manifests_reload(struct manifests *manifests);
/* Complaints about files and objects as they stand now. Owned by manifests. */
const struct complaints *manifests_complaints(const struct manifests *manifests);

#endif
