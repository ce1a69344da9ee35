/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network namespaces for tests of netlink/. The peer is a child that does nothing but
 * hold its namespace; commands enter by nsenter, which leaves mounts alone.
 */
#include "netspace.h"
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define COMMAND_SIZE 1024

extern char **environ;
static pid_t peer_pid;

static void hold_namespace(int ready)
{
	char done = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0 || write(ready, &done, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

int netspace_open(void)
{
	int ready[2];
	char done;
	ssize_t got;

	if (unshare(CLONE_NEWNET) < 0 || pipe(ready) < 0)
		return -errno;
	peer_pid = fork();
	if (peer_pid < 0)
		return -errno;
	if (peer_pid == 0)
		hold_namespace(ready[1]);
	close(ready[1]);
	got = read(ready[0], &done, 1);
	close(ready[0]);
	if (got != 1)
		return -EPERM;
	here("ip link set lo up");
	peer("ip link set lo up");
	return 0;
}

void netspace_close(void)
{
	if (peer_pid <= 0)
		return;
	kill(peer_pid, SIGKILL);
	waitpid(peer_pid, NULL, 0);
	peer_pid = 0;
}

static int run(const char *command)
{
	char *const argv[] = { (char *)"bash", (char *)"-ec", (char *)command, NULL };
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, "bash", NULL, NULL, argv, environ) != 0)
		return -1;
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_in(const char *prefix, const char *format, va_list values)
{
	char body[COMMAND_SIZE];
	char command[COMMAND_SIZE + 128];

	if (vsnprintf(body, sizeof(body), format, values) >= (int)sizeof(body))
		return -1;
	snprintf(command, sizeof(command), "PEER=%d; %s%s%s", (int)peer_pid, prefix, body,
		 *prefix ? "\nEND" : "");
	return run(command);
}

void here(const char *format, ...)
{
	va_list values;
	int r;

	va_start(values, format);
	r = run_in("", format, values);
	va_end(values);
	if (r != 0)
		fail_msg("here: %s: exit code %d", format, r);
}

bool here_holds(const char *format, ...)
{
	va_list values;
	int r;

	va_start(values, format);
	r = run_in("", format, values);
	va_end(values);
	return r == 0;
}

void peer(const char *format, ...)
{
	va_list values;
	int r;

	va_start(values, format);
	r = run_in("nsenter --net=/proc/$PEER/ns/net bash -e <<END\n", format, values);
	va_end(values);
	if (r != 0)
		fail_msg("peer: %s: exit code %d", format, r);
}
