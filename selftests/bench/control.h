/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the program `control`, which watches headgated from the outside: by its maps. */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

#include <stdint.h>
#include <stdio.h>
#include <headgate/abi.h>

/* The Services of services.sh by number: address, and that of an endpoint of n. */
struct hg_addr control_service(uint32_t number);
struct hg_addr control_endpoint(uint32_t number, uint32_t n, uint32_t place);

/* A pinned map of the daemon; ends the program with a sentence when it is not there. */
int control_map(const char *root, const char *name);
double control_now_ms(void);
void control_fail(const char *what, const char *why) __attribute__((noreturn));

/*
 * FOLDER/change.yaml gets the text that write() writes, by a rename; *ret_begun_ms is just
 * before. Apart from the change before it by longer than the daemon gathers events.
 */
void control_replace(const char *folder, void (*write)(const void *context, FILE *out),
		     const void *context, double *ret_begun_ms);
/* So that a loop that reads does not wait to be woken. */
void control_pin(unsigned long cpu);

/* Each is main() of a command: its own arguments, exit code. */
int change_main(int argc, char **argv);
int compile_main(int argc, char **argv);
int fill_main(int argc, char **argv);
int relabel_main(int argc, char **argv);

#endif
