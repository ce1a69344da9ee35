// SPDX-License-Identifier: BSD-2-Clause
#include "packet_sum.h"

uint16_t sum_word(uint16_t sum, uint16_t word)
{
	uint32_t wide = (uint32_t)sum + word;

	return (uint16_t)((wide & 0xffff) + (wide >> 16));
}

uint16_t sum_bytes(uint16_t sum, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint16_t word = (i & 1) ? bytes[i] : (uint16_t)(bytes[i] << 8);

		sum = sum_word(sum, word);
	}
	return sum;
}

uint16_t sum_pseudo(uint8_t family, const struct hg_addr *src, const struct hg_addr *dst,
		    uint8_t protocol, size_t size)
{
	size_t skip = family == 4 ? 12 : 0;
	uint16_t sum = 0;

	sum = sum_bytes(sum, src->bytes + skip, 16 - skip);
	sum = sum_bytes(sum, dst->bytes + skip, 16 - skip);
	sum = sum_word(sum, protocol);
	sum = sum_word(sum, (uint16_t)(size >> 16));
	return sum_word(sum, (uint16_t)size);
}
