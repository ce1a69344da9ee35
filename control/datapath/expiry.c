/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time-outs as netfilter users expect them.
 *
 *   protocol  embryonic   either RESET  both ENDED   one ENDED  else
 *   TCP       SYN         RST           CLOSED       FIN        ESTABLISHED
 *   SCTP      SCTP_INIT   RST           SHUTDOWN     SHUTDOWN   SCTP
 *   UDP       UDP         -             -            -          UDP_STREAM
 *   others    as UDP; they have direct flows only
 *
 * A flow whose backend left first keeps its SNAT port for as long as the backend remembers it
 * (TIME_WAIT, 60 s), if that is longer.
 */
#include "expiry.h"
#include <netinet/in.h>
#include <headgate/hash.h>

static uint32_t shorter(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

#define TIME_WAIT HG_TICKS(60) /* TCP_TIMEWAIT_LEN of Linux */

static enum hg_timeout tcp_timeout(uint32_t seen_a, uint32_t seen_b, bool embryonic)
{
	if ((seen_a | seen_b) & HG_FLOW_RESET)
		return HG_TIMEOUT_RST;
	if (seen_a & seen_b & HG_FLOW_ENDED)
		return HG_TIMEOUT_CLOSED;
	if ((seen_a | seen_b) & HG_FLOW_ENDED)
		return HG_TIMEOUT_FIN;
	return embryonic ? HG_TIMEOUT_SYN : HG_TIMEOUT_ESTABLISHED;
}

static enum hg_timeout sctp_timeout(uint32_t seen, bool embryonic)
{
	if (seen & HG_FLOW_RESET)
		return HG_TIMEOUT_RST;
	if (seen & HG_FLOW_ENDED)
		return HG_TIMEOUT_SCTP_SHUTDOWN;
	return embryonic ? HG_TIMEOUT_SCTP_INIT : HG_TIMEOUT_SCTP;
}

uint32_t expiry_timeout(const uint32_t *timeouts, uint8_t protocol, uint32_t seen_a,
			uint32_t seen_b, bool embryonic)
{
	if (protocol == IPPROTO_TCP) {
		enum hg_timeout which = tcp_timeout(seen_a, seen_b, embryonic);
		bool rests =
		    which == HG_TIMEOUT_CLOSED && (seen_a | seen_b) & HG_FLOW_LEFT_FIRST;

		return rests && timeouts[which] < TIME_WAIT ? TIME_WAIT : timeouts[which];
	}
	if (protocol == IPPROTO_SCTP)
		return timeouts[sctp_timeout(seen_a | seen_b, embryonic)];
	return timeouts[embryonic ? HG_TIMEOUT_UDP : HG_TIMEOUT_UDP_STREAM];
}

uint32_t expiry_earliest(const uint32_t *timeouts, uint8_t protocol, uint32_t seen,
			 bool embryonic)
{
	uint32_t alone = expiry_timeout(timeouts, protocol, seen, 0, embryonic);
	uint32_t same = expiry_timeout(timeouts, protocol, seen, seen, embryonic);

	return shorter(alone, same);
}

uint32_t expiry_idle(uint32_t now, uint32_t seen)
{
	return hg_flow_age(now, seen);
}

uint32_t expiry_free_ctl(uint32_t ctl)
{
	uint32_t generation = (ctl >> HG_FLOW_GENERATION_SHIFT) + 1;

	return generation << HG_FLOW_GENERATION_SHIFT | HG_FLOW_FREE;
}

uint8_t expiry_reach(const struct hg_flow *line, uint32_t home, uint32_t window,
		     uint64_t seed, uint32_t mask)
{
	for (uint32_t distance = window - 1; distance; distance--) {
		uint32_t ctl = *(const volatile uint32_t *)&line[distance].ctl;

		if ((ctl & HG_FLOW_STATE) == HG_FLOW_FREE)
			continue;
		if (((uint32_t)hg_hash_flow(&line[distance].key, seed) & mask) == home)
			return (uint8_t)distance;
	}
	return 0;
}
