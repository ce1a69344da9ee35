/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs recognised by the maps they use: names alone can be anybody's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "attach.h"
#include "pin.h"

#define PROGRAM_MAPS 64

void owner_of_pins(const char *pin_root, struct owner *ret_owner)
{
	struct owner owner = { .by_name = true };

	for (enum map map = 0; map < MAP_COUNT; map++) {
		_cleanup_close_ int fd = pin_open_map(pin_root, map);
		struct bpf_map_info info = { 0 };
		uint32_t size = sizeof(info);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
			continue;
		owner.map_ids[map] = info.id;
		owner.by_name = false;
	}
	*ret_owner = owner;
}

static int program_info(uint32_t program_id, struct bpf_prog_info *info)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program_id);
	uint32_t size = sizeof(*info);

	return fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, info, &size);
}

static bool has_our_name(uint32_t map_id)
{
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(map_id);
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return false;
	return !strcmp(info.name, map_name(MAP_OURS));
}

static bool owns_map(const struct owner *owner, uint32_t map_id)
{
	if (owner->by_name)
		return has_our_name(map_id);
	for (enum map map = 0; map < MAP_COUNT; map++)
		if (owner->map_ids[map] == map_id)
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
	for (uint32_t i = 0; i < info.nr_map_ids && i < PROGRAM_MAPS; i++)
		if (owns_map(owner, ids[i]))
			return true;
	return false;
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
