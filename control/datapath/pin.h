/* SPDX-License-Identifier: BSD-2-Clause */
/* What lies in the folder of pins, and whether that is ours. */
#ifndef DATAPATH_PIN_H
#define DATAPATH_PIN_H

#include <stdbool.h>
#include "maps.h"

struct bpf_program;

/* Which of our maps are pinned. */
struct pins {
	bool exists; /* the folder */
	bool maps[MAP_COUNT];
	char stranger[64]; /* an entry that is no map or program of ours, or "" */
};

/* 0 or -errno (not -ENOENT). */
int pins_list(const char *pin_root, struct pins *ret_pins);
/*
 * Compare what is pinned with what is wanted: ABI version, kind and size of every map.
 * 0, or -EEXIST with a complaint; nothing is changed.
 */
int pin_check(const char *pin_root, const struct map_sizes *sizes,
	      struct complaints *complaints);
/* "headgated --uninstall --pin-root …" for a sentence, in a buffer of PIN_COMMAND. */
#define PIN_COMMAND 512
const char *pin_uninstall_command(const char *pin_root, char *buffer);
/* Rows of counters that the pinned hg_stats has; 0: it is not pinned. */
uint32_t pin_rows(const char *pin_root, uint32_t backends);
/* Half-open connections that the pinned maps hold; 0: nothing is pinned. */
uint32_t pin_half_open(const char *pin_root);
/* hg_state.seed of pins that are in use; 0: there are none. After pin_check(). */
uint64_t pin_seed(const char *pin_root);
/* Pin a loaded program as <pin_root>/<name>, in place of an earlier one. */
int pin_program(const char *pin_root, const char *name, struct bpf_program *program,
		struct complaints *complaints);
/* Remove what appeared since the list was made. */
void pins_remove_new(const char *pin_root, const struct pins *before);
/* Remove the pins of programs; all pins of ours, then the folder. 0 or -errno. */
int pins_remove_programs(const char *pin_root);
int pins_remove(const char *pin_root);
/* Descriptor of a pinned map, or -errno. */
int pin_open_map(const char *pin_root, enum map map);

#endif
