// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The NIC's XDP program: virtual address → remote backend and its replies, by TX or
 * redirect; virtual address → local pod: translated here, marked, carried into the pod by
 * nic_tc (pod.bpf.c).
 *
 * Cold cache lines per path (what costs under load), and those that are shared by flows
 * and stay warm while backends are few (a hundred thousand records are not):
 *   not ours                0  8 KiB of bits stay warm
 *   established, either way 1  the flow's line                   + backend, counters
 *   new flow with SNAT      4  home lines of both keys in both tables
 *                              + frontend (2), service, slot, member, backend, counters
 *   first reply             1  its line                          + what the FIB looks at
 *   proof of a new flow     4  both embryonic lines, both main lines        + backend
 *   … where policies are   +5  both ends in the hash (4), the peer's view + cells, rows, set
 * Calls on the path of an established flow: none (8 ns each where the kernel hardens
 * returns, see spec_rstack_overflow).
 */
#include "hook_xdp.h"
#include "neighbour.h"
#include "pipeline.h"

/* For nic_tc: where XDP wants the packet to go. Without room for metadata nic_tc looks by
 * itself. */
static __always_inline void mark(struct packet *p)
{
	struct hg_xdp_meta *mark;

	if (bpf_xdp_adjust_meta(p->ctx, -(int)sizeof(*mark)) < 0)
		return;
	mark = (void *)(long)p->ctx->data_meta;
	if ((void *)(mark + 1) > hook_data(p->ctx))
		return;
	mark->magic = HG_META_MAGIC;
	mark->ifindex = p->out_ifindex;
	mark->kind = p->out == OUT_PEER ? HG_META_PEER : HG_META_NEIGH;
	mark->hop = p->out_hop;
}

static __always_inline int leave(struct packet *p, int r)
{
	if (r < 0)
		r = refuse(p, r);
	if (r < 0)
		return XDP_DROP;
	if (r == ANSWER)
		return XDP_TX;
	if (r == PASS)
		return XDP_PASS;
	if (p->out != OUT_WIRE) {
		mark(p);
		return XDP_PASS;
	}
	if (p->out_ifindex == hook_ifindex(p->ctx))
		return XDP_TX;
	return (int)bpf_redirect(p->out_ifindex, 0);
}

SEC("xdp")
int nic(struct xdp_md *ctx)
{
	struct packet p = { .ctx = ctx };
	int r = parse(&p);

	if (neighbour(&p) == ANSWER)
		return XDP_TX;
	if (r == NEXT)
		r = pipeline(&p);
	return leave(&p, r);
}

char _license[] SEC("license") = "Dual BSD/GPL";
