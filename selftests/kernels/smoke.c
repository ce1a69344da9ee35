// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of rows (selftests/datapath) in one process, for kernels in an emulated machine:
 * there the verifier needs seconds for the programs, so they are loaded once for all. Each
 * main() is one test program's, renamed by the Makefile.
 *
 *	smoke [GROUP…]
 */
#include <string.h>

int budget_main(void);
int clusterip_main(void);
int reply_main(void);
int nat_main(void);
int pods_main(void);
int icmp_main(void);
int fragment_main(void);
int neighbours_main(void);
int policy_main(void);
int policy_odd_main(void);

struct group {
	const char *name;
	int (*run)(void);
};

/* Without names: all. */
static int is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return argc < 2;
}

int main(int argc, char **argv)
{
	static const struct group groups[] = {
		{ "budget", budget_main },     { "clusterip", clusterip_main },
		{ "reply", reply_main },       { "nat", nat_main },
		{ "pods", pods_main },	       { "icmp", icmp_main },
		{ "fragment", fragment_main }, { "neighbours", neighbours_main },
		{ "policy", policy_main },     { "policy_odd", policy_odd_main },
	};
	int failed = 0;

	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (is_wanted(groups[i].name, argc, argv))
			failed += groups[i].run();
	return failed != 0;
}
