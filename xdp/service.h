/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ours? and service: is the packet any of our business, and if it begins something, to
 * which Service does it go and may its sender do that?
 */
#ifndef XDP_SERVICE_H
#define XDP_SERVICE_H

#include "clock.h"
#include "create.h"

static __always_inline int bit_is_set(__u32 hash)
{
	__u32 index = (hash & 0xffff) >> 6;
	__u64 *word = bpf_map_lookup_elem(&hg_ours, &index);

	return word && *word >> (hash & 63) & 1;
}

/* Index in hg_snat of one of our SNAT addresses, else 0. */
static __always_inline __u8 local_snat(const struct hg_addr *addr, __u32 hash)
{
	for (__u32 i = 0; i < HG_LOCAL_WINDOW; i++) {
		__u32 index = (hash + i) & (HG_LOCALS - 1);
		struct hg_local *local = bpf_map_lookup_elem(&hg_locals, &index);

		if (!local || !local->snat)
			return 0;
		if (addr_equal(&local->addr, addr))
			return local->snat;
	}
	return 0;
}

/*
 * A router's ICMP error to a client whose address was kept: only the quoted packet's
 * destination, the backend, is an address in use.
 */
static __noinline int quotes_ours(const struct packet *p)
{
	__u32 quote = p->l4 + sizeof(struct icmp_head);
	const struct hg_addr *quoted6;
	const __u32 *quoted4;
	struct hg_addr addr;

	if (!icmp_is_error(p) || p->parse_error || p->fragment == FRAGMENT_LATER)
		return 0;
	if (p->family == 4) {
		quoted4 = packet_at(p, quote + 16, 4);
		if (!quoted4)
			return 0;
		addr_from_v4(&addr, *quoted4);
	} else {
		quoted6 = packet_at(p, quote + 24, 16);
		if (!quoted6)
			return 0;
		__builtin_memcpy(&addr, quoted6, sizeof(addr));
	}
	return bit_is_set(hg_hash_addr(&addr));
}

/* The stage: PASS at once what bears no address in use. */
static __always_inline int ours(struct packet *p)
{
	__u32 hash = hg_hash_addr(&p->key.dst);

	if (bit_is_set(hash))
		p->key.snat = local_snat(&p->key.dst, hash);
	else if (!bit_is_set(hg_hash_addr(&p->key.src)) &&
		 !(is_icmp(p) && quotes_ours(p)))
		return PASS;
	p->now = clock_tick();
	p->hash = hg_hash_flow(&p->key, hg_config.seed);
	return NEXT;
}

/*
 * Index of a frontend's service record; port 0 and protocol 0 ask for the address itself.
 * 0 when there is none, -HG_REASON_table_changing while it is being replaced.
 */
static __always_inline int service_find(const struct hg_addr *addr, __u32 port,
					__u32 protocol)
{
	struct hg_frontend_key key = { .addr = *addr,
				       .port = (HG_FORCE __be16)port,
				       .protocol = (__u8)protocol };
	struct hg_service *service;
	__u32 *index, copy;

	index = bpf_map_lookup_elem(&hg_frontends, &key);
	if (!index)
		return 0;
	/*
	 * The kernel may give a deleted entry's memory to another key while we hold its
	 * pointer: the record names its key, so that the wrong one is noticed.
	 */
	copy = *(volatile __u32 *)index;
	service = bpf_map_lookup_elem(&hg_services, &copy);
	if (service && service->port == key.port && service->protocol == key.protocol &&
	    addr_equal(&service->addr, addr))
		return (int)copy;
	return -HG_REASON_table_changing;
}

/* The same out of line. */
__noinline int service_index(const struct hg_addr *addr, __u32 port, __u32 protocol)
{
	return addr ? service_find(addr, port, protocol) : 0;
}

static __always_inline struct hg_service *service_at(int index)
{
	__u32 place = (__u32)index;

	return index > 0 ? bpf_map_lookup_elem(&hg_services, &place) : 0;
}

/* Whether an address is virtual and nobody else's. While its record is replaced: yes. */
__noinline int address_is_virtual(const struct hg_addr *addr)
{
	int index = addr ? service_find(addr, 0, 0) : 0;
	struct hg_service *address = service_at(index);

	return address ? !(address->flags & HG_SERVICE_SHARED) : index < 0;
}

static __always_inline int is_virtual(const struct packet *p)
{
	return address_is_virtual(&p->key.dst);
}

__noinline int range_contains(__u32 set, const struct hg_addr *addr)
{
	struct hg_range_key key = { .prefixlen = 32 + 128,
				    .set = (HG_FORCE __u32)be32(set) };

	if (!addr)
		return 0;
	key.addr = *addr;
	return !!bpf_map_lookup_elem(&hg_ranges, &key);
}

/* May this source use the service? 0 or -reason. */
static __always_inline int service_admits(const struct packet *p,
					  const struct hg_service *service)
{
	if (service->flags & HG_SERVICE_INSIDE_ONLY && !range_contains(0, &p->key.src))
		return -HG_REASON_outside_cluster;
	if (service->flags & HG_SERVICE_SOURCE_RANGES &&
	    !range_contains(service->id, &p->key.src))
		return -HG_REASON_source_range;
	return 0;
}

/* Does a socket of this host take the packet? */
static __noinline int has_socket(struct packet *p)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock;
	__u32 size = sizeof(tuple.ipv6);

	if (p->family == 4) {
		tuple.ipv4.saddr = (HG_FORCE __be32)p->key.src.words[3];
		tuple.ipv4.daddr = (HG_FORCE __be32)p->key.dst.words[3];
		tuple.ipv4.sport = p->key.sport;
		tuple.ipv4.dport = p->key.dport;
		size = sizeof(tuple.ipv4);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, &p->key.src, sizeof(p->key.src));
		__builtin_memcpy(tuple.ipv6.daddr, &p->key.dst, sizeof(p->key.dst));
		tuple.ipv6.sport = p->key.sport;
		tuple.ipv6.dport = p->key.dport;
	}
	sock = bpf_skc_lookup_tcp(p->ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return 0;
	bpf_sk_release(sock);
	return 1;
}

/*
 * To one of our SNAT addresses, and no flow knows it. A segment of a connection whose time has
 * ended here gets an answer, so that the backend learns of it whatever the host's firewall
 * does. All else, and what a socket of the host wants, is the host's.
 */
static __always_inline int service_lost(struct packet *p)
{
	__u16 port = host16(p->key.dport);

	/* In this order: nearly all that comes here is of the host's own connections. */
	if (p->parse_error || p->key.protocol != IPPROTO_TCP ||
	    p->seen & (HG_FLOW_SYN | HG_FLOW_RST) || port < hg_config.port_first ||
	    port > hg_config.port_last || has_socket(p) ||
	    !table_remembers(&p->key, p->hash))
		return PASS;
	return -HG_REASON_no_flow;
}

/* No frontend has this port: PASS when the address is none of ours, else why it is
 * refused. */
static __noinline int service_missing(struct packet *p)
{
	struct hg_service *address;
	int r;

	r = service_index(&p->key.dst, 0, 0);
	address = service_at(r);
	if (r >= 0 && p->key.snat)
		return service_lost(p);
	if (!address)
		return r < 0 ? r : PASS;
	/* What no frontend claims is of whoever else holds the address. */
	if (address->flags & HG_SERVICE_SHARED)
		return PASS;
	r = service_admits(p, address);
	if (r < 0)
		return r;
	if (p->parse_error)
		return -(int)p->parse_error;
	if (address->flags & HG_SERVICE_DROP)
		p->no_reply = 1;
	return -HG_REASON_no_service;
}

/*
 * Is the backend itself a frontend? Its packets would come back, each time as a new flow. The
 * control process refuses such endpoints; it may have been told of the frontend since.
 */
static __always_inline int backend_loops(__u32 stamp)
{
	struct hg_backend *backend = backend_of(stamp);

	return backend && bit_is_set(hg_hash_addr(&backend->addr)) &&
	       service_index(&backend->addr, (HG_FORCE __u16)backend->port,
			     backend->protocol) > 0;
}

/*
 * May a flow be made of a segment inside a connection? In `nat` mode always: its port follows
 * from the client's. Elsewhere while a flood pushes out flows whose handshake is under way:
 * what the client acknowledges, the backend knows, by its own record or its SYN cookie, and
 * backend and port are found again by the same hashes. So, too, of a FIN whose ACK before it was
 * lost. A made-up one earns a reset from the backend instead of one from us.
 */
static __always_inline int flow_resumes(const struct packet *p,
					const struct hg_service *service)
{
	if (p->key.protocol != IPPROTO_TCP)
		return 0;
	if (service->flags & HG_SERVICE_NAT)
		return 1;
	return (p->seen & ~HG_FLOW_FIN) == HG_FLOW_ACK && is_flooded();
}

/*
 * The stages service and backend, for a packet without flow: NEXT when the flow that it
 * begins is ordered (hg_order: its backend, the rest empty), PASS, or -reason.
 */
static __noinline int service(struct packet *p)
{
	struct hg_service *service;
	struct flow_order *order;
	__s64 stamp;
	int r = 0;

	if (!mac_is_own(p) && !mac_is_ours(p))
		return PASS;
	if (!p->parse_error)
		r = service_find(&p->key.dst, (HG_FORCE __u16)p->key.dport,
				 p->key.protocol);
	service = service_at(r);
	if (!service)
		return r < 0 ? r : service_missing(p);
	r = service_admits(p, service);
	if (r < 0)
		return r;
	if (p->fragment == FRAGMENT_LATER)
		return -HG_REASON_fragment;
	if (service->flags & HG_SERVICE_DROP)
		p->no_reply = 1;
	if (!p->is_new && !flow_resumes(p, service))
		return -HG_REASON_no_flow;
	if (p->ttl <= 1)
		return -HG_REASON_ttl_expired;
	stamp = backend_choose(p, service);
	if (stamp < 0)
		return (int)stamp;
	if (backend_loops((__u32)stamp))
		return -HG_REASON_vip_loop;
	order = order_fresh();
	if (!order)
		return -HG_REASON_flow_contended;
	order->flow.backend = (__u32)stamp;
	return NEXT;
}

#endif
