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

bool offline_is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (list) {
		if (strncmp(list, name, length) == 0 &&
		    (list[length] == ',' || !list[length]))
			return true;
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	return false;
}

/*
 * Policies select pods of their own namespace: those of namespaces that were not asked for
 * concern nobody here, and a table of some namespaces has nobody from others at all.
 */
static bool is_asked_for(const struct offline *offline, const struct about *about)
{
	if (!offline->namespaces || !about->namespace || !*about->namespace ||
	    offline_is_listed(offline->namespaces, about->namespace))
		return true;
	return !offline->only_theirs && !object_about_is(about, OBJECT_NETWORK_POLICY);
}

static void print_complaints(const struct offline *offline,
			     const struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++) {
		const struct complaint *complaint = &complaints->items[i];
		bool is_error = complaint->level == COMPLAINT_ERROR;
		_cleanup_free_ char *text = complaint_print(complaint);

		if (!is_error &&
		    !object_about_is(&complaint->about, OBJECT_NETWORK_POLICY))
			continue;
		if (!is_asked_for(offline, &complaint->about))
			continue;
		fprintf(stderr, "headgate: %s: %s\n", is_error ? "error" : "warning",
			text ? text : complaint->sentence);
	}
}

static int by_addr(const void *x, const void *y)
{
	return addr_compare(x, y);
}

static bool is_concerned(void *context, const struct object *pod)
{
	const struct addr_list *concerned = context;

	for (size_t i = 0; i < pod->pod.ips.count; i++) {
		if (bsearch(&pod->pod.ips.items[i], concerned->items, concerned->count,
			    sizeof(*concerned->items), by_addr))
			return true;
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

	if (concerned.count)
		qsort(concerned.items, concerned.count, sizeof(*concerned.items),
		      by_addr);
	offline->memory = policy_memory_new();
	if (offline->memory)
		offline->policy = policy_new(&options, &offline->memory->tables);
	if (offline->policy)
		r = policy_update(offline->policy, offline->cluster,
				  &offline->complaints);
	print_complaints(offline, &offline->complaints);
	offline->input.policy = offline->policy;
	return r == 0 || r == -ENOSPC ? 0 : offline_out_of_memory();
}

/* The namespace in NAMESPACE/NAME or KIND/NAMESPACE/NAME, with a comma; NULL: an address. */
static const char *print_namespace(const char *text, FILE *out)
{
	const char *slash = strchr(text, '/'),
		   *second = slash ? strchr(slash + 1, '/') : 0;
	const char *first = second ? slash + 1 : text;

	if (slash)
		fprintf(out, "%.*s,", (int)((second ? second : slash) - first), first);
	return slash;
}

/* "a,b" in a new string, or NULL for all. 0, or an exit code after a sentence. */
static int list_namespaces(const struct line *line, char **ret_list)
{
	const char *const names[] = { line->from, line->to,
				      line->count ? line->arguments[0] : NULL };
	char *text = NULL;
	bool all = false;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return offline_out_of_memory();
	if (line->namespace)
		fprintf(out, "%s,", line->namespace);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		all |= names[i] && !print_namespace(names[i], out);
	if (fclose(out) != 0)
		return offline_out_of_memory();
	if (!all && *text)
		*ret_list = TAKE_PTR(text);
	free(text);
	return 0;
}

int offline_open(const struct line *line, struct offline *ret_offline)
{
	struct offline *offline = ret_offline;
	int r;

	*offline = (struct offline){ .only_theirs = line->matrix };
	r = list_namespaces(line, &offline->namespaces);
	if (r == 0)
		r = read_folder(line->manifests, offline);
	if (r)
		return r;
	offline->input = (struct explain_input){
		.cluster = offline->cluster,
		.lists = { manifests_complaints(offline->manifests),
			   &offline->complaints },
		.mode = POLICY_ENFORCE,
		.read_once = true,
	};
	print_complaints(offline, offline->input.lists[0]);
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
	free(offline->namespaces);
}

int offline_check(const struct body *body, int r)
{
	if (r == -ENOMEM || body->lost)
		return offline_out_of_memory();
	if (r == -EINVAL)
		return usage("%s", api_text(body->root, "error"));
	return 0;
}
