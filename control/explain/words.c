/* SPDX-License-Identifier: BSD-2-Clause */
#include "words.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTED_MOST 6U

/* Text that grows; text_end() gives it away. */
struct text {
	FILE *out;
	char *bytes;
	size_t length;
};

static FILE *begin(struct text *text)
{
	*text = (struct text){ 0 };
	text->out = open_memstream(&text->bytes, &text->length);
	return text->out;
}

static char *end(struct text *text)
{
	if (fclose(text->out) == 0)
		return text->bytes;
	free(text->bytes);
	return NULL;
}

static void put_requirement(FILE *out, const struct label_requirement *requirement)
{
	const char *separator = "";

	if (requirement->op == LABEL_EXISTS || requirement->op == LABEL_DOES_NOT_EXIST) {
		fprintf(out, "%s%s", requirement->op == LABEL_EXISTS ? "" : "!",
			requirement->key);
		return;
	}
	if (requirement->op == LABEL_IN && requirement->values[0] &&
	    !requirement->values[1]) {
		fprintf(out, "%s=%s", requirement->key, requirement->values[0]);
		return;
	}
	fprintf(out, "%s %s (", requirement->key,
		requirement->op == LABEL_IN ? "in" : "notin");
	for (char **value = requirement->values; value && *value; value++) {
		fprintf(out, "%s%s", separator, *value);
		separator = ",";
	}
	fputc(')', out);
}

static void put_selector(FILE *out, const struct label_selector *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		if (i)
			fputc(',', out);
		put_requirement(out, &selector->requirements[i]);
	}
}

char *words_selector(const struct label_selector *selector)
{
	struct text text;

	if (!begin(&text))
		return NULL;
	put_selector(text.out, selector);
	return end(&text);
}

static void put_block(FILE *out, const struct ip_block *block)
{
	char buffer[ADDR_TEXT];

	fputs(cidr_print(&block->block, buffer), out);
	for (size_t i = 0; i < block->except.count; i++) {
		if (i == LISTED_MOST) {
			fprintf(out, " and %zu more", block->except.count - i);
			return;
		}
		fprintf(out, "%s%s", i ? ", " : " except ",
			cidr_print(&block->except.items[i], buffer));
	}
}

static void put_peer(FILE *out, const struct policy_peer *peer, const char *namespace)
{
	if (!peer->has_pods && !peer->has_namespaces) {
		put_block(out, &peer->block);
		return;
	}
	if (peer->has_pods && peer->pods.count) {
		fputs("pods ", out);
		put_selector(out, &peer->pods);
	} else {
		fputs("all pods", out);
	}
	if (!peer->has_namespaces) {
		fprintf(out, " of %s", namespace);
	} else if (peer->namespaces.count) {
		fputs(" of namespaces ", out);
		put_selector(out, &peer->namespaces);
	} else {
		fputs(" of all namespaces", out);
	}
}

char *words_peer(const struct policy_peer *peer, const char *namespace)
{
	struct text text;

	if (!begin(&text))
		return NULL;
	put_peer(text.out, peer, namespace);
	return end(&text);
}

const char *words_protocol(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return "icmp";
	}
}

static void put_port(FILE *out, const struct policy_port *port)
{
	const char *protocol = words_protocol(port->protocol);

	if (port->name)
		fprintf(out, "%s/%s", port->name, protocol);
	else if (port->first == 0 && port->last == UINT16_MAX)
		fprintf(out, "all/%s", protocol);
	else if (port->first == port->last)
		fprintf(out, "%u/%s", port->first, protocol);
	else
		fprintf(out, "%u-%u/%s", port->first, port->last, protocol);
}

char *words_port(const struct policy_port *port)
{
	struct text text;

	if (!begin(&text))
		return NULL;
	put_port(text.out, port);
	return end(&text);
}

static void put_peers(FILE *out, const struct policy_spec_rule *rule,
		      const char *namespace)
{
	if (!rule->peer_count)
		fputs("anybody", out);
	for (size_t i = 0; i < rule->peer_count; i++) {
		if (i == LISTED_MOST) {
			fprintf(out, " or %zu more", rule->peer_count - i);
			return;
		}
		fputs(i ? " or " : "", out);
		put_peer(out, &rule->peers[i], namespace);
	}
}

static void put_ports(FILE *out, const struct policy_spec_rule *rule)
{
	if (!rule->port_count)
		fputs("all ports", out);
	else
		fputs(rule->port_count == 1 ? "port " : "ports ", out);
	for (size_t i = 0; i < rule->port_count; i++) {
		if (i == LISTED_MOST) {
			fprintf(out, " and %zu more", rule->port_count - i);
			return;
		}
		fputs(i ? ", " : "", out);
		put_port(out, &rule->ports[i]);
	}
}

char *words_rule(const struct policy_spec_rule *rule, bool is_egress,
		 const char *namespace)
{
	struct text text;

	if (!begin(&text))
		return NULL;
	fputs(is_egress ? "to " : "from ", text.out);
	put_peers(text.out, rule, namespace);
	fputs("; ", text.out);
	put_ports(text.out, rule);
	return end(&text);
}
