/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage of program runs: a list of packets, and programs that are run over it by the
 * harness of restore.bpf.c. What fails here ends the bench with a sentence.
 */
#ifndef BENCH_STAGE_H
#define BENCH_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../datapath/packet_build.h"
#include "restore.h"

enum hook { HOOK_XDP, HOOK_TC, HOOKS };

/* Programs that a stage leads to; the yardsticks are in yardstick.bpf.c. */
enum slot { SLOT_NOTHING, SLOT_FLOOR, SLOT_LINE, SLOT_HASH, SLOT_SUBJECT, SLOTS };

struct stage {
	struct bpf_object *restore, *yardstick;
	int harness[HOOKS][SLOTS]; /* descriptors; tc has no yardsticks: 0 */
	uint32_t ifindex;	   /* where packets arrive */
	uint32_t capacity;	   /* packets of a list */
	struct restore_packet *packets;
	struct restore_template *template;
	struct restore_cursor *cursor;
	uint8_t frame[RESTORE_FRAME]; /* the first packet of the list */
};

/* lines: of the yardstick `line`, a power of two; flows: entries of `hash`. */
void stage_open(struct stage *stage, uint32_t capacity, uint32_t lines, uint32_t flows);
void stage_close(struct stage *stage);
/* The program under test at a hook. */
void stage_set_subject(const struct stage *stage, enum hook hook, int program);

/* Begin a list whose packets look like this one; they differ in words at these offsets. */
void stage_begin(struct stage *stage, const struct packet *first,
		 const uint32_t offset[RESTORE_DIFFER]);
void stage_set(struct stage *stage, uint32_t index, const struct packet *packet);
/* Let both yardsticks that look something up find the packet. */
void stage_teach(struct stage *stage, const struct packet *packet);

#define ANY_VERDICT UINT32_MAX

/*
 * Run the next `runs` packets of a list of `count` (it wraps around). Returns the CPU time
 * of one run in ns, harness included. The bench ends when the last verdict
 * differs.
 */
double stage_run(struct stage *stage, int harness, uint32_t runs, uint32_t count,
		 uint32_t verdict);
/* From the first packet of the list on. */
void stage_rewind(struct stage *stage);

/* A sentence on stderr, and exit code 1. */
void give_up(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
