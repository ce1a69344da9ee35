// SPDX-License-Identifier: BSD-2-Clause
/*
 * What control.sh measures with. A program of commands:
 *   wait ROOT ENTRIES SINCE_NS    ms from SINCE_NS (as `date +%s%N`) until hg_frontends
 *                                 holds so many entries
 *   change …, relabel …, compile …   see their files
 *   fill …                        see fill.c
 *   tables                        build lookup tables; lines of JSON
 *   listen PORT                   accept and close, until killed
 */
#include "control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "../../control/compile/table.h"
#include "../../control/lib/addr.h"
#include "frames.h"
#include "sample.h"

#define PATIENCE_MS 60000
#define APART_NS    150000000

void control_fail(const char *what, const char *why)
{
	fprintf(stderr, "control: %s: %s\n", what, why);
	exit(1);
}

double control_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct hg_addr address(uint32_t host_order)
{
	struct hg_addr addr;

	addr_from_v4(htonl(host_order), &addr);
	return addr;
}

struct hg_addr control_service(uint32_t number)
{
	return address(0x0a600001U + number);
}

struct hg_addr control_endpoint(uint32_t number, uint32_t n, uint32_t place)
{
	return address(0x0a800001U + number * n + place);
}

int control_map(const char *root, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		control_fail(path, strerror(errno));
	return fd;
}

void control_replace(const char *folder, void (*write)(const void *context, FILE *out),
		     const void *context, double *ret_begun_ms)
{
	const struct timespec apart = { .tv_nsec = APART_NS };
	char aside[512], place[512];

	snprintf(aside, sizeof(aside), "%s/.change", folder);
	snprintf(place, sizeof(place), "%s/change.yaml", folder);
	FILE *out = fopen(aside, "we");

	if (!out)
		control_fail(aside, strerror(errno));
	write(context, out);
	if (fclose(out) != 0)
		control_fail(aside, strerror(errno));
	nanosleep(&apart, NULL);
	*ret_begun_ms = control_now_ms();
	if (rename(aside, place) < 0)
		control_fail(place, strerror(errno));
}

void control_pin(unsigned long cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		control_fail("the CPU for the reader", strerror(errno));
}

/* ---- wait ---- */
/* How many entries; all are copied out, a few milliseconds for 20,000. */
static uint32_t count_entries(int map, uint32_t most)
{
	struct hg_frontend_key *keys = calloc(most, sizeof(*keys));
	uint32_t *values = calloc(most, sizeof(*values)), count = most;
	struct hg_frontend_key next;

	if (!keys || !values)
		control_fail("hg_frontends", "out of memory");
	int r = bpf_map_lookup_batch(map, NULL, &next, keys, values, &count, NULL);

	free(keys);
	free(values);
	return r == 0 || errno == ENOENT ? count : 0;
}

static int wait_main(int argc, char **argv)
{
	const struct timespec step = { .tv_nsec = 2000000 };
	double deadline_ms = control_now_ms() + PATIENCE_MS;
	char path[256];
	struct timespec now;
	int map;

	if (argc != 4)
		control_fail("usage", "control wait ROOT ENTRIES SINCE_NS");
	uint32_t entries = (uint32_t)strtoul(argv[2], NULL, 10);

	snprintf(path, sizeof(path), "%s/hg_frontends", argv[1]);
	while ((map = bpf_obj_get(path)) < 0 ||
	       count_entries(map, entries + 1024) < entries) {
		if (map >= 0)
			close(map);
		if (control_now_ms() > deadline_ms)
			control_fail(path, "not filled within a minute");
		nanosleep(&step, NULL);
	}
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t ns = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;

	printf("%.1f\n", (double)(ns - strtoull(argv[3], NULL, 10)) / 1e6);
	return 0;
}

/* ---- tables ---- */
static void build(enum algorithm algorithm, uint32_t size, size_t count)
{
	const struct table_shape shape = { algorithm, size, 0 };
	struct wanted_backend *backends = calloc(count, sizeof(*backends));
	uint16_t *slots = calloc(size, sizeof(*slots));
	struct samples ms = { .count = 0 };
	char scenario[64];

	if (!backends || !slots)
		control_fail("tables", "out of memory");
	for (size_t i = 0; i < count; i++) {
		backends[i].addr = control_endpoint((uint32_t)i, 1, 0);
		backends[i].port = ENDPOINT_PORT;
		backends[i].weight = 1;
	}
	for (int i = 0; i < 50; i++) {
		double begun_ms = control_now_ms();

		if (table_fill(&shape, backends, count, slots) < 0)
			control_fail("tables", "out of memory");
		sample_add(&ms, control_now_ms() - begun_ms);
	}
	snprintf(scenario, sizeof(scenario), "table %s %u x %zu",
		 table_algorithm_name(algorithm), size, count);
	sample_print(&(struct subject){ "control", scenario, "headgate", 0, 0, 0 }, "ms",
		     &ms);
	free(backends);
	free(slots);
}

static int tables_main(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		control_fail("usage", "control tables");
	build(ALGORITHM_MAGLEV, 1009, 10);
	build(ALGORITHM_MAGLEV, 65537, 1000);
	build(ALGORITHM_MAGLEV, 655373, 5000);
	build(ALGORITHM_RANDOM, 65537, 1000);
	build(ALGORITHM_ROUND_ROBIN, 65537, 1000);
	return 0;
}

/* ---- listen ---- */
static int listen_main(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd, on = 1;

	if (argc != 2)
		control_fail("usage", "control listen PORT");
	any.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	if (listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    listen(listener, 4096) < 0)
		control_fail("listen", strerror(errno));
	while ((fd = accept(listener, NULL, NULL)) >= 0 || errno == ECONNABORTED)
		if (fd >= 0)
			close(fd);
	control_fail("accept", strerror(errno));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "wait", wait_main },	     { "change", change_main },
		{ "compile", compile_main }, { "fill", fill_main },
		{ "relabel", relabel_main }, { "tables", tables_main },
		{ "listen", listen_main },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	control_fail("usage", "control wait|change|compile|fill|relabel|tables|listen …");
}
