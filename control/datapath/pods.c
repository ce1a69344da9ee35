/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hg_policy_links: which pod lies behind which interface. Mapped when there is a pod to
 * tell of, or lines of a previous daemon to clear.
 *
 * Addresses of a line never change while it names an interface: a new one is filled, then
 * the old one is left, so that the interface is in one of its two lines at every instant.
 * Where interfaces lie so densely that there is no second line, the old one is left first:
 * until it is filled again the address alone tells whose packets are. A line that was left
 * is filled again only when no program can hold it any more. Places of the same addresses
 * are single words and stored where they are.
 */
#include "pods.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "grace.h"
#include "policy.h"

#define BYTES (HG_POLICY_LINKS * sizeof(struct hg_policy_link))
#define WORDS (HG_POLICY_LINKS / 64)

struct pod_lines {
	struct hg_policy_link *lines;
	uint64_t set[WORDS];  /* by this daemon */
	uint64_t left[WORDS]; /* since the last wait */
	bool any_left;
};

static bool get_bit(const uint64_t *words, uint32_t bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

static void set_bit(uint64_t *words, uint32_t bit)
{
	words[bit / 64] |= 1ULL << (bit % 64);
}

static void clear_bit(uint64_t *words, uint32_t bit)
{
	words[bit / 64] &= ~(1ULL << (bit % 64));
}

void pod_lines_close(struct datapath *datapath)
{
	if (!datapath->pod_lines)
		return;
	munmap(datapath->pod_lines->lines, BYTES);
	free(datapath->pod_lines);
	datapath->pod_lines = NULL;
}

static int open_lines(struct datapath *datapath)
{
	struct pod_lines *pods;
	void *memory;

	if (datapath->pod_lines)
		return 0;
	pods = calloc(1, sizeof(*pods));
	if (!pods)
		return -ENOMEM;
	memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		      datapath->fds[MAP_POLICY_LINKS], 0);
	if (memory == MAP_FAILED) {
		int error = errno;

		free(pods);
		return -error;
	}
	pods->lines = memory;
	datapath->pod_lines = pods;
	return 0;
}

static bool is_found(const struct pod_lines *pods, uint32_t line, uint32_t wanted)
{
	return pods->lines[line].ifindex == wanted &&
	       (wanted || !get_bit(pods->left, line));
}

/*
 * Number of the line within the window of `ifindex` that names `wanted` (0: one that may
 * be filled), or HG_POLICY_LINKS.
 */
static uint32_t find_line(const struct pod_lines *pods, uint32_t ifindex, uint32_t wanted)
{
	for (uint32_t i = 0; i < HG_POLICY_LINK_WINDOW; i++) {
		uint32_t line = (ifindex + i) & (HG_POLICY_LINKS - 1);

		if (is_found(pods, line, wanted))
			return line;
	}
	return HG_POLICY_LINKS;
}

static uint32_t find_free_line(struct pod_lines *pods, uint32_t ifindex)
{
	uint32_t line = find_line(pods, ifindex, 0);

	if (line < HG_POLICY_LINKS || !pods->any_left)
		return line;
	grace_wait();
	memset(pods->left, 0, sizeof(pods->left));
	pods->any_left = false;
	return find_line(pods, ifindex, 0);
}

static void leave_line(struct pod_lines *pods, uint32_t line)
{
	__atomic_store_n(&pods->lines[line].ifindex, 0, __ATOMIC_RELEASE);
	clear_bit(pods->set, line);
	set_bit(pods->left, line);
	pods->any_left = true;
}

static void fill_line(struct pod_lines *pods, uint32_t line, uint32_t ifindex,
		      const struct datapath_pod *pod)
{
	struct hg_policy_link *link = &pods->lines[line];

	memcpy(link->addrs, pod->addrs, sizeof(link->addrs));
	memcpy(link->pods, pod->places, sizeof(link->pods));
	__atomic_store_n(&link->ifindex, ifindex, __ATOMIC_RELEASE);
	set_bit(pods->set, line);
}

/* Of the same addresses. */
static void store_places(struct pod_lines *pods, uint32_t line,
			 const struct datapath_pod *pod)
{
	for (int i = 0; i < 2; i++)
		__atomic_store_n(&pods->lines[line].pods[i], pod->places[i],
				 __ATOMIC_RELEASE);
	set_bit(pods->set, line);
}

/* Another line than the old one, if there can be any; then the old one is left already. */
static uint32_t find_next_line(struct pod_lines *pods, uint32_t ifindex, uint32_t *old)
{
	uint32_t line = find_free_line(pods, ifindex);

	if (line < HG_POLICY_LINKS || *old == HG_POLICY_LINKS)
		return line;
	leave_line(pods, *old);
	*old = HG_POLICY_LINKS;
	return find_free_line(pods, ifindex);
}

int datapath_set_pod(struct datapath *datapath, uint32_t ifindex,
		     const struct datapath_pod *pod)
{
	static const struct hg_addr nobody[2];
	bool is_known = memcmp(pod->addrs, nobody, sizeof(nobody)) != 0;
	int r = is_known ? open_lines(datapath) : 0;
	struct pod_lines *pods = datapath->pod_lines;
	uint32_t old, fresh = 0;

	if (r < 0 || !pods)
		return r;
	old = find_line(pods, ifindex, ifindex);
	if (is_known && old < HG_POLICY_LINKS &&
	    !memcmp(pods->lines[old].addrs, pod->addrs, sizeof(pod->addrs))) {
		store_places(pods, old, pod);
		return 0;
	}
	if (is_known)
		fresh = find_next_line(pods, ifindex, &old);
	if (fresh == HG_POLICY_LINKS)
		return -ENOSPC;
	if (is_known)
		fill_line(pods, fresh, ifindex, pod);
	if (old < HG_POLICY_LINKS)
		leave_line(pods, old);
	return 0;
}

int datapath_each_pod(struct datapath *datapath,
		      int (*visit)(void *context, uint32_t ifindex,
				   const struct datapath_pod *pod),
		      void *context)
{
	int r = open_lines(datapath);

	for (uint32_t i = 0; i < HG_POLICY_LINKS && r == 0; i++) {
		const struct hg_policy_link *link = &datapath->pod_lines->lines[i];
		struct datapath_pod pod;

		memcpy(pod.addrs, link->addrs, sizeof(pod.addrs));
		memcpy(pod.places, link->pods, sizeof(pod.places));
		if (link->ifindex)
			r = visit(context, link->ifindex, &pod);
	}
	return r;
}

int datapath_settle_pods(struct datapath *datapath)
{
	int r = open_lines(datapath);
	struct pod_lines *pods = datapath->pod_lines;
	bool is_used = false;

	if (r < 0)
		return r;
	for (uint32_t line = 0; line < HG_POLICY_LINKS; line++) {
		if (pods->lines[line].ifindex && !get_bit(pods->set, line))
			leave_line(pods, line);
		is_used |= get_bit(pods->set, line);
	}
	if (!is_used) /* nobody to tell of: let the memory go */
		pod_lines_close(datapath);
	return 0;
}
