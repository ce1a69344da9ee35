/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a flow may be forgotten, and how far the keys of a home line lie. Pure: what the
 * sweeper decides, without maps and clock.
 */
#ifndef DATAPATH_EXPIRY_H
#define DATAPATH_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>
#include <headgate/abi.h>

/*
 * The shortest idle time at which a line may lead its flow to the end, by its own flags.
 * Whichever direction makes the time-out short also leads, so the other needs no guess.
 */
uint32_t expiry_earliest(const uint32_t *timeouts, uint8_t protocol, uint32_t seen,
			 bool embryonic);

/*
 * How far the farthest key with this home lies: line[0] is the home line, `window` lines
 * are readable. Torn keys can only make it too far, never too near.
 */
uint8_t expiry_reach(const struct hg_flow *line, uint32_t home, uint32_t window,
		     uint64_t seed, uint32_t mask);

#endif
