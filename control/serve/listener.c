/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../lib/cleanup.h"
#include "listener.h"

#define BACKLOG 64

static int complain_socket(struct complaints *complaints, const char *path, int error,
			   const char *remedy)
{
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "the API socket %s cannot be opened (%s): %s", path, strerror(error),
		 remedy);
	return -error;
}

static int complain_taken(struct complaints *complaints, const char *path)
{
	complain(
	    complaints, COMPLAINT_ERROR, NULL, NULL,
	    "the API socket %s belongs to a headgated that is running: stop that one "
	    "or give another --socket",
	    path);
	return -EADDRINUSE;
}

static int make_folder(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (mkdir(dirname(copy), 0755) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

/* 1: locked; 0: the file went away between open and lock, try again; or -errno. */
static int try_lock(const char *path, int *ret_lock)
{
	_cleanup_close_ int lock =
	    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat held, named;

	if (lock < 0)
		return -errno;
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (fstat(lock, &held) < 0)
		return -errno;
	if (stat(path, &named) < 0 || named.st_ino != held.st_ino)
		return 0;
	*ret_lock = TAKE_FD(lock);
	return 1;
}

/* A daemon that ends removes its lock; so a lock that we got may have no name any more.
 */
static int take_lock(const char *path, int *ret_lock)
{
	for (int tries = 0; tries < 100; tries++) {
		int r = try_lock(path, ret_lock);

		if (r)
			return r < 0 ? r : 0;
	}
	return -EWOULDBLOCK;
}

/* Whatever listens there without our lock must not lose its socket to us. */
static bool somebody_listens(const struct sockaddr_un *address)
{
	_cleanup_close_ int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return probe >= 0 &&
	       connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

static int bind_socket(const char *path, struct complaints *complaints, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat found;

	if (strlen(path) >= sizeof(address.sun_path))
		return complain_socket(complaints, path, ENAMETOOLONG,
				       "give a --socket of at most 107 bytes");
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (lstat(path, &found) == 0) {
		if (!S_ISSOCK(found.st_mode))
			return complain_socket(
			    complaints, path, EEXIST,
			    "it is not a socket, give another --socket");
		if (somebody_listens(&address))
			return complain_taken(complaints, path);
		unlink(path); /* left by a dead daemon; if it stays, bind() says so */
	}
	_cleanup_close_ int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return complain_socket(complaints, path, errno,
				       "close some other programs");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0660) < 0 || listen(fd, BACKLOG) < 0)
		return complain_socket(
		    complaints, path, errno,
		    "make its folder writable or give another --socket");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The socket's file stays: it may be another daemon's. */
static void free_listener(struct listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->lock >= 0) {
		if (listener->lock_path)
			unlink(listener->lock_path);
		close(listener->lock);
	}
	free(listener->path);
	free(listener->lock_path);
	*listener = (struct listener){ .lock = -1, .fd = -1 };
}

static int open_locked(const char *path, struct complaints *complaints,
		       struct listener *listener)
{
	int r = make_folder(path);

	if (r == 0)
		r = take_lock(listener->lock_path, &listener->lock);
	if (r == -EWOULDBLOCK)
		return complain_taken(complaints, path);
	if (r < 0)
		return complain_socket(
		    complaints, path, -r,
		    "make its folder writable or give another --socket");
	return bind_socket(path, complaints, &listener->fd);
}

int listener_open(const char *path, struct complaints *complaints,
		  struct listener *ret_listener)
{
	struct listener listener = { .lock = -1, .fd = -1 };
	int r = -ENOMEM;

	listener.path = strdup(path);
	if (asprintf(&listener.lock_path, "%s.lock", path) < 0)
		listener.lock_path = NULL;
	if (listener.path && listener.lock_path)
		r = open_locked(path, complaints, &listener);
	if (r < 0)
		free_listener(&listener);
	else
		*ret_listener = listener;
	return r;
}

void listener_close(struct listener *listener)
{
	if (listener->path)
		unlink(listener->path);
	free_listener(listener);
}
