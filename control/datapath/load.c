/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load the programs. Two objects share all maps through pins. Each is opened from memory,
 * given its constants and map sizes, and loaded; a failure becomes one sentence with what
 * the verifier or libbpf said last.
 */
#include "load.h"
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include "../lib/cleanup.h"
#include "grace.h"
#include "order.h"
#include "pin.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

extern const unsigned char program_nic[], program_nic_end[];
extern const unsigned char program_pod[], program_pod_end[];

static struct bpf_program *find_program(const struct datapath *datapath,
					enum program program)
{
	struct bpf_object *objects[] = { datapath->nic, datapath->pod };

	for (size_t i = 0; i < 2; i++) {
		struct bpf_program *found =
		    objects[i] ? bpf_object__find_program_by_name(objects[i],
								  program_name(program))
			       : NULL;
		if (found)
			return found;
	}
	return NULL;
}

int program_fd(const struct datapath *datapath, enum program program)
{
	const struct bpf_program *found = find_program(datapath, program);

	return found ? bpf_program__fd(found) : -ENOENT;
}

/* r0 = XDP_PASS; exit */
static int try_load(uint32_t flags)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = flags);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "headgate_probe", "Dual BSD/GPL", program,
			     2, &options);
}

static int probe_grace(struct complaints *complaints)
{
	int r = grace_open(GRACE_NONE);

	if (r < 0)
		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "the kernel lets this process wait for running programs neither by "
		    "membarrier() nor by a map of maps (%s): give it memory, and the "
		    "capability CAP_BPF",
		    strerror(-r));
	return r;
}

int load_probe(struct datapath *datapath, struct complaints *complaints)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	/* Before 5.11 maps count as locked memory; later kernels ignore it. */
	setrlimit(RLIMIT_MEMLOCK, &all);
	capture_begin();
	_cleanup_close_ int plain = try_load(0);
	if (plain == -EPERM || plain == -EACCES) {
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "the kernel does not let this process load BPF programs: run as "
			 "root, or with the capabilities CAP_BPF, CAP_NET_ADMIN and "
			 "CAP_PERFMON");
		return plain;
	}
	if (plain < 0) {
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "the kernel refuses the smallest XDP program: %s; it needs "
			 "CONFIG_BPF_SYSCALL and CONFIG_NET",
			 strerror(-plain));
		return plain;
	}
	_cleanup_close_ int frags = try_load(BPF_F_XDP_HAS_FRAGS);
	datapath->config.frags = frags >= 0;
	int r = clock_calibrate(&datapath->config);
	if (r < 0)
		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "the kernel's clock cannot be read by a BPF program (%s): run as "
		    "root, or with the capabilities CAP_BPF, CAP_NET_ADMIN and "
		    "CAP_PERFMON",
		    strerror(-r));
	return r < 0 ? r : probe_grace(complaints);
}

static struct bpf_map *find_config(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		/* libbpf names it after the object: "nic.rodata.config" cut to 15. */
		const char *name = bpf_map__name(map);
		size_t size;

		if (strstr(name, ".rodata") && bpf_map__initial_value(map, &size) &&
		    size == sizeof(struct hg_config))
			return map;
	}
	return NULL;
}

static int set_config(const struct datapath *datapath, struct bpf_object *object)
{
	struct hg_config config = datapath->config;
	struct bpf_map *map = find_config(object);
	const struct hg_config *built;
	size_t size;

	if (!map)
		return -ENOENT;
	built = bpf_map__initial_value(map, &size);
	config.weak_order = built->weak_order;
	return bpf_map__set_initial_value(map, &config, sizeof(config));
}

/* 0, or -ENOEXEC: the programs were built for a machine that orders more than this one. */
static int check_order(struct bpf_object *object, struct complaints *complaints)
{
	struct bpf_map *map = find_config(object);
	struct utsname machine;
	const char *why;
	size_t size;

	if (!map || uname(&machine) < 0)
		return 0; /* without its configuration an object is not loaded anyway */
	why = order_refusal(bpf_map__initial_value(map, &size), machine.machine);
	if (!why)
		return 0;
	complain(complaints, COMPLAINT_ERROR, NULL, NULL, "%s", why);
	return -ENOEXEC;
}

static int set_sizes(const struct datapath *datapath, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		enum map known = map_by_name(bpf_map__name(map));

		if (known == MAP_COUNT || !datapath->entries[known])
			continue;
		int r = bpf_map__set_max_entries(map, datapath->entries[known]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Frames larger than a page reach an XDP program only when it says that it knows them. */
static int set_frags(const struct datapath *datapath, struct bpf_object *object)
{
	struct bpf_program *program =
	    bpf_object__find_program_by_name(object, program_name(PROGRAM_NIC));

	if (!program)
		return 0;
	uint32_t flags = bpf_program__flags(program) & ~BPF_F_XDP_HAS_FRAGS;
	if (datapath->config.frags)
		flags |= BPF_F_XDP_HAS_FRAGS;
	return bpf_program__set_flags(program, flags);
}

struct image {
	const char *name;
	const unsigned char *start, *end;
};

static const struct image nic_image = { "nic", program_nic, program_nic_end };
static const struct image pod_image = { "pod", program_pod, program_pod_end };

static int open_image(struct datapath *datapath, const struct image *image,
		      struct complaints *complaints, struct bpf_object **ret_object)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = image->name,
		    .pin_root_path = datapath->pin_root);
	struct bpf_object *object = bpf_object__open_mem(
	    image->start, (size_t)(image->end - image->start), &options);
	int r = object ? check_order(object, complaints) : -errno;

	if (r == -ENOEXEC) {
		bpf_object__close(object);
		return r;
	}
	if (r == 0)
		r = set_config(datapath, object);
	if (r == 0)
		r = set_sizes(datapath, object);
	if (r == 0)
		r = set_frags(datapath, object);
	if (r == 0) {
		*ret_object = object;
		return 0;
	}
	bpf_object__close(object);
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "BPF object %s cannot be opened: %s (%s): this program was built wrong, "
		 "build it again with clang 14 or later",
		 image->name, strerror(-r), capture_tail(2));
	return r;
}

int load_open_nic(struct datapath *datapath, struct complaints *complaints,
		  struct bpf_object **ret_object)
{
	capture_begin();
	return open_image(datapath, &nic_image, complaints, ret_object);
}

static bool has_kernel_btf(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has = btf && libbpf_get_error(btf) == 0;

	if (has)
		btf__free(btf);
	return has;
}

static void complain_load(const struct image *image, int error,
			  struct complaints *complaints)
{
	const char *said = capture_tail(12);

	if (error == -EPERM)
		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "BPF object %s was not loaded, permission denied: run as root, or "
		    "with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON",
		    image->name);
	else if (error == -ENOMEM || error == -E2BIG)
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "BPF object %s was not loaded, the kernel has no memory for its "
			 "maps: lower --flows, --slots or --backends (%s)",
			 image->name, capture_tail(1));
	else if (!has_kernel_btf())
		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "BPF object %s was not loaded: the kernel has no BTF for it, use "
		    "one built with CONFIG_DEBUG_INFO_BTF: %s",
		    image->name, said);
	else
		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "BPF object %s was refused by this kernel's verifier: %s; report "
		    "it with the kernel's version; its last lines:\n%s",
		    image->name, strerror(-error), said);
}

static int load_image(struct datapath *datapath, const struct image *image,
		      struct complaints *complaints, struct bpf_object **ret_object)
{
	struct bpf_object *object = NULL;

	capture_begin();
	int r = open_image(datapath, image, complaints, &object);
	if (r < 0)
		return r;
	r = bpf_object__load(object);
	if (r < 0) {
		complain_load(image, r, complaints);
		bpf_object__close(object);
		return r;
	}
	*ret_object = object;
	return 0;
}

/* Both objects know all maps; a map that only one of them uses is found in that one. */
static int find_maps(struct datapath *datapath, struct complaints *complaints)
{
	struct bpf_object *objects[] = { datapath->nic, datapath->pod };

	for (enum map map = 0; map < MAP_COUNT; map++) {
		const struct bpf_map *found = NULL;

		for (size_t i = 0; i < 2 && !found; i++)
			found = bpf_object__find_map_by_name(objects[i], map_name(map));
		if (!found) {
			complain(complaints, COMPLAINT_ERROR, NULL, NULL,
				 "the BPF objects have no map %s: this program was built "
				 "wrong, build it again",
				 map_name(map));
			return -ENOENT;
		}
		datapath->fds[map] = bpf_map__fd(found);
		datapath->entries[map] = bpf_map__max_entries(found);
	}
	return 0;
}

int load_programs(struct datapath *datapath, struct complaints *complaints)
{
	struct pins before;
	int r = pins_list(datapath->pin_root, &before);

	if (r == 0)
		r = load_image(datapath, &nic_image, complaints, &datapath->nic);
	if (r == 0)
		r = load_image(datapath, &pod_image, complaints, &datapath->pod);
	if (r == 0)
		r = find_maps(datapath, complaints);
	for (enum program program = 0; r == 0 && program < PROGRAMS; program++)
		r = pin_program(datapath->pin_root, program_name(program),
				find_program(datapath, program), complaints);
	if (r < 0)
		pins_remove_new(datapath->pin_root, &before);
	return r;
}
