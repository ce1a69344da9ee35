/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * When a flow's time is over, as netfilter users expect it: for the sweeper, and for the
 * datapath where it needs the line or the port of a flow that is over but not swept yet.
 *
 *   protocol  embryonic   either RESET  both ENDED   one ENDED  else
 *   TCP       SYN         RST           CLOSED       FIN        ESTABLISHED
 *   SCTP      SCTP_INIT   RST           SHUTDOWN     SHUTDOWN   SCTP
 *   UDP       UDP         -             -            -          UDP_STREAM
 *   others    as UDP; they have direct flows only
 *
 * A flow whose backend left first keeps its SNAT port for as long as the backend remembers it
 * (TIME_WAIT), if that is longer.
 */
#ifndef HEADGATE_TIMEOUT_H
#define HEADGATE_TIMEOUT_H

#include <headgate/flow.h>

/* Ticks in hg_config, seconds in options. */
enum hg_timeout {
	HG_TIMEOUT_SYN,		/* TCP, no ACK yet */
	HG_TIMEOUT_ESTABLISHED, /* TCP */
	HG_TIMEOUT_FIN,		/* one FIN acknowledged */
	HG_TIMEOUT_CLOSED,	/* both */
	HG_TIMEOUT_RST,
	HG_TIMEOUT_UDP,
	HG_TIMEOUT_UDP_STREAM, /* UDP, assured */
	HG_TIMEOUT_SCTP_INIT,
	HG_TIMEOUT_SCTP,
	HG_TIMEOUT_SCTP_SHUTDOWN,
	HG_TIMEOUTS
};

#define HG_TIME_WAIT HG_TICKS(60) /* TCP_TIMEWAIT_LEN of Linux */

static inline __u32 hg_tcp_timeout(const volatile __u32 *timeouts, __u32 either,
				   __u32 both, int embryonic)
{
	__u32 closed = timeouts[HG_TIMEOUT_CLOSED];

	if (either & HG_FLOW_RESET)
		return timeouts[HG_TIMEOUT_RST];
	if (both & HG_FLOW_ENDED)
		return either & HG_FLOW_LEFT_FIRST && closed < HG_TIME_WAIT ? HG_TIME_WAIT
									    : closed;
	if (either & HG_FLOW_ENDED)
		return timeouts[HG_TIMEOUT_FIN];
	return timeouts[embryonic ? HG_TIMEOUT_SYN : HG_TIMEOUT_ESTABLISHED];
}

static inline __u32 hg_sctp_timeout(const volatile __u32 *timeouts, __u32 either,
				    int embryonic)
{
	if (either & HG_FLOW_RESET)
		return timeouts[HG_TIMEOUT_RST];
	if (either & HG_FLOW_ENDED)
		return timeouts[HG_TIMEOUT_SCTP_SHUTDOWN];
	return timeouts[embryonic ? HG_TIMEOUT_SCTP_INIT : HG_TIMEOUT_SCTP];
}

/*
 * Ticks of silence after which a flow is forgotten, by what its two directions have seen (enum
 * hg_flow_ctl; 0 of one that is missing). `embryonic`: of hg_embryos.
 */
static inline __u32 hg_flow_timeout(const volatile __u32 *timeouts, __u8 protocol,
				    __u32 seen_a, __u32 seen_b, int embryonic)
{
	if (protocol == 6) /* TCP */
		return hg_tcp_timeout(timeouts, seen_a | seen_b, seen_a & seen_b,
				      embryonic);
	if (protocol == 132) /* SCTP */
		return hg_sctp_timeout(timeouts, seen_a | seen_b, embryonic);
	return timeouts[embryonic ? HG_TIMEOUT_UDP : HG_TIMEOUT_UDP_STREAM];
}

#endif
