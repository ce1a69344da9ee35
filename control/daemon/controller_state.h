/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller's parts, for its own files only: controller.c (life), retry.c (turns of the
 * loop), startup.c (modules and their events), reconcile.c and orphans.c (Services), policies.c,
 * policy_subjects.c, grace_thread.c, isolation.c and denials.c (NetworkPolicies), local_pods.c and
 * pod_warnings.c (this node's pods), interfaces.c (attachments), api_state.c (answers to the API).
 *
 * Everything happens on one loop. Events of the modules only note what is due and start
 * the `work` timer; on_work() does it on the loop's next turn, so that no module is
 * entered from its own callback, and what arrives together is done together.
 */
#ifndef HEADGATED_CONTROLLER_STATE_H
#define HEADGATED_CONTROLLER_STATE_H

#define HASH_NONFATAL_OOM 1 /* an element that was not added has hh.tbl == NULL */
#include <uthash.h>
#include <uv.h>

#include "../compile/compile.h"
#include "../compile/policy.h"
#include "../config/options.h"
#include "../health/health.h"
#include "../netlink/network.h"
#include "../serve/serve.h"
#include "../source/manifests.h"
#include "changes.h"
#include "log_once.h"

#define RETRY_FIRST_MS 100U
#define RETRY_LAST_MS  30000U

struct retry {
	unsigned failures; /* in a row; 0: nothing to retry */
	uint64_t due_ms;
};

/* What on_work() shall do besides dirty Services. */
struct due {
	bool routes, inside, interfaces, policies, pods;
};

/* NetworkPolicies, their compiler and its maps: policies.c. */
struct policies {
	struct policy *compiler; /* NULL: nothing was ever to be judged */
	struct policy_tables tables;
	struct subject_service *subjects; /* what was asked for, by Service */
	struct lingering *lingering;	  /* asked for still, though no endpoint */
	bool changed;			  /* the compiler has something to do */
	bool
	    held; /* an earlier daemon's are in force, tables are mapped if they can be */
	struct complaints complaints;
	struct log_once logged;
	struct retry retry;
};

/* The wait for readers of what was in force: grace_thread.c. */
struct grace {
	uv_async_t done;
	uv_thread_t thread;
	bool is_open, is_waiting;
	uint64_t changes, waited_for; /* of policies; when the wait began */
};

/* Names of who isolated, by number of the refused packet: denials.c. */
struct denials {
	uint64_t count; /* of packets that were refused, when looked at last */
	struct noted_denial {
		uint32_t number;       /* 0: none */
		const char *direction; /* "": not known */
		char *policies;	       /* NULL: not known */
	} noted[HG_POLICY_EVENTS];
};

/* Which of this node's pods lies behind which interface: local_pods.c. */
struct local_pods {
	struct local_pod *local; /* by "namespace/name" */
	struct pod_link *links;	 /* as told to the datapath, by interface */
	struct complaints complaints;
	struct log_once logged;
	struct retry retry;
};

/* What is in force for one Service and what was said about it. */
struct service_record {
	const char *namespace, *name;  /* in key's memory */
	struct wanted_service *wanted; /* applied last; NULL: nothing in force */
	struct complaints complaints;
	struct log_once logged;
	struct retry retry;
	UT_hash_handle hh;
	char key[]; /* "namespace/name", and then the namespace alone */
};

/* An interface that exists and is to carry a hook. */
struct interface {
	struct network_link link;
	bool is_nic; /* named by --interface; else the host end of a pod's */
	bool attached;
	bool told; /* the datapath knows these MACs: */
	uint8_t macs[HG_MACS_EACH][6];
	size_t mac_count; /* maybe more than there is room for */
	struct complaints complaints;
	struct log_once logged;
	struct retry retry;
	UT_hash_handle hh; /* by link.ifindex */
};

struct controller {
	const struct options *options;
	uv_loop_t loop;
	uv_signal_t terminate, interrupt, reload;
	uv_timer_t work, retry, tick;
	uv_timer_cb on_work, on_retry;
	bool loop_open, handles_open;

	struct cluster *cluster;
	struct manifests *manifests;
	struct network *network;
	struct health *health;
	struct datapath *datapath;
	struct serve *serve;
	struct api_state api;
	struct compile_input input;

	struct service_record *services;
	bool services_sorted;
	struct interface *interfaces;
	struct policies policies;
	struct grace grace;
	struct denials denials;
	struct local_pods pods;
	struct changes changes;
	struct cidr_list inside; /* nodes' addresses, as told to the datapath */

	struct complaints startup; /* warnings of startup; they stand while we run */
	struct complaints routing; /* of the last reroute */
	struct complaints missing; /* interfaces that do not exist */
	struct log_once manifest_logged, routing_logged, missing_logged, orphan_logged;
	uint64_t orphans_due_ms; /* when EndpointSlices without Service are told; 0: no */
	struct retry routing_retry;
	struct due due;
	uint64_t started_ms;
};

/* ---- retry.c ---- */
/* Do what is due on the loop's next turn. */
void controller_schedule(struct controller *controller);
/* Note a failure (with exponential backoff) or a success; the retry timer follows. */
void controller_failed(struct controller *controller, struct retry *retry);
void controller_succeeded(struct retry *retry);
/* By uv_now(). */
void controller_retry_at(struct controller *controller, uint64_t due_ms);

/* ---- orphans.c ---- */
/* Manifests have changed: look for EndpointSlices without Service when they are still. */
void orphans_expect(struct controller *controller);
/* They are: tell of them. */
void orphans_tell(struct controller *controller, uint64_t now_ms);

/* ---- startup.c ---- */
/* 0, or -errno after a log line. */
int startup_modules(struct controller *controller);
/* Close the modules; the loop must then run their close callbacks. */
void startup_close(struct controller *controller);
/* Free what they used. */
void startup_clear(struct controller *controller);

/* ---- reconcile.c ---- */
/* Make dirty Services what they should be, for at most budget_ns (0: all). True: more. */
bool reconcile_services(struct controller *controller, uint64_t budget_ns);
/* Mark dirty whose time has come. Returns when the next one's comes, UINT64_MAX: none. */
uint64_t reconcile_retry(struct controller *controller, uint64_t now_ms);
void reconcile_inside(struct controller *controller);
void reconcile_clear(struct controller *controller);
void reconcile_sort(struct controller *controller);

/* ---- interfaces.c ---- */
/* Fits network_events.link. */
void interfaces_event(void *context, const struct network_link *link, bool present);
/* Attach what is not attached, complain about what does not exist. */
void interfaces_attach(struct controller *controller);
size_t interfaces_attached(const struct controller *controller);
uint64_t interfaces_retry(struct controller *controller, uint64_t now_ms);
void interfaces_clear(struct controller *controller);

/* ---- policy_subjects.c ---- */
/*
 * Ask the compiler to judge the endpoints that the Service ("namespace/name") has now, then
 * give back those it had: policies.changed. 0 or -ENOMEM.
 */
int policy_subjects_update(struct controller *controller, const char *key);
/* Give back who was an endpoint and is no pod's address any more. */
void policy_subjects_sweep(struct controller *controller);
void policy_subjects_clear(struct policies *policies); /* the compiler is going anyway */

/* ---- grace_thread.c ---- */
/* From here on there are threads. 0 or -errno. */
int grace_thread_open(struct controller *controller);
/* Policies have changed: wait for readers of the older ones beside the loop. */
void grace_thread_begin(struct controller *controller);
/* Policies are going to change: wait now, if that is not done yet. */
void grace_thread_end(struct controller *controller);
/* The loop must then run the close callback. */
void grace_thread_close(struct controller *controller);

/* ---- denials.c ---- */
/* What is there by now was refused by an earlier daemon's policies. */
void denials_begin(struct controller *controller);
/* Before rule sets go. */
void denials_note(struct controller *controller);
/* Newest first; strings hold until the next note. Returns how many. */
size_t denials_list(struct controller *controller, struct api_denial *ret, size_t size);
void denials_clear(struct controller *controller);

/* ---- policies.c ---- */
/*
 * Take what changed of Pods, Namespaces and NetworkPolicies and bring the maps to it. 0,
 * or -errno after a complaint: then what is in force stays so, and it is tried again;
 * -ENOSPC: and those whose policies do not fit are isolated.
 */
int policies_update(struct controller *controller);
/*
 * The endpoints of these Services ("namespace/name") are going to be backends: judge what
 * they receive, first of all. 0, or -errno: they must not get packets yet.
 */
int policies_judge(struct controller *controller, char *const *keys, size_t count);
/* Returns when the next attempt is due, UINT64_MAX: none is. */
uint64_t policies_retry(struct controller *controller, uint64_t now_ms);
/* The maps' use; 0: they are not in use. */
size_t policies_usage(const struct controller *controller,
		      struct datapath_usage *ret_usage, size_t size);
void policies_clear(struct controller *controller);

/* ---- isolation.c ---- */
/* Does an enforced policy isolate the pod at this place of hg_policy_pods? */
bool policies_isolate(const struct controller *controller, uint32_t place);
/* Addresses that an earlier daemon's policies isolate, while they are held. */
size_t policies_count_held(const struct controller *controller);

/* ---- local_pods.c ---- */
/* A Pod came, changed or went. 0 or -ENOMEM. */
int local_pods_note(struct controller *controller, const char *namespace,
		    const char *name);
/* Begin with what a previous daemon knew. 0 or -errno. */
int local_pods_adopt(struct controller *controller);
/* Find each pod's interface and tell the datapath. */
void local_pods_review(struct controller *controller);
uint64_t local_pods_retry(struct controller *controller, uint64_t now_ms);
/* Pods here whose interface is known, and how many of them are isolated. */
void local_pods_count(const struct controller *controller, size_t *ret_here,
		      size_t *ret_isolated);
void local_pods_clear(struct controller *controller);

/* ---- pod_warnings.c ---- */
/* Policies that concern nobody here, though they should. */
void pod_warnings_of_setting(const struct controller *controller,
			     struct complaints *complaints);
/* A pod whose address another one has, who comes first. */
void pod_warnings_of_addresses(const struct controller *controller, const char *namespace,
			       const char *name, struct complaints *complaints);

/* ---- api_state.c ---- */
void api_state_fill(struct controller *controller, struct api_state *ret_api);

#endif
