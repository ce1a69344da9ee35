/* SPDX-License-Identifier: BSD-2-Clause */
/* Movable views of mapped BPF arrays. */
#include "window.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

void window_init(struct window *window, int fd, size_t value_size, size_t entries,
		 size_t span)
{
	size_t stride = (value_size + 7) & ~7UL;
	size_t bytes = (stride * entries + WINDOW_PAGE - 1) & ~(WINDOW_PAGE - 1);

	*window = (struct window){
		.fd = fd, .stride = stride, .map_bytes = bytes, .span = span
	};
}

void window_close(struct window *window)
{
	if (window->memory)
		munmap(window->memory, window->length);
	window->memory = NULL;
	window->length = 0;
}

static int move(struct window *window, size_t offset)
{
	size_t base = offset & ~(window->span - 1);
	size_t length = window->span + WINDOW_PAGE;

	if (length > window->map_bytes - base)
		length = window->map_bytes - base;
	window_close(window);
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, window->fd,
			    (off_t)base);
	if (memory == MAP_FAILED)
		return -errno;
	window->memory = memory;
	window->base = base;
	window->length = length;
	return 0;
}

static bool covers(const struct window *window, size_t offset)
{
	return window->memory && offset >= window->base &&
	       offset + window->stride <= window->base + window->length;
}

void *window_at(struct window *window, size_t index)
{
	size_t offset = index * window->stride;

	if (offset + window->stride > window->map_bytes) {
		errno = ERANGE;
		return NULL;
	}
	if (!covers(window, offset)) {
		int r = move(window, offset);
		if (r < 0) {
			errno = -r;
			return NULL;
		}
	}
	return window->memory + (offset - window->base);
}

/* How many elements from index on lie in the present view. */
static size_t reach(const struct window *window, size_t index, size_t count)
{
	size_t end = (window->base + window->length) / window->stride;

	return count < end - index ? count : end - index;
}

int window_write(struct window *window, size_t index, const void *from, size_t count)
{
	const unsigned char *bytes = from;

	while (count) {
		void *to = window_at(window, index);
		if (!to)
			return -errno;
		size_t part = reach(window, index, count);
		memcpy(to, bytes, part * window->stride);
		bytes += part * window->stride;
		index += part;
		count -= part;
	}
	return 0;
}

int window_read(struct window *window, size_t index, void *to, size_t count)
{
	unsigned char *bytes = to;

	while (count) {
		const void *from = window_at(window, index);
		if (!from)
			return -errno;
		size_t part = reach(window, index, count);
		memcpy(bytes, from, part * window->stride);
		bytes += part * window->stride;
		index += part;
		count -= part;
	}
	return 0;
}
