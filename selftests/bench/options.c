// SPDX-License-Identifier: BSD-2-Clause
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "measure.h"
#include "options.h"
#include "stage.h"

static size_t read_list(const char *text, uint32_t list[LIST_MAX])
{
	size_t count = 0;
	char *end;

	for (;; text = end + 1) {
		unsigned long value = strtoul(text, &end, 10);

		if (end == text || (*end && *end != ',') || value < 1 ||
		    value > 10000000 || count == LIST_MAX ||
		    (count && value <= list[count - 1]))
			give_up("'%s' is no list of at most %d rising numbers", text,
				LIST_MAX);
		list[count++] = (uint32_t)value;
		if (!*end)
			return count;
	}
}

static void pin_cpu(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		give_up("CPU %ld cannot be had", cpu);
}

void options_read(int argc, char **argv, struct options *ret_options)
{
	static const struct option known[] = {
		{ "flows", required_argument, NULL, 'f' },
		{ "services", required_argument, NULL, 's' },
		{ "repeats", required_argument, NULL, 'r' },
		{ "cpu", required_argument, NULL, 'c' },
		{ 0 },
	};
	long cpu = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	int option;

	ret_options->flow_counts = read_list("1,1000,65536", ret_options->flows);
	ret_options->service_counts = read_list("1,100,10000", ret_options->services);
	ret_options->repeats = 10;
	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (option == 'f')
			ret_options->flow_counts = read_list(optarg, ret_options->flows);
		else if (option == 's')
			ret_options->service_counts =
			    read_list(optarg, ret_options->services);
		else if (option == 'r')
			ret_options->repeats = (unsigned)strtoul(optarg, NULL, 10) ?: 1;
		else if (option == 'c')
			cpu = strtol(optarg, NULL, 10);
		else
			exit(2);
	}
	measure_want(argv + optind, argc - optind);
	pin_cpu(cpu);
}
