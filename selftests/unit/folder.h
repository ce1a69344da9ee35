/* SPDX-License-Identifier: BSD-2-Clause */
/* A manifest folder in a temporary place, its cluster, and a loop that watches it. */
#ifndef UNIT_FOLDER_H
#define UNIT_FOLDER_H

#include "manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE_MS 5000

struct lab {
	char folder[64];
	uv_loop_t loop;
	struct cluster *cluster;
	struct manifests *manifests;
	unsigned changes;
};

static inline void count_change(void *context)
{
	((struct lab *)context)->changes++;
}

static inline const char *path_of(const struct lab *lab, const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", lab->folder, name);
	return path;
}

/* In place, as an editor without care does. */
static inline void write_file(const struct lab *lab, const char *name, const char *text)
{
	FILE *file = fopen(path_of(lab, name), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static inline void rename_file(const struct lab *lab, const char *from, const char *to)
{
	assert_int_equal(rename(path_of(lab, from), path_of(lab, to)), 0);
}

static inline void remove_file(const struct lab *lab, const char *name)
{
	assert_int_equal(unlink(path_of(lab, name)), 0);
}

#define SERVICE(name, port)                                                              \
	"apiVersion: v1\nkind: Service\nmetadata: {name: " name "}\n"                    \
	"spec: {clusterIP: 10.96.0.1, ports: [{port: " port "}]}\n"

static inline void create_folder(struct lab *lab)
{
	snprintf(lab->folder, sizeof(lab->folder), "/tmp/headgate-manifests-XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	assert_int_equal(uv_loop_init(&lab->loop), 0);
	lab->cluster = cluster_new();
	assert_non_null(lab->cluster);
}

static inline void open_folder(struct lab *lab)
{
	assert_int_equal(manifests_open(lab->folder, lab->cluster, &lab->loop,
					count_change, lab, &lab->manifests),
			 0);
	assert_int_equal(lab->changes, 0);
}

static inline int remove_entry(const char *path, const struct stat *stat, int type,
			       struct FTW *walk)
{
	(void)stat;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline void remove_folder(const char *folder)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void close_lab(struct lab *lab)
{
	manifests_close(lab->manifests);
	uv_run(&lab->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&lab->loop), 0);
	cluster_free(lab->cluster);
	remove_folder(lab->folder);
}

/* Port of the Service in force, 0 when there is none. */
static inline unsigned port_of(const struct lab *lab, const char *name)
{
	const struct object *object =
	    cluster_find(lab->cluster, OBJECT_SERVICE, "default", name);
	return object ? object->service.ports[0].port : 0;
}

static inline void wake(uv_timer_t *timer)
{
	(void)timer;
}

/* Turn the loop until the condition holds or the time is over; true when it held. */
#define turn_until(lab, limit_ms, condition)                                             \
	({                                                                               \
		uv_timer_t timer_;                                                       \
		uv_timer_init(&(lab)->loop, &timer_);                                    \
		uv_timer_start(&timer_, wake, 1, 5);                                     \
		uv_update_time(&(lab)->loop);                                            \
		uint64_t end_ = uv_now(&(lab)->loop) + (limit_ms);                       \
		while (!(condition) && uv_now(&(lab)->loop) < end_)                      \
			uv_run(&(lab)->loop, UV_RUN_ONCE);                               \
		uv_close((uv_handle_t *)&timer_, NULL);                                  \
		uv_run(&(lab)->loop, UV_RUN_NOWAIT);                                     \
		(condition);                                                             \
	})
#define turn_for(lab, time_ms)	    ((void)turn_until(lab, time_ms, false))
#define expect_soon(lab, condition) assert_true(turn_until(lab, DEADLINE_MS, condition))

static inline size_t complaint_count(const struct lab *lab)
{
	return manifests_complaints(lab->manifests)->count;
}

/* The only complaint there is ends with this text. */
static inline bool complains(const struct lab *lab, const char *text)
{
	const struct complaints *complaints = manifests_complaints(lab->manifests);

	if (complaints->count != 1)
		return false;
	char *line = complaint_print(&complaints->items[0]);
	bool found = strstr(line, text);
	if (!found)
		print_error("  complaint: %s\n", line);
	free(line);
	return found;
}

#endif
