/* SPDX-License-Identifier: BSD-2-Clause */
/* headgated: options in, one of five actions out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "daemon/controller.h"
#include "daemon/log_once.h"
#include "daemon/plan.h"
#include "daemon/privilege.h"

#define EXIT_USAGE 2

static int uninstall(const struct options *options)
{
	struct complaints complaints = { 0 };
	int r = datapath_uninstall(options->pin_root, &complaints);

	log_once_log(&complaints);
	if (r < 0 && !complaints.count)
		log_error("%s cannot be uninstalled: %s", options->pin_root,
			  strerror(-r));
	complaints_clear(&complaints);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int act(const struct options *options)
{
	switch (options->action) {
	case ACTION_RUN:
		return privilege_check() ? controller_run(options) : EXIT_FAILURE;
	case ACTION_CHECK:
		return plan_check(options, stdout);
	case ACTION_PRINT_PLAN:
		return plan_print(options, stdout);
	case ACTION_UNINSTALL:
		return privilege_check() ? uninstall(options) : EXIT_FAILURE;
	case ACTION_HELP:
		options_print_help(stdout);
		return EXIT_SUCCESS;
	case ACTION_VERSION:
		printf("headgated %s\n", HEADGATE_VERSION);
		return EXIT_SUCCESS;
	}
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct complaints complaints = { 0 };
	struct options options = { 0 };
	int r = options_parse(argc, argv, &complaints, &options);

	if (r < 0) {
		for (size_t i = 0; i < complaints.count; i++) {
			char *text = complaint_print(&complaints.items[i]);

			fprintf(stderr, "headgated: %s\n", text ? text : "out of memory");
			free(text);
		}
		if (!complaints.count)
			fprintf(stderr, "headgated: %s\n", strerror(-r));
		complaints_clear(&complaints);
		return EXIT_USAGE;
	}
	log_set_level((enum log_level)options.log_level);
	int code = act(&options);

	complaints_clear(&complaints);
	options_clear(&options);
	return code;
}
