/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "line_option.h"

/* clang-format off */
const struct line_option line_options[] = {
	{ "output", 'o', "FORMAT", 0, 0, "table (default), wide, json or, with --matrix, csv" },
	{ "socket", 256, "PATH", offsetof(struct line, socket), 0,
	  "the daemon's socket ($HEADGATE_SOCKET, else " SOCKET_DEFAULT ")" },
	{ "namespace", 'n', "NAMESPACE", offsetof(struct line, namespace), TAKES_NAMESPACE,
	  "only this namespace; of --matrix also several: a,b,c" },
	{ "client", 257, "ADDR", offsetof(struct line, client), TAKES_FILTER,
	  "flows of a client: address, address:port or CIDR" },
	{ "vip", 258, "ADDR", offsetof(struct line, vip), TAKES_FILTER,
	  "flows to a virtual address: address, address:port or CIDR" },
	{ "backend", 259, "ADDR", offsetof(struct line, backend), TAKES_FILTER,
	  "flows to a backend: address, address:port or CIDR" },
	{ "protocol", 260, "PROTOCOL", offsetof(struct line, protocol), TAKES_FILTER,
	  "flows of tcp, udp or sctp" },
	{ "service", 261, "NAMESPACE/NAME", offsetof(struct line, service), TAKES_FILTER,
	  "flows of a Service" },
	{ "limit", 262, "N", offsetof(struct line, limit), TAKES_LIMIT,
	  "list at most N flows (1000, at most 10000)" },
	{ "manifests", 263, "DIR", offsetof(struct line, manifests), TAKES_MANIFESTS,
	  "ask this folder instead of the daemon" },
	{ "from", 264, "CLIENT", offsetof(struct line, from), TAKES_TEST,
	  "who connects: NAMESPACE/NAME of a pod, or an address" },
	{ "to", 265, "TARGET", offsetof(struct line, to), TAKES_TEST,
	  "to whom: NAMESPACE/NAME of a pod or a Service, or an address" },
	{ "port", 266, "PORT", offsetof(struct line, port), TAKES_TEST,
	  "80/tcp, 53/udp, 9/sctp or icmp" },
	{ "matrix", 267, NULL, offsetof(struct line, matrix), TAKES_TEST,
	  "every pod to every pod" },
	{ "follow", 'f', NULL, offsetof(struct line, follow), TAKES_FOLLOW,
	  "packets that policies refuse, as they come, until interrupted" },
	{ "help", 'h', NULL, 0, 0, "print this" },
	{ "version", 268, NULL, 0, 0, "print the version" },
};
_Static_assert(sizeof(line_options) / sizeof(*line_options) == LINE_OPTIONS, "all of them");
/* clang-format on */

void line_print_options(FILE *out)
{
	for (size_t i = 0; i < LINE_OPTIONS; i++)
		fprintf(out, "--%s ", line_options[i].name);
}
