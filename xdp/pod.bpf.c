// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tc programs, where XDP cannot reach:
 *   nic_tc   NIC, ingress: carries what `nic` translated into a local pod, or out by a
 *            neighbour that the kernel still has to resolve
 *   pod_out  host end of a pod's interface, ingress: pod → virtual address, replies of
 *            local backends, and what an isolated pod sends directly
 *   pod_in   the same, egress: what reaches an isolated pod directly. What goes through a
 *            Service was judged where it entered, and does not pass here (redirect_peer).
 * Nothing of it enters the host's IP stack.
 */
#include "hook_tc.h"
#include "direct.h"
#include "pipeline.h"

#define TC_OK	0
#define TC_SHOT 2

/* Out of an interface, towards a hop of ours if there is one; the kernel writes layer 2.
 */
static __always_inline int send_neigh(__u32 ifindex, __u32 index)
{
	struct hg_hop *hop = index ? bpf_map_lookup_elem(&hg_hops, &index) : 0;
	struct bpf_redir_neigh neigh = {};

	if (!hop || hop->ifindex != ifindex)
		return (int)bpf_redirect_neigh(ifindex, 0, 0, 0);
	if (hop->addr.halves[0] == 0 &&
	    hop->addr.words[2] == (HG_FORCE __u32)be32(0xffff)) {
		neigh.nh_family = FAMILY_INET;
		neigh.ipv4_nh = (HG_FORCE __be32)hop->addr.words[3];
	} else {
		neigh.nh_family = FAMILY_INET6;
		__builtin_memcpy(neigh.ipv6_nh, &hop->addr, sizeof(hop->addr));
	}
	return (int)bpf_redirect_neigh(ifindex, &neigh, sizeof(neigh), 0);
}

static __always_inline int send(__u32 kind, __u32 ifindex, __u32 hop)
{
	if (kind == HG_META_PEER)
		return (int)bpf_redirect_peer(ifindex, 0);
	return send_neigh(ifindex, hop);
}

static __always_inline int leave(struct packet *p, int r)
{
	if (r < 0)
		r = refuse(p, r);
	if (r < 0)
		return TC_SHOT;
	if (r == ANSWER)
		return (int)bpf_redirect(hook_ifindex(p->ctx), 0);
	if (r == PASS)
		return TC_OK;
	return send(p->out == OUT_PEER ? HG_META_PEER : HG_META_NEIGH, p->out_ifindex,
		    p->out_hop);
}

/* What is no IP, or cannot be read at all: that fails closed where a pod may be isolated. */
static __always_inline int unread(struct packet *p, const struct hg_policy_link *link)
{
	if (!p->parse_error || !link_may_be_isolated(link))
		return TC_OK;
	stats_reason(HG_REASON_policy_malformed, hook_length(p->ctx));
	return TC_SHOT;
}

SEC("tc")
int pod_out(struct __sk_buff *ctx)
{
	struct packet p = { .ctx = ctx };
	struct hg_policy_link *link = link_of(hook_ifindex(ctx));
	int r = parse(&p);

	if (r != NEXT)
		return unread(&p, link);
	r = direct_source(&p, link);
	if (r == NEXT)
		r = pipeline(&p);
	if (r == PASS && direct_is_judged(&p, link, &p.key.src))
		r = direct(&p, link, DIRECT_OUT);
	return leave(&p, r);
}

SEC("tc")
int pod_in(struct __sk_buff *ctx)
{
	struct hg_policy_link *link = link_of(hook_ifindex(ctx));
	struct packet p = { .ctx = ctx };
	int r;

	if (!link_may_be_isolated(link))
		return TC_OK;
	if (parse(&p) != NEXT)
		return unread(&p, link);
	if (!direct_is_judged(&p, link, &p.key.dst))
		return TC_OK;
	/* The node itself reaches its pods: by origin, never by address. */
	r = direct(&p, link, ctx->ingress_ifindex ? DIRECT_IN : DIRECT_NODE);
	if (r >= 0)
		return TC_OK;
	stats_reason((__u32)-r, p.length);
	return TC_SHOT;
}

/*
 * Without a mark (a driver without metadata): a packet that `nic` translated for a local
 * pod is the reverse of that flow's reply line, which names the backend and so its
 * interface.
 */
static __noinline int find_pod(struct __sk_buff *ctx)
{
	struct packet p = { .ctx = ctx };
	struct hg_backend *backend;
	struct flow_view view;
	struct hg_flow_key key;

	if (parse(&p) != NEXT || p.parse_error || !bit_is_set(hg_hash_addr(&p.key.dst)))
		return 0;
	key_reverse(&p.key, &key);
	if (!table_find(&key, hg_hash_flow(&key, hg_config.seed), &view) ||
	    !(view.ctl & HG_FLOW_REPLY))
		return 0;
	backend = backend_of(view.backend);
	return backend ? (int)backend->ifindex : 0;
}

SEC("tc")
int nic_tc(struct __sk_buff *ctx)
{
	struct hg_xdp_meta *mark = (void *)(long)ctx->data_meta;
	int ifindex;

	if ((void *)(mark + 1) <= (void *)(long)ctx->data &&
	    mark->magic == HG_META_MAGIC) {
		__u32 kind = mark->kind, target = mark->ifindex, hop = mark->hop;

		/* The tag belongs to this link: behind the pod's interface nobody knows it. */
		if (ctx->vlan_present)
			bpf_skb_vlan_pop(ctx);
		return send(kind, target, hop);
	}
	ifindex = find_pod(ctx);
	return ifindex ? (int)bpf_redirect_peer((__u32)ifindex, 0) : TC_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
