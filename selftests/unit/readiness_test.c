/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../control/daemon/readiness.h"

static void readiness_is_one_datagram(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char name[64], text[64];

	(void)state;
	snprintf(name, sizeof(name), "@hgd-readiness-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
	    0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(readiness_tell("READY=1"), 0);
	ssize_t length = recv(fd, text, sizeof(text), MSG_DONTWAIT);

	assert_int_equal(length, 7);
	assert_memory_equal(text, "READY=1", 7);
	close(fd);
	assert_int_equal(readiness_tell("READY=1"), -ECONNREFUSED);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(readiness_tell("READY=1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readiness_is_one_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
