/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership: a local that owns carries CLEANUP(free_function); ownership leaves by
 * TAKE_PTR or TAKE_FD.
 */
#ifndef LIB_CLEANUP_H
#define LIB_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

#define TAKE_PTR(pointer)                                                                \
	({                                                                               \
		__typeof__(pointer) *place_ = &(pointer);                                \
		__typeof__(pointer) taken_ = *place_;                                    \
		*place_ = NULL;                                                          \
		taken_;                                                                  \
	})

#define TAKE_FD(fd)                                                                      \
	({                                                                               \
		int *place_ = &(fd);                                                     \
		int taken_ = *place_;                                                    \
		*place_ = -1;                                                            \
		taken_;                                                                  \
	})

static inline void cleanup_free(void *place)
{
	free(*(void **)place);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_	CLEANUP(cleanup_free)
#define _cleanup_close_ CLEANUP(cleanup_close)

#endif
