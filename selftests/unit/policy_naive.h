/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict as policy-semantics §1 tells it, one object after the other: what the
 * compiler must agree with. It shares nothing with the compiler but the objects.
 */
#ifndef UNIT_POLICY_NAIVE_H
#define UNIT_POLICY_NAIVE_H

#include "policy_world.h"

struct naive {
	const struct cluster *cluster;
	struct policy_question question;
	bool is_egress, is_wanted; /* the other end's address: of interest on ingress */
	const struct object *subject, *peer;
	/* found */
	bool enforced, audited, any;
	struct policy_verdict verdict;
};

static inline const char *naive_label(const struct object *object, const char *key)
{
	for (size_t i = 0; object && i < object->label_count; i++) {
		if (strcmp(object->labels[i].key, key) == 0)
			return object->labels[i].value;
	}
	return NULL;
}

static inline bool naive_selects(const struct label_selector *selector,
				 const struct object *object)
{
	for (size_t i = 0; i < selector->count; i++) {
		const struct label_requirement *wanted = &selector->requirements[i];
		const char *value = naive_label(object, wanted->key);
		bool listed = false;

		for (char **one = wanted->values; value && one && *one; one++)
			listed |= strcmp(*one, value) == 0;
		if (wanted->op == LABEL_IN && !listed)
			return false;
		if (wanted->op == LABEL_NOT_IN && listed)
			return false;
		if (wanted->op == LABEL_EXISTS && !value)
			return false;
		if (wanted->op == LABEL_DOES_NOT_EXIST && value)
			return false;
	}
	return true;
}

static inline bool naive_is_in(const struct cidr *cidr, const struct hg_addr *where)
{
	bool v4 = cidr->bits >= 96 && addr_is_v4(&cidr->addr);

	return v4 == addr_is_v4(where) && cidr_contains(cidr, where);
}

static inline bool naive_peer(const struct naive *naive, const struct object *policy,
			      const struct policy_peer *peer)
{
	const struct hg_addr *there =
	    naive->is_egress ? &naive->question.to : &naive->question.from;

	if (peer->has_namespaces || peer->has_pods) {
		if (!naive->peer)
			return false;
		if (!peer->has_namespaces &&
		    strcmp(naive->peer->namespace, policy->namespace) != 0)
			return false;
		return naive_selects(&peer->pods, naive->peer) &&
		       naive_selects(&peer->namespaces,
				     cluster_find(naive->cluster, OBJECT_NAMESPACE, "",
						  naive->peer->namespace));
	}
	if (!naive_is_in(&peer->block.block, there))
		return false;
	for (size_t i = 0; i < peer->block.except.count; i++) {
		if (naive_is_in(&peer->block.except.items[i], there))
			return false;
	}
	return true;
}

static inline bool naive_named(const struct naive *naive, const struct policy_port *port)
{
	const struct object *to = naive->is_egress ? naive->peer : naive->subject;

	for (size_t i = 0; to && i < to->pod.port_count; i++) {
		const struct container_port *one = &to->pod.ports[i];

		if (strcmp(one->name, port->name) == 0 &&
		    one->protocol == port->protocol && one->port == naive->question.port)
			return true;
	}
	return false;
}

static inline bool naive_port(const struct naive *naive, const struct policy_port *port)
{
	if (port->protocol != naive->question.protocol)
		return false;
	if (port->name)
		return naive_named(naive, port);
	return naive->question.port >= port->first && naive->question.port <= port->last;
}

static inline bool naive_rule(const struct naive *naive, const struct object *policy,
			      const struct policy_spec_rule *rule)
{
	bool peer = !rule->peer_count, port = !rule->port_count;

	for (size_t i = 0; i < rule->peer_count; i++)
		peer |= naive_peer(naive, policy, &rule->peers[i]);
	for (size_t i = 0; i < rule->port_count; i++)
		port |= naive_port(naive, &rule->ports[i]);
	return peer && port;
}

static inline void naive_allow(struct naive *naive, const struct object *policy,
			       unsigned index)
{
	naive->any = true;
	if (policy->policy.audit || naive->verdict.outcome == POLICY_ALLOWED)
		return;
	naive->verdict.outcome = POLICY_ALLOWED;
	naive->verdict.rule = (struct policy_rule){ policy->namespace, policy->name,
						    naive->is_egress, index, false };
}

static inline int naive_policy(void *context, const struct object *policy)
{
	struct naive *naive = context;
	const struct network_policy *spec = &policy->policy;
	const struct policy_spec_rule *rules =
	    naive->is_egress ? spec->egress : spec->ingress;
	size_t count = naive->is_egress ? spec->egress_count : spec->ingress_count;

	if (strcmp(policy->namespace, naive->subject->namespace) != 0 ||
	    !naive_selects(&spec->subjects, naive->subject) ||
	    !(naive->is_egress ? spec->has_egress : spec->has_ingress))
		return 0;
	naive->enforced |= !spec->audit;
	naive->audited |= spec->audit;
	for (size_t i = 0; !spec->refused && i < count; i++) {
		if (naive_rule(naive, policy, &rules[i]))
			naive_allow(naive, policy, (unsigned)i);
	}
	return 0;
}

static inline struct policy_verdict naive_ask(const struct cluster *cluster,
					      const struct policy_question *question,
					      bool is_egress, bool is_wanted)
{
	struct naive naive = { .cluster = cluster,
			       .question = *question,
			       .is_egress = is_egress };
	const struct object *from = cluster_find_pod_by_addr(cluster, &question->from);
	const struct object *to = cluster_find_pod_by_addr(cluster, &question->to);
	bool is_local;

	naive.subject = is_egress ? from : to;
	naive.peer = is_egress ? to : from;
	if (!naive.subject || addr_compare(&question->from, &question->to) == 0)
		return naive.verdict;
	is_local = naive.subject->pod.node_name &&
		   strcmp(naive.subject->pod.node_name, NODE) == 0;
	if (is_local || (is_wanted && !is_egress))
		cluster_each(cluster, OBJECT_NETWORK_POLICY, naive_policy, &naive);
	if (naive.verdict.outcome != POLICY_ALLOWED && naive.enforced)
		naive.verdict.outcome = POLICY_DENIED;
	naive.verdict.audit_denied = naive.audited && !naive.enforced && !naive.any;
	return naive.verdict;
}

#endif
