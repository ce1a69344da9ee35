/* SPDX-License-Identifier: BSD-2-Clause */
/* Movable views of mapped BPF arrays. */
#include "mmap_view.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

void mmap_view_init(struct mmap_view *view, int fd, size_t value_size, size_t entries,
		    size_t span)
{
	size_t stride = (value_size + 7) & ~7UL;
	size_t bytes = (stride * entries + WINDOW_PAGE - 1) & ~(WINDOW_PAGE - 1);

	*view = (struct mmap_view){
		.fd = fd, .stride = stride, .map_bytes = bytes, .span = span
	};
}

void mmap_view_close(struct mmap_view *view)
{
	if (view->memory)
		munmap(view->memory, view->length);
	view->memory = NULL;
	view->length = 0;
}

static int move(struct mmap_view *view, size_t offset)
{
	size_t base = offset & ~(view->span - 1);
	size_t length = view->span + WINDOW_PAGE;

	if (length > view->map_bytes - base)
		length = view->map_bytes - base;
	mmap_view_close(view);
	void *memory =
	    mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, view->fd, (off_t)base);
	if (memory == MAP_FAILED)
		return -errno;
	view->memory = memory;
	view->base = base;
	view->length = length;
	return 0;
}

static bool covers(const struct mmap_view *view, size_t offset)
{
	return view->memory && offset >= view->base &&
	       offset + view->stride <= view->base + view->length;
}

void *mmap_view_at(struct mmap_view *view, size_t index)
{
	size_t offset = index * view->stride;

	if (offset + view->stride > view->map_bytes) {
		errno = ERANGE;
		return NULL;
	}
	if (!covers(view, offset)) {
		int r = move(view, offset);
		if (r < 0) {
			errno = -r;
			return NULL;
		}
	}
	return view->memory + (offset - view->base);
}

/* How many elements from index on lie in the present view. */
static size_t reach(const struct mmap_view *view, size_t index, size_t count)
{
	size_t end = (view->base + view->length) / view->stride;

	return count < end - index ? count : end - index;
}

int mmap_view_write(struct mmap_view *view, size_t index, const void *from, size_t count)
{
	const unsigned char *bytes = from;

	while (count) {
		void *to = mmap_view_at(view, index);
		if (!to)
			return -errno;
		size_t part = reach(view, index, count);
		memcpy(to, bytes, part * view->stride);
		bytes += part * view->stride;
		index += part;
		count -= part;
	}
	return 0;
}

int mmap_view_read(struct mmap_view *view, size_t index, void *to, size_t count)
{
	unsigned char *bytes = to;

	while (count) {
		const void *from = mmap_view_at(view, index);
		if (!from)
			return -errno;
		size_t part = reach(view, index, count);
		memcpy(bytes, from, part * view->stride);
		bytes += part * view->stride;
		index += part;
		count -= part;
	}
	return 0;
}
