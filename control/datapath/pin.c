/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins. Maps lie in the pin folder under their own names, programs too, so that they
 * outlive this process even when no interface carries them. Pins that another version
 * made, or with other sizes, are never touched: flows live in them.
 */
#include "pin.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "../lib/cleanup.h"
#include "load.h"

static int pin_path(const char *pin_root, const char *name, char *ret_path)
{
	int length = snprintf(ret_path, PATH_MAX, "%s/%s", pin_root, name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static bool is_bpffs(const char *path)
{
	struct statfs stat;

	return statfs(path, &stat) == 0 && stat.f_type == BPF_FS_MAGIC;
}

static int refuse_folder(const char *path, int error, struct complaints *complaints)
{
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "%s cannot hold pins: %s; mount a BPF file system there: "
		 "mount -t bpf bpf %s",
		 path, strerror(-error), path);
	return error;
}

int pin_mount(const char *pin_root, struct complaints *complaints)
{
	char parent[PATH_MAX];

	snprintf(parent, sizeof(parent), "%s", pin_root);
	char *slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return refuse_folder(pin_root, -EINVAL, complaints);
	*slash = 0;
	if (!is_bpffs(parent) && mount("bpf", parent, "bpf", 0, "mode=0700") < 0)
		return refuse_folder(parent, -errno, complaints);
	if (mkdir(pin_root, 0700) < 0 && errno != EEXIST)
		return refuse_folder(pin_root, -errno, complaints);
	return 0;
}

static bool is_program(const char *name)
{
	for (enum program program = 0; program < PROGRAMS; program++) {
		size_t length = strlen(program_name(program));

		if (!strncmp(name, program_name(program), length) &&
		    (!name[length] || !strcmp(name + length, "_new")))
			return true;
	}
	return false;
}

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int pins_list(const char *pin_root, struct pins *ret_pins)
{
	CLEANUP(cleanup_dir) DIR *dir = opendir(pin_root);
	struct pins pins = { .exists = dir };
	const struct dirent *entry;

	if (!dir && errno != ENOENT)
		return -errno;
	while (dir && (entry = readdir(dir))) {
		enum map map = map_by_name(entry->d_name);

		if (map != MAP_COUNT)
			pins.maps[map] = true;
		else if (entry->d_name[0] != '.' && !is_program(entry->d_name))
			snprintf(pins.stranger, sizeof(pins.stranger), "%.*s",
				 (int)sizeof(pins.stranger) - 1, entry->d_name);
	}
	*ret_pins = pins;
	return 0;
}

int pin_open_map(const char *pin_root, enum map map)
{
	char path[PATH_MAX];
	int r = pin_path(pin_root, map_name(map), path);

	return r < 0 ? r : bpf_obj_get(path);
}

static int map_info(const char *pin_root, enum map map, struct bpf_map_info *ret_info)
{
	_cleanup_close_ int fd = pin_open_map(pin_root, map);
	uint32_t size = sizeof(*ret_info);

	memset(ret_info, 0, sizeof(*ret_info));
	return fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, ret_info, &size);
}

uint32_t pin_cpus(const char *pin_root, uint32_t backends)
{
	struct bpf_map_info info;

	if (map_info(pin_root, MAP_STATS, &info) < 0 || info.max_entries % backends)
		return 0;
	return info.max_entries / backends;
}

static int refuse(const char *pin_root, struct complaints *complaints, const char *cause)
{
	complain(
	    complaints, COMPLAINT_ERROR, NULL, NULL,
	    "the pins in %s %s; nothing was changed: remove them and their flows with "
	    "`headgated --uninstall`, then start again",
	    pin_root, cause);
	return -EEXIST;
}

static int check_version(const char *pin_root, const struct pins *pins,
			 struct complaints *complaints)
{
	struct hg_state state = { 0 };
	uint32_t zero = 0;
	char cause[128];

	if (!pins->maps[MAP_STATE])
		return 0;
	_cleanup_close_ int fd = pin_open_map(pin_root, MAP_STATE);
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	int r = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &size);
	if (r == 0 && (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != 4 ||
		       info.value_size != sizeof(state)))
		r = -EINVAL;
	if (r == 0)
		r = bpf_map_lookup_elem(fd, &zero, &state);
	if (r < 0)
		return refuse(pin_root, complaints, "are not Headgate's (hg_state)");
	/* 0: a first start that did not come to its end. */
	if (!state.abi_version || state.abi_version == HG_ABI_VERSION)
		return 0;
	snprintf(cause, sizeof(cause), "are of ABI version %u, this program is of %u",
		 state.abi_version, HG_ABI_VERSION);
	return refuse(pin_root, complaints, cause);
}

static int check_size(const char *pin_root, enum map map, uint32_t wanted,
		      struct complaints *complaints)
{
	struct bpf_map_info info;
	char cause[160];
	int r = map_info(pin_root, map, &info);

	if (r < 0) {
		snprintf(cause, sizeof(cause), "are not Headgate's (%s is no map: %s)",
			 map_name(map), strerror(-r));
		return refuse(pin_root, complaints, cause);
	}
	if (!wanted || info.max_entries == wanted)
		return 0;
	snprintf(cause, sizeof(cause), "have %s with %u entries, %s asks for %u",
		 map_name(map), info.max_entries, map_option(map) ?: "this program",
		 wanted);
	return refuse(pin_root, complaints, cause);
}

int pin_check(const char *pin_root, const struct map_sizes *sizes,
	      struct complaints *complaints)
{
	struct pins pins = { 0 };
	int r = pins_list(pin_root, &pins);

	if (r < 0)
		return refuse_folder(pin_root, r, complaints);
	if (pins.stranger[0]) {
		char cause[128];

		snprintf(cause, sizeof(cause), "are not Headgate's (%s)", pins.stranger);
		return refuse(pin_root, complaints, cause);
	}
	r = check_version(pin_root, &pins, complaints);
	for (enum map map = 0; r == 0 && map < MAP_COUNT; map++)
		if (pins.maps[map])
			r = check_size(pin_root, map, sizes->entries[map], complaints);
	return r;
}

/* Under another name first: at no moment is there no pin. */
int pin_program(const char *pin_root, const char *name, struct bpf_program *program,
		struct complaints *complaints)
{
	char path[PATH_MAX], fresh[PATH_MAX], fresh_name[64];

	if (!program) {
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "the BPF objects have no program %s: build this program again",
			 name);
		return -ENOENT;
	}
	snprintf(fresh_name, sizeof(fresh_name), "%s_new", name);
	int r = pin_path(pin_root, name, path);
	if (r == 0)
		r = pin_path(pin_root, fresh_name, fresh);
	if (r < 0)
		return r;
	unlink(fresh);
	r = bpf_obj_pin(bpf_program__fd(program), fresh);
	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0)
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "program %s cannot be pinned as %s: %s; check that %s is a "
			 "writable BPF file system",
			 name, path, strerror(-r), pin_root);
	return r;
}

static int unlink_pin(const char *pin_root, const char *name)
{
	char path[PATH_MAX];
	int r = pin_path(pin_root, name, path);

	if (r < 0)
		return r;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Programs are pinned last, so a failed first start has left maps only. */
void pins_remove_new(const char *pin_root, const struct pins *before)
{
	for (enum map map = 0; map < MAP_COUNT; map++)
		if (!before->maps[map])
			unlink_pin(pin_root, map_name(map));
}

int pins_remove(const char *pin_root)
{
	char fresh[64];
	int failed = 0;

	for (enum program program = 0; program < PROGRAMS; program++) {
		snprintf(fresh, sizeof(fresh), "%s_new", program_name(program));
		unlink_pin(pin_root, fresh);
		int r = unlink_pin(pin_root, program_name(program));
		failed = r < 0 ? r : failed;
	}
	for (enum map map = 0; map < MAP_COUNT; map++) {
		int r = unlink_pin(pin_root, map_name(map));
		failed = r < 0 ? r : failed;
	}
	if (rmdir(pin_root) < 0 && errno != ENOENT)
		failed = -errno;
	return failed;
}
