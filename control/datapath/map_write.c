/* SPDX-License-Identifier: BSD-2-Clause */
#include "map_write.h"
#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>

int map_publish(const struct datapath *datapath, enum map map, const void *key,
		const void *value)
{
	/* A system call promises no order to stores in mapped memory. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return bpf_map_update_elem(datapath->fds[map], key, value, BPF_ANY);
}

int map_put(const struct datapath *datapath, enum map map, uint32_t index,
	    const void *value)
{
	return map_publish(datapath, map, &index, value);
}

void complain_map(const struct datapath *datapath, struct complaints *complaints,
		  const struct about *about, enum map map, int error)
{
	struct about told = about ? *about : (struct about){ 0 };
	const char *option = map_option(map);
	const char *noun = option ? option + 2 : ""; /* "slots" */
	uint32_t now =
	    map_option_value(map, datapath->entries[map], datapath->stats_rows);

	told.cause =
	    error == -ENOSPC || error == -EAGAIN ? CAUSE_NO_ROOM : CAUSE_NOT_APPLIED;
	if (error == -ENOSPC && option)
		complain(complaints, COMPLAINT_ERROR, NULL, &told,
			 "no space for %s: raise %s (now %u)", noun, option, now);
	else if (error == -EAGAIN && option)
		complain(complaints, COMPLAINT_ERROR, NULL, &told,
			 "no space for %s until what was released has rested: it is "
			 "tried again, raise %s (now %u) if this lasts",
			 noun, option, now);
	else if (error == -ENOSPC)
		complain(complaints, COMPLAINT_ERROR, NULL, &told,
			 "no space in map %s (%u entries): name fewer ranges",
			 map_name(map), datapath->entries[map]);
	else if (error == -ENOMEM)
		complain(complaints, COMPLAINT_ERROR, NULL, &told,
			 "out of memory: give the daemon more, what was in force stays");
	else
		complain(complaints, COMPLAINT_ERROR, NULL, &told,
			 "map %s was not written: %s; what was in force stays",
			 map_name(map), strerror(-error));
}
