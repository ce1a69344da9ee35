// SPDX-License-Identifier: BSD-2-Clause
/*
 * The datapath's own parser, compiled for user space: whatever bytes arrive, it reads
 * none outside the frame (ASan stands at both ends of it), changes none, and what it
 * reports as sound lies inside the frame. The frame starts two bytes into its allocation,
 * so that layer 3 is aligned as in a kernel buffer.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../../xdp/hook_user.h"
#include "../../xdp/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void check_facts(const struct packet *p, size_t size)
{
	require(p->family == 4 || p->family == 6);
	require(p->l3 >= 14 && p->l3 <= 14 + 4 * PARSE_VLANS);
	require(p->l3 + (p->family == 4 ? 20U : 40U) <= size);
	if (p->parse_error) {
		require(p->parse_error < HG_REASON_END);
		return;
	}
	require(p->l3 + p->length <= size);
	require(p->l4 >= p->l3 + (p->family == 4 ? 20 : 40));
	require((size_t)p->l4 <= p->l3 + (size_t)p->length);
	if (p->fragment == FRAGMENT_LATER) {
		require(!p->key.sport && !p->key.dport && !p->is_new);
		return;
	}
	require((size_t)p->l4 + 8 <= size);
	require(!p->is_new || !is_icmp(p));
}

/* An error quotes a packet: the same reader, started at the quote. */
static void read_quote(const struct packet *p, struct hook_ctx *ctx)
{
	struct packet quote = { .ctx = ctx };

	if (p->parse_error || p->fragment == FRAGMENT_LATER || !is_icmp(p))
		return;
	if (!parse_quote(&quote, p->l4 + 8U, p->family))
		return;
	require(packet_at(&quote, quote.l4, 8) != NULL);
	require(quote.key.protocol == IPPROTO_TCP || quote.key.protocol == IPPROTO_UDP ||
		quote.key.protocol == IPPROTO_SCTP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *memory = malloc(size + 2);
	uint8_t *frame = memory + 2;
	struct hook_ctx ctx = { frame, frame + size };
	struct packet packet = { .ctx = &ctx };
	int verdict;

	require(memory != NULL);
	memcpy(frame, data, size);
	verdict = parse(&packet);
	require(verdict == PASS || verdict == NEXT);
	if (verdict == NEXT) {
		check_facts(&packet, size);
		read_quote(&packet, &ctx);
	}
	require(memcmp(frame, data, size) == 0);
	free(memory);
	return 0;
}
