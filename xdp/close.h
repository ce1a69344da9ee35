/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * close: what makes a connection end in our eyes. A FIN, RST, SHUTDOWN or ABORT as such only
 * leaves a flag to look at; nobody who does not know the connection's numbers shortens its
 * life:
 *
 *   TCP FIN    counts when the other end has acknowledged it. Its end lies in `proof` of its
 *              own line (ENDING); the other line is ASKED to show that number. When the other
 *              end acknowledges more, it was none.
 *   TCP RST    counts when its sequence number is what the other end acknowledged last, which
 *              is what that end will take (RFC 5961 section 3.2); when it acknowledges the
 *              other end's FIN; or refuses a SYN by its number.
 *   SCTP       carries its direction's verification tag (RFC 9260 section 8.5), or the other's
 *              when the T bit says so.
 *
 * What is not believed is followed all the same: the ends judge for themselves. The cost is
 * that a flow whose end we could not follow waits for the time-out of an established one.
 *
 * Who forges packets of both ends can end a flow all the same: of a number 24 bits are known, and
 * so much may be under way.
 */
#ifndef XDP_CLOSE_H
#define XDP_CLOSE_H

#include <linux/in.h>
#include "packet.h"
#include "parse.h"
#include "table.h"

/* An acknowledgement farther ahead is not noted: it may be made up. A receiver acknowledges each
 * train that it is handed, of at most 512 KiB (BIG TCP). */
#define PROOF_STEP (1U << 19)

/* Numbers of a packet that may end something. */
struct closing {
	__u32 seen;	    /* enum hg_flow_ctl */
	__u32 seq, ack;	    /* TCP; SCTP: the verification tag in seq */
	__u32 end;	    /* TCP: sequence number behind the segment */
	__u32 is_reflected; /* SCTP: the tag is the other direction's */
	__u32 is_sctp;
};

HG_SCRATCH(hg_closing, struct closing);

static __always_inline __u32 proof_gap(__u32 from, __u32 to)
{
	return (to - from) & HG_FLOW_PROOF;
}

/* The two lines of a flow, by whose packet something may end; ctl as last read. */
struct closing_lines {
	struct hg_flow *flow, *other;
	__u32 line, other_line;
	__u32 ctl, other_ctl;
};

/*
 * A direction acknowledges: the next reset from the other end must bear this number. Returns 0
 * when it does not follow from the last one.
 */
static __always_inline int flow_acknowledge(struct hg_flow *flow, __u32 ack)
{
	__u32 step = proof_gap(hg_flow_proof(flow), ack);

	if (step >= PROOF_STEP)
		return 0;
	if (step)
		hg_flow_set_proof(flow, ack);
	return 1;
}

/* Is it a reset that its receiver believes? */
static __always_inline int reset_counts(const struct closing *closing,
					const struct closing_lines *lines)
{
	const struct hg_flow *acknowledged = 0;

	/* A SYN is refused before there is a number to acknowledge. */
	if (lines->line & LINE_EMBRYO && !(lines->other_ctl & HG_FLOW_REPLY))
		acknowledged = lines->flow;
	/* Until its FIN is acknowledged, the other end's number is that of the FIN. */
	if (lines->other_ctl & HG_FLOW_ENDING)
		acknowledged = lines->other;
	if (!acknowledged)
		return proof_gap(hg_flow_proof(lines->other), closing->seq) == 0;
	return closing->seen & HG_FLOW_ACK &&
	       proof_gap(hg_flow_proof(acknowledged), closing->ack) == 0;
}

/*
 * The other end's FIN was acknowledged, or was none. That end's line holds again what it has
 * acknowledged: what now comes to it, or less.
 */
static __always_inline void closing_answered(const struct closing *closing,
					     const struct closing_lines *lines,
					     __u32 ended)
{
	hg_flow_set_proof(lines->other, closing->seq);
	barrier();
	table_mark(lines->other_line, lines->other_ctl, ended, HG_FLOW_ENDING);
	table_mark(lines->line, lines->ctl, 0, HG_FLOW_ASKED);
}

/* Flags that a TCP segment adds to its line; the other line learns what it is asked for. */
static __always_inline __u32 closing_tcp(const struct closing *closing,
					 const struct closing_lines *lines)
{
	__u32 line = lines->line, ctl = lines->ctl;
	__u32 other_line = lines->other_line, other_ctl = lines->other_ctl, add = 0;
	struct hg_flow *flow = lines->flow;
	__u32 beyond = proof_gap(hg_flow_proof(lines->other), closing->ack);
	int follows;

	if (closing->seen & HG_FLOW_RST)
		return reset_counts(closing, lines) ? HG_FLOW_RESET : 0;
	if (line & LINE_EMBRYO || !(closing->seen & HG_FLOW_ACK))
		return 0;
	/* Who has sent a FIN himself has no number to compare with. */
	follows = !(ctl & HG_FLOW_ENDING) && flow_acknowledge(flow, closing->ack);
	if (ctl & HG_FLOW_ASKED && !beyond)
		closing_answered(closing, lines, HG_FLOW_ENDED);
	else if (ctl & HG_FLOW_ASKED && follows && beyond < PROOF_STEP)
		closing_answered(closing, lines, 0);
	if (!(closing->seen & HG_FLOW_FIN) || ctl & HG_FLOW_ENDED)
		return 0;
	/* Of a backend that we meet by ports that others get after it. */
	if (flow->key.snat && !((ctl | other_ctl) & HG_FLOW_FIN))
		add = HG_FLOW_LEFT_FIRST;
	/* First the flag, so that nobody notes an acknowledgement over the number. */
	table_mark(line, ctl, HG_FLOW_ENDING, 0);
	hg_flow_set_proof(flow, closing->end);
	table_mark(other_line, other_ctl, HG_FLOW_ASKED, 0);
	return add;
}

static __always_inline __u32 closing_sctp(const struct closing *closing,
					  const struct hg_flow *flow,
					  const struct hg_flow *other)
{
	const struct hg_flow *by = closing->is_reflected ? other : flow;

	if (proof_gap(hg_flow_proof(by), closing->seq))
		return 0;
	return closing->seen & HG_FLOW_RST ? HG_FLOW_RESET : HG_FLOW_ENDED;
}

/*
 * A line's packet changes its flags, or may end something. Global: verified once. Returns the
 * flags that were added.
 */
__noinline int flow_closing(__u32 line, __u32 ctl, const struct closing *closing)
{
	struct closing_lines lines = { .line = line, .ctl = ctl };
	__u32 add, remove = 0;

	lines.flow = table_line(line);
	if (!lines.flow || !closing)
		return 0;
	lines.other_line = partner_of(lines.flow, line);
	lines.other = lines.other_line == LINE_NONE ? 0 : table_line(lines.other_line);
	lines.other_ctl = lines.other ? ctl_of(lines.other) : 0;
	order_loads();
	add = closing->seen & HG_FLOW_SEEN;
	/* Who goes on after an RST did not mean it: endpoints ignore forged ones too. */
	if (!(add & HG_FLOW_RST))
		remove = ctl & (HG_FLOW_RST | HG_FLOW_RESET);
	if (lines.other && partner_of(lines.other, lines.other_line) == line) {
		if (!closing->is_sctp)
			add |= closing_tcp(closing, &lines);
		else if (add & (HG_FLOW_FIN | HG_FLOW_RST))
			add |= closing_sctp(closing, lines.flow, lines.other);
	}
	table_mark(line, ctl, add, remove);
	return (int)add;
}

/* What a packet says of an end, from its headers. NULL only for the verifier. */
static __always_inline struct closing *closing_of(const struct packet *p)
{
	struct closing *closing = scratch(&hg_closing);
	const __be32 *head = packet_at(p, p->l4, 16);
	__u32 header, used;

	if (!closing || !head)
		return 0;
	closing->seen = p->seen;
	closing->is_sctp = p->key.protocol == IPPROTO_SCTP;
	closing->is_reflected = closing->is_sctp && (host32(head[3]) >> 16) & 1;
	closing->seq = host32(head[1]);
	closing->ack = host32(head[2]);
	header = p->l4 - p->l3 + (host32(head[3]) >> 28) * 4;
	used = p->length > header ? p->length - header : 0;
	closing->end = closing->seq + used + !!(p->seen & HG_FLOW_FIN);
	return closing;
}

/* A packet changes its line's flags, or may end its flow. */
static __noinline int flow_close_by(const struct packet *p, __u32 line, __u32 ctl)
{
	struct closing *closing = closing_of(p);

	return closing ? flow_closing(line, ctl, closing) : 0;
}

#endif
