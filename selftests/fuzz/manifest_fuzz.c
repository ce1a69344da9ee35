// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as a manifest. Beyond not crashing: what is accepted keeps the promises that
 * the rest of the daemon builds on, and what is refused says where and why.
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "../../control/source/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_protocol(uint8_t protocol)
{
	assert(protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
	       protocol == IPPROTO_SCTP);
}

static void check_service(const struct service *service)
{
	const struct check_spec *check = &service->options.check;

	assert(service->cluster_ips.count <= 2);
	assert(service->skip || service->port_count);
	for (size_t i = 0; i < service->port_count; i++) {
		assert(service->ports[i].port && service->ports[i].name);
		check_protocol(service->ports[i].protocol);
	}
	for (size_t i = 0; i < service->external_ips.count; i++)
		assert(!addr_is_zero(&service->external_ips.items[i]));
	assert(check->rise && check->fall && check->interval_ms && check->timeout_ms);
	assert(check->status_first <= check->status_last);
	assert(check->path || (check->type != CHECK_HTTP && check->type != CHECK_HTTPS));
	assert(check->send || (check->type != CHECK_UDP && check->type != CHECK_DNS));
	assert(service->options.table_size <= 655373);
}

static void check_slice(const struct endpoint_slice *slice)
{
	for (size_t i = 0; i < slice->port_count; i++) {
		assert(slice->ports[i].port && slice->ports[i].name);
		check_protocol(slice->ports[i].protocol);
	}
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		assert(addr_is_v4(&slice->endpoints[i].addr) != slice->is_v6);
		assert(slice->endpoints[i].weight <= 256);
	}
}

static bool is_v4(const struct cidr *block)
{
	return block->bits >= 96 && addr_is_v4(&block->addr);
}

static void check_selector(const struct label_selector *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		const struct label_requirement *requirement = &selector->requirements[i];
		bool needs_values =
		    requirement->op == LABEL_IN || requirement->op == LABEL_NOT_IN;

		assert(*requirement->key);
		assert(needs_values == (requirement->values && requirement->values[0]));
	}
}

static void check_peer(const struct policy_peer *peer)
{
	const struct ip_block *block = &peer->block;

	check_selector(&peer->pods);
	check_selector(&peer->namespaces);
	assert(!block->except.count || (!peer->has_pods && !peer->has_namespaces));
	for (size_t i = 0; i < block->except.count; i++) {
		const struct cidr *except = &block->except.items[i];
		assert(is_v4(except) == is_v4(&block->block));
		assert(except->bits > block->block.bits);
		assert(cidr_contains(&block->block, &except->addr));
	}
}

static void check_rules(const struct policy_spec_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct policy_spec_rule *rule = &rules[i];

		for (size_t j = 0; j < rule->peer_count; j++)
			check_peer(&rule->peers[j]);
		for (size_t j = 0; j < rule->port_count; j++) {
			check_protocol(rule->ports[j].protocol);
			assert(rule->ports[j].first <= rule->ports[j].last);
		}
	}
}

static void check_policy(const struct network_policy *policy)
{
	assert(policy->has_ingress || policy->has_egress);
	assert(policy->has_ingress || !policy->ingress_count);
	assert(policy->has_egress || !policy->egress_count);
	check_selector(&policy->subjects);
	check_rules(policy->ingress, policy->ingress_count);
	check_rules(policy->egress, policy->egress_count);
}

static void check_pod(const struct pod *pod)
{
	for (size_t i = 0; i < pod->port_count; i++) {
		assert(pod->ports[i].name && *pod->ports[i].name && pod->ports[i].port);
		check_protocol(pod->ports[i].protocol);
	}
}

static int check_object(void *context, struct object *object)
{
	(void)context;
	assert(object->name && *object->name && object->namespace);
	assert(object->place.file && object->place.line);
	if (object->kind == OBJECT_SERVICE)
		check_service(&object->service);
	if (object->kind == OBJECT_ENDPOINT_SLICE)
		check_slice(&object->slice);
	if (object->kind == OBJECT_POD)
		check_pod(&object->pod);
	if (object->kind == OBJECT_NETWORK_POLICY) {
		assert(!object->policy.refused);
		check_policy(&object->policy);
	}
	object_free(object);
	return 0;
}

/* What stands in for a good version must be sound though it was read from nonsense. */
static int check_refused(void *context, struct object *object)
{
	(void)context;
	if (object && object->kind == OBJECT_NETWORK_POLICY) {
		assert(object->policy.refused);
		assert(!object->policy.ingress_count && !object->policy.egress_count);
		check_policy(&object->policy);
	}
	object_free(object);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaints complaints = { 0 };
	struct decode_sink sink = { NULL, check_object, check_refused, NULL };
	struct yaml_text text = { (const char *)data, size, "fuzz.yaml" };
	int r = decode_stream(&text, &sink, &complaints);

	assert(r == 0 || r == -EBADMSG);
	assert(r == 0 || complaints_have_errors(&complaints));
	for (size_t i = 0; i < complaints.count; i++) {
		const struct complaint *complaint = &complaints.items[i];
		assert(complaint->sentence && *complaint->sentence);
		assert(complaint->place.line || size > YAML_BYTES);
	}
	complaints_clear(&complaints);
	return 0;
}
