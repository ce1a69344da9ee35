/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One process at a time uses a folder of pins: it holds a flock(2) on the folder itself.
 * So the lock is found under every spelling of the path and in every network namespace,
 * leaves no file behind, and ends with the process, however that ends. The kernel's list
 * of locks says who holds it.
 *
 * Only /sys/fs/bpf is ever mounted: over another folder a mount would hide what is in it.
 */
#include "pin_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include "../lib/cleanup.h"

#define BPFFS "/sys/fs/bpf"

static bool is_bpffs(const char *path)
{
	struct statfs stat;

	return statfs(path, &stat) == 0 && stat.f_type == BPF_FS_MAGIC;
}

static int refuse(const char *path, int error, struct complaints *complaints)
{
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "%s cannot hold pins: %s; use a folder below " BPFFS ", as root", path,
		 strerror(-error));
	return error;
}

static int refuse_file_system(const char *path, struct complaints *complaints)
{
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "%s is not on a BPF file system: use a folder below " BPFFS, path);
	return -EINVAL;
}

/* Without slashes at the end, and the folder that it lies in. */
static int split(const char *pin_root, char *ret_path, char *ret_parent)
{
	size_t length = strlen(pin_root);

	while (length > 1 && pin_root[length - 1] == '/')
		length--;
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(ret_path, PATH_MAX, "%.*s", (int)length, pin_root);
	snprintf(ret_parent, PATH_MAX, "%s", ret_path);
	char *slash = strrchr(ret_parent, '/');
	if (!slash || slash == ret_parent)
		return -EINVAL;
	*slash = 0;
	return 0;
}

static int mount_bpffs(const char *path, struct complaints *complaints)
{
	if (strncmp(path, BPFFS "/", sizeof(BPFFS)) != 0 || is_bpffs(BPFFS))
		return 0;
	if (mount("bpf", BPFFS, "bpf", 0, "mode=0700") == 0)
		return 0;
	int error = -errno;
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "no BPF file system is on " BPFFS " and none can be mounted: %s; run "
		 "`mount -t bpf bpf " BPFFS "` as root",
		 strerror(-error));
	return error;
}

static int check_place(const char *path, const char *parent,
		       struct complaints *complaints)
{
	struct stat stat_buffer;

	if (stat(parent, &stat_buffer) < 0)
		return refuse(path, -errno, complaints);
	if (!is_bpffs(parent))
		return refuse_file_system(path, complaints);
	if (!strchr(path + strlen(parent), '.'))
		return 0;
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "%s cannot be made: names on a BPF file system have no dots, give a "
		 "--pin-root without",
		 path);
	return -EINVAL;
}

/* "1: FLOCK  ADVISORY  WRITE 4711 00:28:6770327 0 EOF"; 0: not told, as for a process of
 * another PID namespace. */
static int find_holder(const struct stat *folder)
{
	FILE *file = fopen("/proc/locks", "re");
	unsigned major_number, minor_number;
	unsigned long long inode;
	char line[256];
	int pid, found = 0;

	while (file && !found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*u: FLOCK ADVISORY WRITE %d %x:%x:%llu", &pid,
			   &major_number, &minor_number, &inode) != 4)
			continue;
		if (inode == folder->st_ino && major_number == major(folder->st_dev) &&
		    minor_number == minor(folder->st_dev) && pid > 0)
			found = pid;
	}
	if (file)
		fclose(file);
	return found;
}

static int refuse_used(const char *pin_root, const struct stat *folder,
		       const char *remedy, struct complaints *complaints)
{
	char who[32] = "another headgated";
	int pid = find_holder(folder);

	if (pid)
		snprintf(who, sizeof(who), "headgated pid %d", pid);
	complain(complaints, COMPLAINT_ERROR, NULL, NULL, "%s is used by %s: %s",
		 pin_root, who, remedy);
	return -EBUSY;
}

int pin_dir_lock(const char *pin_root, const char *remedy, struct complaints *complaints)
{
	struct stat folder, now;
	_cleanup_close_ int fd = open(pin_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &folder) < 0)
		return refuse(pin_root, -errno, complaints);
	if (!is_bpffs(pin_root))
		return refuse_file_system(pin_root, complaints);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			   ? refuse_used(pin_root, &folder, remedy, complaints)
			   : refuse(pin_root, -errno, complaints);
	/* An uninstall may have removed it between the two: the lock is on nothing. */
	if (stat(pin_root, &now) < 0 || now.st_ino != folder.st_ino)
		return -ENOENT;
	return TAKE_FD(fd);
}

int pin_dir_open(const char *pin_root, struct complaints *complaints)
{
	char path[PATH_MAX], parent[PATH_MAX];
	int r = split(pin_root, path, parent);

	if (r < 0)
		return refuse(pin_root, r, complaints);
	r = mount_bpffs(path, complaints);
	if (r == 0)
		r = check_place(path, parent, complaints);
	if (r < 0)
		return r;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return refuse(path, -errno, complaints);
	r = pin_dir_lock(path, "stop that one or give another --pin-root", complaints);
	return r == -ENOENT ? refuse(path, r, complaints) : r;
}
