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
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "../lib/cleanup.h"
#include "load.h"
#include "program.h"

static int pin_path(const char *pin_root, const char *name, char *ret_path)
{
	int length = snprintf(ret_path, PATH_MAX, "%s/%s", pin_root, name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
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

/* Maps of earlier versions: nothing reads them, removal removes them. */
static const char *const retired[] = { "hg_policy_addrs" };
#define RETIRED (sizeof(retired) / sizeof(*retired))

static bool is_retired(const char *name)
{
	for (size_t i = 0; i < RETIRED; i++) {
		if (!strcmp(name, retired[i]))
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
		else if (entry->d_name[0] != '.' && !is_program(entry->d_name) &&
			 !is_retired(entry->d_name))
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

uint32_t pin_rows(const char *pin_root, uint32_t backends)
{
	struct bpf_map_info info;

	if (map_info(pin_root, MAP_STATS, &info) < 0 || info.max_entries % backends)
		return 0;
	return info.max_entries / backends;
}

uint32_t pin_half_open(const char *pin_root)
{
	struct bpf_map_info info;

	return map_info(pin_root, MAP_EMBRYOS, &info) < 0 ? 0 : info.max_entries / 2;
}

uint64_t pin_seed(const char *pin_root)
{
	_cleanup_close_ int fd = pin_open_map(pin_root, MAP_STATE);
	struct hg_state state = { 0 };
	uint32_t zero = 0;

	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, &state) < 0 || !state.abi_version)
		return 0;
	return state.seed;
}

const char *pin_uninstall_command(const char *pin_root, char *buffer)
{
	bool usual = !strcmp(pin_root, DATAPATH_PIN_ROOT);

	snprintf(buffer, PIN_COMMAND, "headgated --uninstall%s%s",
		 usual ? "" : " --pin-root ", usual ? "" : pin_root);
	return buffer;
}

/* `instead`: what else helps, "… or ", or "". */
static int refuse(const char *pin_root, struct complaints *complaints, const char *cause,
		  const char *instead)
{
	char command[PIN_COMMAND];

	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "the pins in %s %s; nothing was changed: %sremove them and their flows "
		 "with `%s`, then start again",
		 pin_root, cause, instead, pin_uninstall_command(pin_root, command));
	return -EEXIST;
}

static int refuse_stranger(const char *pin_root, const char *name,
			   struct complaints *complaints)
{
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "%s/%s is not Headgate's; nothing was changed: remove it, or give "
		 "another --pin-root",
		 pin_root, name);
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
		return refuse_stranger(pin_root, map_name(MAP_STATE), complaints);
	/* 0: a first start that did not come to its end. */
	if (!state.abi_version || state.abi_version == HG_ABI_VERSION)
		return 0;
	snprintf(cause, sizeof(cause), "are of ABI version %u, this program is of %u",
		 state.abi_version, HG_ABI_VERSION);
	return refuse(pin_root, complaints, cause, "");
}

static int check_size(const char *pin_root, enum map map, const struct map_sizes *sizes,
		      struct complaints *complaints)
{
	const char *option = map_option(map);
	uint32_t wanted = sizes->entries[map];
	struct bpf_map_info info;
	char cause[160], instead[64];
	int r = map_info(pin_root, map, &info);

	if (r < 0)
		return refuse_stranger(pin_root, map_name(map), complaints);
	if (!wanted || info.max_entries == wanted)
		return 0;
	if (!option) {
		snprintf(cause, sizeof(cause), "have %s with %u entries, not %u",
			 map_name(map), info.max_entries, wanted);
		return refuse(pin_root, complaints, cause, "");
	}
	uint32_t made = map_option_value(map, info.max_entries, sizes->rows);
	snprintf(cause, sizeof(cause), "were made with %s %u, %s %u is asked for", option,
		 made, option, sizes->asked[map]);
	snprintf(instead, sizeof(instead), "give %s %u again, or ", option, made);
	return refuse(pin_root, complaints, cause, instead);
}

static int refuse_listing(const char *pin_root, int error, struct complaints *complaints)
{
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "the pins in %s cannot be listed: %s; run as root", pin_root,
		 strerror(-error));
	return error;
}

int pin_check(const char *pin_root, const struct map_sizes *sizes,
	      struct complaints *complaints)
{
	struct pins pins = { 0 };
	int r = pins_list(pin_root, &pins);

	if (r < 0)
		return refuse_listing(pin_root, r, complaints);
	r = check_version(pin_root, &pins, complaints);
	if (r == 0 && pins.stranger[0])
		return refuse_stranger(pin_root, pins.stranger, complaints);
	for (enum map map = 0; r == 0 && map < MAP_COUNT; map++)
		if (pins.maps[map])
			r = check_size(pin_root, map, sizes, complaints);
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

int pins_remove_programs(const char *pin_root)
{
	char fresh[64];
	int failed = 0;

	for (enum program program = 0; program < PROGRAMS; program++) {
		snprintf(fresh, sizeof(fresh), "%s_new", program_name(program));
		unlink_pin(pin_root, fresh);
		int r = unlink_pin(pin_root, program_name(program));
		failed = r < 0 ? r : failed;
	}
	return failed;
}

int pins_remove(const char *pin_root)
{
	int failed = pins_remove_programs(pin_root);

	for (enum map map = 0; map < MAP_COUNT; map++) {
		int r = unlink_pin(pin_root, map_name(map));
		failed = r < 0 ? r : failed;
	}
	for (size_t i = 0; i < RETIRED; i++) {
		int r = unlink_pin(pin_root, retired[i]);
		failed = r < 0 ? r : failed;
	}
	if (rmdir(pin_root) < 0 && errno != ENOENT)
		failed = -errno;
	return failed;
}
