// SPDX-License-Identifier: BSD-2-Clause
/*
 * Symbolic links are followed as long as they end at a regular file (a mounted ConfigMap
 * consists of such links); pipes, devices and folders are not opened. A change shows in
 * device, inode, size or one of the times. Two writes within one tick of the file
 * system's clock may look alike, so a file that was young when it was read is stale: the
 * next look reads it once more.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "../lib/cleanup.h"

#define YOUNG_NS 50000000LL /* several ticks of any kernel */

struct file *file_new(const char *folder, const char *name)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->name = strdup(name);
	if (asprintf(&file->path, "%s/%s", folder, name) < 0)
		file->path = NULL;
	if (file->name && file->path)
		return file;
	file_free(file);
	return NULL;
}

void file_free(struct file *file)
{
	if (!file)
		return;
	file_forget(file);
	free(file->name);
	free(file->path);
	free(file);
}

void file_forget(struct file *file)
{
	complaints_clear(&file->complaints);
	unread_clear(&file->unread);
}

static int64_t nanoseconds(const struct timespec *time)
{
	return time->tv_sec * 1000000000LL + time->tv_nsec;
}

static bool is_equal(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       nanoseconds(&a->st_mtim) == nanoseconds(&b->st_mtim) &&
	       nanoseconds(&a->st_ctim) == nanoseconds(&b->st_ctim);
}

static bool is_young(const struct stat *stat)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return nanoseconds(&now) - nanoseconds(&stat->st_ctim) < YOUNG_NS;
}

enum file_state file_probe(struct file *file)
{
	struct stat now;

	if (!file->listed || (stat(file->path, &now) < 0 && errno == ENOENT)) {
		file->known = false;
		return FILE_GONE;
	}
	if (stat(file->path, &now) < 0)
		return FILE_CHANGED; /* the reading tells why */
	if (!S_ISREG(now.st_mode)) {
		file->known = false;
		return FILE_SPECIAL;
	}
	bool same = file->known && is_equal(&file->stat, &now);
	file->stale |= file->young;
	file->young = is_young(&now);
	file->stat = now;
	file->known = true;
	return same ? FILE_SAME : FILE_CHANGED;
}

/* Up to size bytes. Returns how many, or -errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t r = read(fd, text + length, size - length);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		length += r;
	}
	return length;
}

int file_read(const struct file *file, size_t longest, char **ret_text,
	      size_t *ret_length)
{
	int fd _cleanup_close_ =
	    open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EINVAL; /* exchanged since it was looked at */
	/* room to see that it grew meanwhile */
	size_t size =
	    stat.st_size < (off_t)longest ? (size_t)stat.st_size + 4096 : longest;
	size = size < longest ? size : longest;
	_cleanup_free_ char *text = malloc(size + 2);
	if (!text)
		return -ENOMEM;
	ssize_t length = read_all(fd, text, size + 1);
	if (length < 0)
		return length;
	if ((size_t)length > size && size < longest)
		return -EAGAIN; /* grows while it is read: its writer will tell */
	text[length] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_length = length;
	return 0;
}
