/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon is, carries and complains about; and every drop reason with its count.
 */
#include <stdlib.h>
#include <unistd.h>

#include <headgate/reasons.h>

#include "../lib/cleanup.h"
#include "answer.h"

#define MAPS_MOST	 64
#define ATTACHMENTS_MOST 4096

static const char no_host_clients[] =
    "connections that processes of this host open to a virtual address are not balanced "
    "yet: that needs the socket hook";

static void put_maps(const struct api_state *api, struct body *body)
{
	struct json_object *maps = body_array(body, body->root, "maps");
	struct datapath_usage usage[MAPS_MOST];
	size_t count = api->usage(api->context, usage, MAPS_MOST);

	for (size_t i = 0; i < count && i < MAPS_MOST; i++) {
		struct json_object *map = body_object(body, maps, NULL);

		body_text(body, map, "name", usage[i].map);
		body_number(body, map, "used", usage[i].used);
		body_number(body, map, "size", usage[i].size);
		body_number(body, map, "bytes", usage[i].bytes);
	}
}

static void put_attachments(const struct api_state *api, struct body *body)
{
	struct json_object *array = body_array(body, body->root, "attachments");
	_cleanup_free_ struct datapath_attachment *items =
	    calloc(ATTACHMENTS_MOST, sizeof(*items));

	if (!items) {
		body->lost = true;
		return;
	}
	size_t count = api->attachments(api->context, items, ATTACHMENTS_MOST);

	for (size_t i = 0; i < count && i < ATTACHMENTS_MOST; i++) {
		struct json_object *item = body_object(body, array, NULL);

		body_text(body, item, "interface", items[i].name);
		body_number(body, item, "ifindex", items[i].ifindex);
		body_text(body, item, "mode", items[i].mode);
		body_text(body, item, "remark", items[i].remark);
	}
	body_number(body, body->root, "attachmentCount", count);
}

struct listing {
	const struct api_state *api;
	struct body *body;
	struct json_object *array;
	uint64_t checks[4]; /* by HEALTH_… */
};

static int put_complaint(void *context, const struct complaint *complaint)
{
	struct listing *listing = context;
	struct body *body = listing->body;
	struct json_object *item = body_object(body, listing->array, NULL);

	body_text(body, item, "level",
		  complaint->level == COMPLAINT_ERROR ? "error" : "warning");
	body_text(body, item, "file", complaint->place.file);
	body_number(body, item, "line", complaint->place.line);
	body_number(body, item, "column", complaint->place.column);
	body_text(body, item, "object", complaint->object);
	body_text(body, item, "kind", about_kind_name(&complaint->about));
	body_text(body, item, "namespace", complaint->about.namespace);
	body_text(body, item, "name", complaint->about.name);
	body_text(body, item, "cause", cause_name(complaint->about.cause));
	body_text(body, item, "sentence", complaint->sentence);
	return 0;
}

static int count_checks(void *context, const struct wanted_service *service)
{
	struct listing *listing = context;
	struct health_result result;

	for (size_t i = 0; i < service->check_count; i++) {
		const struct wanted_check *check = &service->checks[i];
		int r =
		    listing->api->describe_check(listing->api->context, &check->addr,
						 check->port, &service->check, &result);
		int state = r == 0 ? result.state : HEALTH_UNKNOWN;

		if (state >= HEALTH_NONE && state <= HEALTH_DOWN)
			listing->checks[state]++;
	}
	return 0;
}

static void put_objects(const struct serve_facts *facts, struct body *body)
{
	struct json_object *objects = body_object(body, body->root, "objects");

	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		body_number(body, objects, object_kind_name(kind), facts->objects[kind]);
}

static void put_policy(const struct serve_facts *facts, struct body *body)
{
	static const char *const modes[] = { [POLICY_ENFORCE] = "enforce",
					     [POLICY_AUDIT] = "audit",
					     [POLICY_OFF] = "off" };
	struct json_object *policy = body_object(body, body->root, "policy");

	body_text(body, policy, "mode", modes[facts->policy_mode]);
	body_text(body, policy, "established", facts->policy_keep ? "keep" : "cut");
	body_bool(body, policy, "sourceCheck", facts->source_check);
	body_number(body, policy, "policies", facts->objects[OBJECT_NETWORK_POLICY]);
	body_number(body, policy, "podsHere", facts->pods_here);
	body_number(body, policy, "podsIsolated", facts->pods_isolated);
	body_bool(body, policy, "held", facts->policies_held);
	if (facts->policies_held)
		body_number(body, policy, "addressesHeldIsolated", facts->held_isolated);
}

unsigned answer_status(const struct api_state *api, const struct request *request,
		       struct body *body)
{
	struct listing listing = { api, body, NULL, { 0 } };
	struct serve_facts facts = { 0 };

	(void)request;
	api->facts(api->context, &facts);
	body_text(body, body->root, "version", HEADGATE_VERSION);
	body_number(body, body->root, "pid", (uint64_t)getpid());
	body_number(body, body->root, "uptimeSeconds", facts.uptime_s);
	body_text(body, body->root, "nodeName", facts.node_name);
	body_text(body, body->root, "manifests", facts.manifests);
	body_text(body, body->root, "pinRoot", facts.pin_root);
	put_attachments(api, body);
	put_maps(api, body);
	put_objects(&facts, body);
	put_policy(&facts, body);
	api->each_service(api->context, count_checks, &listing);
	struct json_object *health = body_object(body, body->root, "health");

	body_number(body, health, "checks", facts.checks);
	body_number(body, health, "up", listing.checks[HEALTH_UP]);
	body_number(body, health, "down", listing.checks[HEALTH_DOWN]);
	body_number(body, health, "unknown", listing.checks[HEALTH_UNKNOWN]);
	listing.array = body_array(body, body->root, "complaints");
	api->each_complaint(api->context, put_complaint, &listing);
	struct json_object *missing = body_array(body, body->root, "notServed");

	body_text(body, missing, NULL, no_host_clients);
	return 200;
}

unsigned answer_drops(const struct api_state *api, const struct request *request,
		      struct body *body)
{
#define REASON_ROW(number, name, sentence) { number, #name, sentence },
	static const struct {
		unsigned number;
		const char *name, *sentence;
	} rows[] = { HG_REASONS(REASON_ROW) };
#undef REASON_ROW
	struct datapath_reason counts[HG_REASON_END] = { 0 };
	struct json_object *drops = body_array(body, body->root, "drops");
	int r = api->reasons(api->context, counts, HG_REASON_END);

	(void)request;
	if (r < 0)
		return answer_refuse(body, 500,
				     "the drop counters cannot be read: see the "
				     "log of headgated");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_object *drop = body_object(body, drops, NULL);

		body_number(body, drop, "number", rows[i].number);
		body_text(body, drop, "name", rows[i].name);
		body_text(body, drop, "sentence", rows[i].sentence);
		body_number(body, drop, "packets", counts[rows[i].number].packets);
		body_number(body, drop, "bytes", counts[rows[i].number].bytes);
	}
	answer_put_refusals(api, body);
	return 200;
}
