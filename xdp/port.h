/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * port: which source port towards a backend comes next, and from whom one may be taken. A port is
 * held as long as its reply key has a line.
 */
#ifndef XDP_PORT_H
#define XDP_PORT_H

#include <linux/in.h>
#include "packet.h"
#include "table.h"

#define PORT_PROBES	48
#define PORT_STEPS	36 /* of them one after another */
#define PORT_PRIVILEGED 1024

/*
 * May a port be taken from the flow that holds it, and from whom rather? Later is better; with
 * a rank goes how long the flow has been silent.
 */
enum port_rank {
	PORT_LIVE,	/* never */
	PORT_UNPROVED,	/* its handshake may be under way */
	PORT_TIME_WAIT, /* the backend left first and remembers the port for 60 s */
	PORT_IDLE,	/* never proved, and silent for longer than a handshake */
	PORT_RESTED,	/* closed by the client, or long ago */
	PORT_RESET,
};
#define PORT_RANK_SHIFT HG_TICK_BITS
#define PORT_IDLE_TICKS HG_TICKS(4)

/* enum port_rank << PORT_RANK_SHIFT | age of the flow that holds a reply key. */
__noinline __u32 port_rank(__u32 line, __u32 now)
{
	struct hg_flow *flow = table_line(line), *other;
	__u32 ctl, age, other_age, partner, rank = PORT_LIVE;
	int end;

	if (!flow)
		return 0;
	ctl = ctl_of(flow);
	partner = partner_of(flow, line);
	other = partner == LINE_NONE ? 0 : table_line(partner);
	age = line_age(flow, now);
	other_age = other ? line_age(other, now) : age;
	age = other_age < age ? other_age : age;
	if ((ctl & HG_FLOW_STATE) != HG_FLOW_LIVE)
		return 0;
	end = line_end(flow, line, ctl);
	if (end == FLOW_RESET)
		rank = PORT_RESET;
	else if (end == FLOW_CLOSED)
		rank = ctl & HG_FLOW_LEFT_FIRST && age < HG_TIME_WAIT ? PORT_TIME_WAIT
								      : PORT_RESTED;
	else if (line_is_idle(flow, line, ctl, now))
		rank = PORT_RESTED;
	else if (line & LINE_EMBRYO)
		rank = age < PORT_IDLE_TICKS ? PORT_UNPROVED : PORT_IDLE;
	return rank << PORT_RANK_SHIFT | (age & HG_TICK_MASK);
}

/* Take a port from a flow of at least this rank. Returns 1 when the key is free now. */
__noinline int port_take(__u32 line, __u32 now, __u32 least)
{
	struct hg_flow *flow = table_line(line);
	__u32 ctl = flow ? ctl_of(flow) : HG_FLOW_FREE;

	order_loads();
	return (ctl & HG_FLOW_STATE) == HG_FLOW_LIVE &&
	       port_rank(line, now) >> PORT_RANK_SHIFT >= least && flow_close(line, ctl);
}

static __always_inline __u32 *port_cursor(__u32 endpoint)
{
	__u32 index = endpoint & (HG_PORT_CURSORS - 1);
	__u32 *cursor = bpf_map_lookup_elem(&hg_ports, &index);

	if (cursor && !*(volatile __u32 *)cursor)
		__sync_val_compare_and_swap(cursor, 0, bpf_get_prandom_u32() | 1);
	return cursor;
}

static __always_inline __u32 port_count(void)
{
	return hg_config.port_last - hg_config.port_first + 1;
}

/*
 * The next port towards an endpoint, nearly always free. All CPUs go through the range together,
 * so that the next one is the one that has rested longest; from anywhere, so that a balancer that
 * begins anew does not meet the ports that its last life left in TIME_WAIT. Host order; 0: none.
 */
static __always_inline __u32 port_next(__u32 endpoint)
{
	__u32 *cursor = port_cursor(endpoint);

	if (!cursor)
		return 0;
	return hg_config.port_first + __sync_fetch_and_add(cursor, 1) % port_count();
}

/* What port_next() was going to give `probe` connections later; in the end by leaps, because
 * ports that live long lie side by side. */
__noinline __u32 port_ahead(__u32 endpoint, __u32 is_privileged, __u32 probe)
{
	__u32 *cursor = port_cursor(endpoint), port;

	if (probe >= PORT_STEPS)
		probe = PORT_STEPS + (probe - PORT_STEPS) *
					 (port_count() / (PORT_PROBES - PORT_STEPS) + 1);
	port = hg_config.port_first +
	       ((cursor ? *(volatile __u32 *)cursor : 0) + probe) % port_count();
	return is_privileged ? PORT_PRIVILEGED / 2 + port % (PORT_PRIVILEGED / 2) : port;
}

/* A search has taken a port that was so far ahead: go on behind it. Were each probe a step, the
 * cursor would come round to ports before they have rested. */
__noinline int port_taken(__u32 endpoint, __u32 probe)
{
	__u32 *cursor = port_cursor(endpoint);

	if (cursor && probe < PORT_STEPS)
		__sync_fetch_and_add(cursor, probe + 1);
	return 0;
}

/*
 * The source port towards the backend that a flow without SNAT tries first. A client that
 * connects to the backend itself from the port that it uses through the Service would get
 * that connection's answers translated; so the backend sees another port, one that no kernel
 * chooses for its clients (they choose from 32768 on). It follows from the client's port
 * alone: another balancer that takes the flow over finds the same. Privileged ports stay
 * privileged, as with netfilter (NFS servers ask for that), SCTP's the same, since its
 * checksum covers them.
 */
static __always_inline __be16 port_apart(const struct hg_flow *flow)
{
	__u16 port = host16(flow->port);

	if (flow->key.protocol == IPPROTO_SCTP)
		return flow->port;
	if (port < PORT_PRIVILEGED)
		return be16((port ^ 0x100) ?: 0x1ff);
	port ^= port & 0x8000 ? 0x8000 : 0x4000;
	return be16(port < PORT_PRIVILEGED ? port + 0x7000 : port);
}

#endif
