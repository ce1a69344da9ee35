/* SPDX-License-Identifier: BSD-2-Clause */
#include "offline.h"

#include <errno.h>
#include <string.h>

#include "../../control/compile/policy_memory.h"
#include "../../control/lib/cleanup.h"
#include "api.h"

int offline_out_of_memory(void)
{
	fprintf(stderr, "headgate: out of memory\n");
	return EXIT_FAILURE;
}

static void never_changed(void *context)
{
	(void)context;
}

static int read_folder(const char *folder, struct offline *offline)
{
	int r;

	offline->cluster = cluster_new();
	if (!offline->cluster)
		return offline_out_of_memory();
	r = manifests_open(folder, offline->cluster, NULL, never_changed, NULL,
			   &offline->manifests);
	if (r == 0)
		return 0;
	return usage(
	    "--manifests %s cannot be read (%s): give a folder that exists and is "
	    "readable",
	    folder, strerror(-r));
}

static void print_complaints(const struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++) {
		const struct complaint *complaint = &complaints->items[i];
		bool is_error = complaint->level == COMPLAINT_ERROR;
		_cleanup_free_ char *text = complaint_print(complaint);

		if (!is_error &&
		    !object_about_is(&complaint->about, OBJECT_NETWORK_POLICY))
			continue;
		fprintf(stderr, "headgate: %s: %s\n", is_error ? "error" : "warning",
			text ? text : complaint->sentence);
	}
}

static bool is_concerned(void *context, const struct object *pod)
{
	const struct addr_list *concerned = context;

	for (size_t i = 0; i < pod->pod.ips.count; i++) {
		for (size_t k = 0; k < concerned->count; k++) {
			if (!addr_compare(&pod->pod.ips.items[i], &concerned->items[k]))
				return true;
		}
	}
	return false;
}

/* What does not fit is isolated and complained of: the answers hold all the same. */
int offline_compile(struct offline *offline, struct addr_list concerned)
{
	const struct policy_options options = { .is_local = is_concerned,
						.context = &concerned,
						.mode = POLICY_ENFORCE };
	int r = -ENOMEM;

	offline->memory = policy_memory_new();
	if (offline->memory)
		offline->policy = policy_new(&options, &offline->memory->tables);
	if (offline->policy)
		r = policy_update(offline->policy, offline->cluster,
				  &offline->complaints);
	print_complaints(&offline->complaints);
	offline->world.policy = offline->policy;
	return r == 0 || r == -ENOSPC ? 0 : offline_out_of_memory();
}

int offline_open(const struct line *line, struct offline *ret_offline)
{
	struct offline *offline = ret_offline;
	int r;

	*offline = (struct offline){ 0 };
	r = read_folder(line->manifests, offline);
	if (r)
		return r;
	offline->world = (struct explain_world){
		.cluster = offline->cluster,
		.lists = { manifests_complaints(offline->manifests),
			   &offline->complaints },
		.mode = POLICY_ENFORCE,
		.read_once = true,
	};
	print_complaints(offline->world.lists[0]);
	return 0;
}

void offline_close(struct offline *offline)
{
	if (offline->policy)
		policy_free(offline->policy);
	if (offline->memory)
		policy_memory_free(offline->memory);
	if (offline->manifests)
		manifests_close(offline->manifests);
	if (offline->cluster)
		cluster_free(offline->cluster);
	complaints_clear(&offline->complaints);
}

int offline_check(const struct body *body, int r)
{
	if (r == -ENOMEM || body->lost)
		return offline_out_of_memory();
	if (r == -EINVAL)
		return usage("%s", api_text(body->root, "error"));
	return 0;
}
