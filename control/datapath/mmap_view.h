/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A movable view of a BPF_F_MMAPABLE array. A mapping shows as resident memory in full,
 * so only `span` bytes are mapped at a time; a view of one page beyond lets an element
 * that starts in the span end outside of it. Pointers hold until the next call.
 */
#ifndef DATAPATH_MMAP_VIEW_H
#define DATAPATH_MMAP_VIEW_H

#include <stddef.h>
#include <stdint.h>

#define WINDOW_PAGE 4096UL

struct mmap_view {
	int fd; /* borrowed */
	size_t stride;
	size_t map_bytes;
	size_t span; /* a power of two ≥ a page */
	size_t base, length;
	unsigned char *memory;
};

void mmap_view_init(struct mmap_view *view, int fd, size_t value_size, size_t entries,
		    size_t span);
void mmap_view_close(struct mmap_view *view);
/* The element, or NULL with errno set: out of memory, or no such element. */
void *mmap_view_at(struct mmap_view *view, size_t index);
/* Copy `count` elements of exactly the array's stride. 0 or -errno. */
int mmap_view_write(struct mmap_view *view, size_t index, const void *from, size_t count);
int mmap_view_read(struct mmap_view *view, size_t index, void *to, size_t count);

#endif
