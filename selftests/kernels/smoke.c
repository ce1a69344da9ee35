// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of rows (selftests/datapath) in one process, for kernels in an emulated machine:
 * there the verifier needs seconds for the programs, so they are loaded once for all. Each
 * main() is one test program's, renamed by the Makefile.
 */
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

int main(void)
{
	int (*const groups[])(void) = {
		budget_main, clusterip_main,  reply_main,    nat_main,
		pods_main,   icmp_main,	      fragment_main, neighbours_main,
		policy_main, policy_odd_main,
	};
	int failed = 0;

	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		failed += groups[i]();
	return failed != 0;
}
