/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the API is told about the daemon: a table of questions. The controller answers
 * them from its modules; tests answer them from a made-up state.
 */
#ifndef SERVE_API_STATE_H
#define SERVE_API_STATE_H

#include "../datapath/datapath.h"
#include "../explain/explain.h"
#include "../health/health.h"

struct serve_facts {
	const char *node_name, *manifests, *pin_root;
	uint64_t uptime_s;
	bool pods; /* --pod-interfaces given */
	size_t objects[OBJECT_KINDS];
	size_t checks; /* distinct health checks that run */
	uint64_t now_ms;
	enum policy_mode policy_mode;
	bool policy_keep, source_check;
	size_t pods_here,
	    pods_isolated;    /* of this node, with an interface that is known */
	bool policies_held;   /* those of an earlier daemon are in force */
	size_t held_isolated; /* addresses that these isolate, wherever they are */
};

struct api_denial {
	struct datapath_refusal packet;
	const char *direction; /* of the isolation; "": not known */
	const char *policies;  /* that isolate, "a/b, a/c"; "": not known */
};

/* each_…(): every item once; stops when visit returns non-zero and returns that. */
struct api_state {
	void *context;
	void (*facts)(void *context, struct serve_facts *ret_facts);
	int (*each_service)(void *context,
			    int (*visit)(void *visitor,
					 const struct wanted_service *service),
			    void *visitor);
	const struct wanted_service *(*find_service)(void *context, const char *namespace,
						     const char *name);
	int (*each_complaint)(void *context,
			      int (*visit)(void *visitor,
					   const struct complaint *complaint),
			      void *visitor);
	/* 0, or -ENOENT: no such check. */
	int (*describe_check)(void *context, const struct hg_addr *addr, uint16_t port,
			      const struct check_spec *check,
			      struct health_result *ret_result);
	int (*each_backend)(void *context, const char *port_key,
			    int (*visit)(void *visitor,
					 const struct datapath_backend_view *view),
			    void *visitor);
	int (*each_flow)(void *context,
			 int (*visit)(void *visitor, const struct datapath_flow *flow),
			 void *visitor);
	/* How many were deleted, or -errno. */
	int (*delete_flows)(void *context,
			    bool (*match)(void *visitor,
					  const struct datapath_flow *flow),
			    void *visitor);
	int (*reasons)(void *context, struct datapath_reason *ret_reasons, size_t size);
	/* Newest first; strings are valid until the state changes. */
	size_t (*refusals)(void *context, struct api_denial *ret_refusals, size_t size);
	size_t (*usage)(void *context, struct datapath_usage *ret_usage, size_t size);
	size_t (*attachments)(void *context, struct datapath_attachment *ret_attachments,
			      size_t size);
	/* Valid until the state changes. */
	void (*policies)(void *context, struct explain_input *ret_input);
};

#endif
