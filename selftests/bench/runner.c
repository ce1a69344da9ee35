// SPDX-License-Identifier: BSD-2-Clause
#include "runner.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include "frames.h"

static pthread_barrier_t start;

/* Others on the machine shall disturb little: pinned, and nicer to itself than they are. */
static int settle_down(const struct runner *runner)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(runner->core, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0 ||
	    setns(runner->space, CLONE_NEWNET) < 0 ||
	    setpriority(PRIO_PROCESS, 0, -20) < 0)
		return -errno;
	return 0;
}

/*
 * The kernel's own clock of the test run: what it takes to get ready for one (a grace
 * period of RCU) is not a packet's cost, nor is the time in which others had the core.
 */
static int run(struct runner *runner)
{
	struct frame frame = { 0 };
	struct xdp_md context = { .data_end = sizeof(frame),
				  .ingress_ifindex = runner->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &frame,
		    .data_size_in = sizeof(frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = (int)runner->packets,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = RUNNER_BATCH);
	int r = bpf_prog_test_run_opts(runner->program, &options);

	runner->ns_per_packet = options.duration;
	return r;
}

static void *runner_main(void *argument)
{
	struct runner *runner = argument;

	runner->error = settle_down(runner);
	pthread_barrier_wait(&start);
	if (runner->error == 0)
		runner->error = run(runner);
	return NULL;
}

int runners_go(struct runner *runners, uint32_t count)
{
	int r = -pthread_barrier_init(&start, NULL, count);

	for (uint32_t i = 0; r == 0 && i < count; i++)
		r = -pthread_create(&runners[i].thread, NULL, runner_main, &runners[i]);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < count; i++)
		pthread_join(runners[i].thread, NULL);
	pthread_barrier_destroy(&start);
	for (uint32_t i = 0; r == 0 && i < count; i++)
		r = runners[i].error;
	return r;
}
