/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame read back by fields: what a failing test prints ("tcp.check: want 1a2b, got
 * 3c4d"), and the judge of the builder: packet_sums_hold() verifies every checksum of a
 * frame by reading the frame alone.
 */
#ifndef DATAPATH_PACKET_FIELDS_H
#define DATAPATH_PACKET_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_SENTENCE 160

struct packet_field {
	const char *layer; /* "ip", "inner tcp", … */
	const char *name;
	size_t offset, size;
};

#define PACKET_FIELDS 192
struct packet_fields {
	struct packet_field field[PACKET_FIELDS];
	size_t count;
};

/* Always succeeds: what is not understood is the field "payload". */
void packet_read_fields(const uint8_t *frame, size_t size, struct packet_fields *ret);

/* The first field of that layer and name, host order, ≤ 4 bytes; -1 if there is none. */
int64_t packet_field_value(const uint8_t *frame, size_t size, const char *layer,
			   const char *name);

/* True and a sentence that names the first field that differs; false when equal. */
bool packet_differs(const uint8_t *want, size_t want_size, const uint8_t *got,
		    size_t got_size, char ret_sentence[PACKET_SENTENCE]);

/* The checksums of the IPv4 header and of an unfragmented layer 4 are right. */
bool packet_sums_hold(const uint8_t *frame, size_t size);

#endif
