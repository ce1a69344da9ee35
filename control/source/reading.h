/* SPDX-License-Identifier: BSD-2-Clause */
/* A manifest file's content into claims on objects. */
#ifndef SOURCE_READING_H
#define SOURCE_READING_H

#include "claim.h"

/*
 * Read a file and let it stand for what it holds now; complaints go to the file. A file
 * that cannot be read or parsed changes nothing. Objects that it no longer holds are
 * dropped when `settled`; else they stay and the file is stale (to be read again). 0, or
 * -ENOMEM: the file is stale.
 */
int reading_apply(struct claims *claims, struct file *file, bool settled);

#endif
