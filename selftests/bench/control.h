/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the program `control`, which watches headgated from the outside: by its maps. */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

#include <stdint.h>
#include <headgate/abi.h>

/* The Services of services.sh by number: address, and that of an endpoint of n. */
struct hg_addr control_service(uint32_t number);
struct hg_addr control_endpoint(uint32_t number, uint32_t n, uint32_t place);

/* A pinned map of the daemon; ends the program with a sentence when it is not there. */
int control_map(const char *root, const char *name);
double control_now_ms(void);
void control_fail(const char *what, const char *why) __attribute__((noreturn));

/* Each is main() of a command: its own arguments, exit code. */
int change_main(int argc, char **argv);
int fill_main(int argc, char **argv);

#endif
