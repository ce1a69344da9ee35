/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XDP shared with other programs through libxdp's dispatcher. Needs extension programs in
 * the kernel (probed), and a libxdp whose dispatcher may carry a program that moves the
 * packet's start (tried: on refusal the caller attaches directly). Each interface gets an
 * instance of the object of its own, because an extension is loaded for one dispatcher.
 *
 * libxdp works in a child: before 1.4.1 it loses a descriptor of each program it looks at,
 * which would keep our own from ending when they are removed, and fill the table of a
 * daemon that tries again and again. What it did stays; its descriptors end with the child.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../lib/cleanup.h"
#include "attach.h"
/* Both headers have an enumerator of this name; here it is needed from both. */
#define XDP_MODE_NATIVE LIBXDP_MODE_NATIVE
#include <xdp/libxdp.h>
#undef XDP_MODE_NATIVE

struct job {
	uint32_t ifindex;
	const struct owner *owner;
	struct bpf_object *object; /* to attach */
	enum xdp_attach_mode mode;
};

/* What the child says when it is done. */
struct outcome {
	int r;
	bool start_is_fixed; /* the verifier: a dispatcher's extension may not move it */
};

bool dispatcher_is_possible(char *ret_why, size_t size)
{
	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, NULL) == 1)
		return true;
	snprintf(ret_why, size,
		 "attached directly: this kernel has no extension programs for libxdp's "
		 "dispatcher");
	return false;
}

bool dispatcher_is_there(uint32_t ifindex)
{
	struct xdp_present present;
	char name[64];

	if (direct_query(ifindex, &present) < 0)
		return false;
	program_describe(present.native ?: present.generic, name);
	return strncmp(name, "xdp_dispatcher,", 15) == 0;
}

/* Programs of ours other than `but` (an id). */
static int remove_ours(const struct job *job, uint32_t but)
{
	if (!dispatcher_is_there(job->ifindex))
		return 0;
	struct xdp_multiprog *multi = xdp_multiprog__get_from_ifindex((int)job->ifindex);
	struct xdp_program *program = NULL;
	int failed = 0;

	if (libxdp_get_error(multi) || !multi)
		return 0;
	enum xdp_attach_mode mode = xdp_multiprog__attach_mode(multi);
	while (!xdp_multiprog__is_legacy(multi) &&
	       (program = xdp_multiprog__next_prog(program, multi))) {
		uint32_t id = xdp_program__id(program);

		if (id == but || !owner_has_program(job->owner, id))
			continue;
		int r = xdp_program__detach(program, (int)job->ifindex, mode, 0);
		failed = r < 0 ? r : failed;
	}
	return failed;
}

static int detach(const struct job *job)
{
	return remove_ours(job, 0);
}

/* The new one joins before the old one leaves: no packet passes between. */
static int attach(const struct job *job)
{
	struct xdp_program *program = xdp_program__from_bpf_obj(job->object, "xdp");
	int r = (int)libxdp_get_error(program);

	if (r < 0)
		return r;
	r = xdp_program__attach(program, (int)job->ifindex, job->mode, 0);
	if (r == 0 && !dispatcher_is_there(job->ifindex))
		r = -EOPNOTSUPP;
	return r < 0 ? r : remove_ours(job, xdp_program__id(program));
}

static void work(int (*task)(const struct job *), const struct job *job, int answer)
{
	struct outcome outcome = { 0 };

	libxdp_set_print(NULL);
	capture_begin();
	outcome.r = task(job);
	outcome.start_is_fixed = capture_contains("changes packet data");
	_exit(write(answer, &outcome, sizeof(outcome)) != sizeof(outcome));
}

static struct outcome do_in_child(int (*task)(const struct job *), const struct job *job)
{
	struct outcome outcome = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return (struct outcome){ .r = -errno };
	_cleanup_close_ int answer = ends[0];
	pid_t child = fork();
	if (child == 0)
		work(task, job, ends[1]);
	int r = child < 0 ? -errno : 0;
	close(ends[1]);
	if (r == 0 && read(answer, &outcome, sizeof(outcome)) != sizeof(outcome))
		r = -EIO;
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		outcome.r = r;
	return outcome;
}

static void explain(const struct outcome *outcome, char ret_why[DISPATCHER_WHY])
{
	if (outcome->start_is_fixed)
		snprintf(ret_why, DISPATCHER_WHY,
			 "this kernel takes no program that moves a packet's start into "
			 "the dispatcher of a libxdp before 1.5.5");
	else
		snprintf(ret_why, DISPATCHER_WHY, "libxdp's dispatcher fails (%s)",
			 strerror(-outcome->r));
}

int dispatcher_attach(struct datapath *datapath, uint32_t ifindex,
		      const struct owner *owner, struct complaints *complaints,
		      char ret_why[DISPATCHER_WHY])
{
	struct job job = {
		.ifindex = ifindex,
		.owner = owner,
		.mode = datapath->options.xdp_mode == XDP_MODE_GENERIC
			    ? XDP_MODE_SKB
			    : LIBXDP_MODE_NATIVE,
	};
	int r = load_open_nic(datapath, complaints, &job.object);

	if (r < 0) {
		snprintf(ret_why, DISPATCHER_WHY, "its object cannot be opened (%s)",
			 strerror(-r));
		return r;
	}
	struct outcome outcome = do_in_child(attach, &job);
	bpf_object__close(job.object);
	if (outcome.r < 0)
		explain(&outcome, ret_why);
	return outcome.r;
}

int dispatcher_detach(uint32_t ifindex, const struct owner *owner)
{
	const struct job job = { .ifindex = ifindex, .owner = owner };

	return dispatcher_is_there(ifindex) ? do_in_child(detach, &job).r : 0;
}
