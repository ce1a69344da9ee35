// SPDX-License-Identifier: BSD-2-Clause
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../control/lib/cleanup.h"
#include "tables.h"

#define SCRATCH_FILE "objects.json"

static void close_cluster(struct state *state)
{
	policy_free(state->policy);
	moments_free(state->moments);
	policy_memory_free(state->memory);
	manifests_close(state->manifests);
	if (state->cluster)
		cluster_free(state->cluster);
	complaints_clear(&state->complaints);
	free(state->node_name);
	*state = (struct state){ .scratch = state->scratch };
}

int state_begin(struct state *state, const char *node_name, enum policy_mode mode)
{
	close_cluster(state);
	state->mode = mode;
	state->node_name = node_name ? strdup(node_name) : NULL;
	state->cluster = cluster_new();
	state->memory = policy_memory_new();
	if ((node_name && !state->node_name) || !state->cluster || !state->memory)
		return -ENOMEM;
	struct policy_tables tables = state->memory->tables;
	tables_prepare(&tables);
	state->moments = moments_new(&tables);
	return state->moments ? state_restart(state) : -ENOMEM;
}

int state_restart(struct state *state)
{
	struct policy_options options = { .node_name = state->node_name,
					  .mode = state->mode };

	policy_free(state->policy);
	state->policy = policy_new(&options, moments_tables(state->moments));
	cluster_watch_policies(state->cluster);
	return state->policy ? 0 : -ENOMEM;
}

static void remove_scratch(struct state *state)
{
	_cleanup_free_ char *path = NULL;

	if (!state->scratch)
		return;
	if (asprintf(&path, "%s/" SCRATCH_FILE, state->scratch) >= 0)
		unlink(path);
	rmdir(state->scratch);
	free(state->scratch);
	state->scratch = NULL;
}

void state_end(struct state *state)
{
	close_cluster(state);
	remove_scratch(state);
}

int state_open_folder(struct state *state, const char *folder)
{
	return manifests_open(folder, state->cluster, NULL, NULL, NULL,
			      &state->manifests);
}

static int make_scratch(struct state *state)
{
	const char *parent = getenv("TMPDIR");
	_cleanup_free_ char *folder = NULL;

	if (state->scratch)
		return 0;
	if (asprintf(&folder, "%s/headgate-oracle-XXXXXX", parent ? parent : "/tmp") < 0)
		return -ENOMEM;
	if (!mkdtemp(folder))
		return -errno;
	state->scratch = TAKE_PTR(folder);
	return 0;
}

static int write_scratch(const struct state *state, const char *text, size_t length)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/" SCRATCH_FILE, state->scratch) < 0)
		return -ENOMEM;
	FILE *file = fopen(path, "w");
	if (!file)
		return -errno;
	bool written = fwrite(text, 1, length, file) == length;
	return fclose(file) == 0 && written ? 0 : -EIO;
}

int state_set_text(struct state *state, const char *text, size_t length)
{
	int r = make_scratch(state);

	if (r == 0)
		r = write_scratch(state, text, length);
	if (r < 0)
		return r;
	return state->manifests ? manifests_reload(state->manifests)
				: state_open_folder(state, state->scratch);
}

static int pass_on(void *context, enum object_kind kind, const char *namespace,
		   const char *name)
{
	return policy_changed(context, kind, namespace, name);
}

int state_update(struct state *state)
{
	int r = cluster_take_changed(state->cluster, pass_on, state->policy);

	complaints_clear(&state->complaints);
	return r < 0 ? r
		     : policy_update(state->policy, state->cluster, &state->complaints);
}
