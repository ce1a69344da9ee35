/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs recognised by the maps they use: names alone can be anybody's, and belong to
 * every daemon on the machine.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "attach.h"
#include "pin.h"
#include "program.h"

#define PROGRAM_MAPS 64

void owner_of_pins(const char *pin_root, struct owner *ret_owner)
{
	struct owner owner = { 0 };

	for (enum map map = 0; map < MAP_COUNT; map++) {
		_cleanup_close_ int fd = pin_open_map(pin_root, map);
		struct bpf_map_info info = { 0 };
		uint32_t size = sizeof(info);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
			continue;
		owner.map_ids[map] = info.id;
	}
	*ret_owner = owner;
}

static int program_info(uint32_t program_id, struct bpf_prog_info *info)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program_id);
	uint32_t size = sizeof(*info);

	return fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, info, &size);
}

static bool owns_map(const struct owner *owner, uint32_t map_id)
{
	for (enum map map = 0; map < MAP_COUNT; map++)
		if (owner->map_ids[map] == map_id)
			return true;
	return false;
}

static uint32_t id_of_map(int fd, const char *name)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return 0;
	return strcmp(info.name, name) == 0 ? info.id : 0;
}

/* In the folder of another daemon, at the depth at which such folders lie. */
static bool is_pinned(uint32_t map_id)
{
	glob_t found = { 0 };
	bool pinned = false;

	(void)glob("/sys/fs/bpf/*/hg_ours", GLOB_NOSORT, NULL, &found);
	(void)glob("/sys/fs/bpf/*/*/hg_ours", GLOB_NOSORT | GLOB_APPEND, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc && !pinned; i++) {
		_cleanup_close_ int fd = bpf_obj_get(found.gl_pathv[i]);

		pinned = id_of_map(fd, map_name(MAP_OURS)) == map_id;
	}
	globfree(&found);
	return pinned;
}

static bool has_our_name(const struct bpf_prog_info *info)
{
	for (enum program program = 0; program < PROGRAMS; program++)
		if (!strcmp(info->name, program_name(program)))
			return true;
	return false;
}

static bool is_orphan(const struct bpf_prog_info *info, const uint32_t *map_ids)
{
	for (uint32_t i = 0; i < info->nr_map_ids && i < PROGRAM_MAPS; i++) {
		_cleanup_close_ int fd = bpf_map_get_fd_by_id(map_ids[i]);
		uint32_t id = id_of_map(fd, map_name(MAP_OURS));

		if (id)
			return !is_pinned(id);
	}
	return false;
}

static bool uses_pins(const struct owner *owner, const struct bpf_prog_info *info,
		      const uint32_t *map_ids)
{
	for (uint32_t i = 0; i < info->nr_map_ids && i < PROGRAM_MAPS; i++)
		if (owns_map(owner, map_ids[i]))
			return true;
	return false;
}

bool owner_has_program(const struct owner *owner, uint32_t program_id)
{
	uint32_t ids[PROGRAM_MAPS] = { 0 };
	struct bpf_prog_info info = { .nr_map_ids = PROGRAM_MAPS,
				      .map_ids = (uintptr_t)ids };

	if (!program_id || program_info(program_id, &info) < 0)
		return false;
	return uses_pins(owner, &info, ids) ||
	       (has_our_name(&info) && is_orphan(&info, ids));
}

uint32_t owner_find_program(const struct owner *owner)
{
	for (uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
		uint32_t ids[PROGRAM_MAPS] = { 0 };
		struct bpf_prog_info info = { .nr_map_ids = PROGRAM_MAPS,
					      .map_ids = (uintptr_t)ids };

		if (program_info(id, &info) == 0 && uses_pins(owner, &info, ids))
			return id;
	}
	return 0;
}

const char *program_describe(uint32_t program_id, char *buffer)
{
	struct bpf_prog_info info = { 0 };

	if (program_info(program_id, &info) < 0)
		snprintf(buffer, 64, "id %u", program_id);
	else
		snprintf(buffer, 64, "%s, id %u", info.name, program_id);
	return buffer;
}
