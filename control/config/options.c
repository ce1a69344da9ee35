/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of options and its three readers: command line (getopt_long), configuration
 * file, --help. A new option is a new row here and a paragraph in headgated(8).
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/paragraph.h"
#include "option.h"
#include "options.h"

#define FIELD(member)  offsetof(struct options, member)
#define TIMEOUT(which) FIELD(timeouts_s) + sizeof(uint32_t) * (which)
/* A line of the flow table tells ages of up to six days. */
#define MOST_S 432000U

/* clang-format off */
static const struct option_row rows[] = {
	{ "manifests", "DIR", "folder of Service and EndpointSlice manifests",
	  option_set_text, FIELD(manifests), 0, 0 },
	{ "interface", "IFACE[,...]", "network interface to serve; repeatable",
	  option_set_interfaces, FIELD(interfaces), 0, 0 },
	{ "pod-interfaces", "PATTERN", "host ends of pods' interfaces, as in 'veth*'",
	  option_set_text, FIELD(pod_interfaces), 0, 0 },
	{ "cluster-cidr", "CIDR[,...]", "pods' addresses: clusterIPs answer only these and nodes",
	  option_set_cidrs, FIELD(cluster_cidrs), 0, 0 },
	{ "node-name", "NAME", "this node's name (the host's)",
	  option_set_text, FIELD(node_name), 0, 0 },
	{ "snat-address", "ADDR[,...]", "source address towards backends (the route's); repeatable",
	  option_set_addrs, FIELD(snat_addrs), 0, 0 },
	{ "snat-ports", "FIRST-LAST", "source ports towards backends (1024-29999)",
	  option_set_ports, FIELD(port_first), 1, 65535 },
	{ "xdp-mode", "MODE", "native (default) or generic",
	  option_set_xdp_mode, FIELD(xdp_mode), 0, 0 },
	{ "answer-neighbours", NULL, "answer ARP and neighbour solicitations for virtual addresses",
	  option_set_switch, FIELD(answer_neighbours), 0, 0 },
	{ "flows", "N", "connections that the flow table holds (131072)",
	  option_set_u32, FIELD(flows), 1024, 1U << 26 },
	{ "half-open", "N", "connections whose client has not proved itself (by memory)",
	  option_set_u32, FIELD(half_open), 1024, 1U << 24 },
	{ "slots", "N", "entries of all lookup tables together (10485760)",
	  option_set_u32, FIELD(slots), 1024, 1U << 30 },
	{ "backends", "N", "frontend x endpoint records (114688)",
	  option_set_u32, FIELD(backends), 16, (1U << HG_BACKEND_BITS) - 1 },
	{ "services", "N", "frontend records (32768)",
	  option_set_u32, FIELD(services), 16, 1U << 22 },
	{ "policy-mode", "MODE", "NetworkPolicies: enforce (default), audit or off",
	  option_set_policy_mode, FIELD(policy_mode), 0, 0 },
	{ "policy-established", "WHAT", "connections that a changed policy denies: cut (default) or keep",
	  option_set_policy_established, FIELD(policy_keep), 0, 0 },
	{ "policy-source-check", "on|off", "drop what a pod sends from an address not its own (on)",
	  option_set_switch, FIELD(source_check), 0, 0 },
	{ "policy-pods", "N", "addresses of pods that NetworkPolicies tell apart (16384)",
	  option_set_u32, FIELD(policy_pods), 16, 1U << 20 },
	{ "hash-seed", "N", "seed of backends' slots, the same on all balancers (0)",
	  option_set_u64, FIELD(seed), 0, UINT64_MAX },
	{ "socket", "PATH", "UNIX socket of the API (" OPTIONS_SOCKET ")",
	  option_set_path, FIELD(socket), 0, 0 },
	{ "pin-root", "PATH", "folder of the pinned maps and programs (" DATAPATH_PIN_ROOT ")",
	  option_set_path, FIELD(pin_root), 0, 0 },
	{ "log-level", "LEVEL", "error, warning, info (default) or debug",
	  option_set_log_level, FIELD(log_level), 0, 0 },
	{ "timeout-syn", "TIME", "idle TCP flow before the handshake is over (60s)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_SYN), 1, MOST_S },
	{ "timeout-established", "TIME", "idle TCP flow (24h)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_ESTABLISHED), 1, MOST_S },
	{ "timeout-fin", "TIME", "idle TCP flow after one FIN (1h)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_FIN), 1, MOST_S },
	{ "timeout-closed", "TIME", "TCP flow after both FINs (30s)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_CLOSED), 1, MOST_S },
	{ "timeout-rst", "TIME", "TCP flow after an RST (10s)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_RST), 1, MOST_S },
	{ "timeout-udp", "TIME", "idle UDP flow (30s)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_UDP), 1, MOST_S },
	{ "timeout-udp-stream", "TIME", "idle UDP flow that lasted and was answered (120s)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_UDP_STREAM), 1, MOST_S },
	{ "timeout-sctp-init", "TIME", "idle SCTP flow before the handshake is over (10s)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_SCTP_INIT), 1, MOST_S },
	{ "timeout-sctp", "TIME", "idle SCTP flow (210s)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_SCTP), 1, MOST_S },
	{ "timeout-sctp-shutdown", "TIME", "SCTP flow after SHUTDOWN or ABORT (10s)",
	  option_set_seconds, TIMEOUT(HG_TIMEOUT_SCTP_SHUTDOWN), 1, MOST_S },
	{ "config", "FILE", "read options from a file of 'name = value' lines",
	  option_set_text, FIELD(config), 0, 0 },
	{ "check", NULL, "read and judge the manifests, then exit", NULL, ACTION_CHECK, 0, 0 },
	{ "print-plan", NULL, "print what would be programmed, then exit",
	  NULL, ACTION_PRINT_PLAN, 0, 0 },
	{ "uninstall", NULL, "detach and remove everything that is pinned, then exit",
	  NULL, ACTION_UNINSTALL, 0, 0 },
	{ "help", NULL, "print this", NULL, ACTION_HELP, 0, 0 },
	{ "version", NULL, "print the version", NULL, ACTION_VERSION, 0, 0 },
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(*rows))

struct parse {
	struct options options;
	struct options shadowed; /* the file's values that the command line replaces */
	bool given[ROWS];	 /* on the command line */
};

static void clear_parse(struct parse *parse)
{
	options_clear(&parse->options);
	options_clear(&parse->shadowed);
}

void options_clear(struct options *options)
{
	free(options->config);
	free(options->manifests);
	for (size_t i = 0; i < options->interfaces.count; i++)
		free(options->interfaces.items[i]);
	free(options->interfaces.items);
	free(options->pod_interfaces);
	free(options->cluster_cidrs.items);
	free(options->node_name);
	free(options->snat_addrs.items);
	free(options->socket);
	free(options->pin_root);
	*options = (struct options){ 0 };
}

static int set_defaults(struct options *options)
{
	char host[256] = "";

	*options = (struct options){
		.port_first = 1024, .port_last = 29999,
		.xdp_mode = XDP_MODE_NATIVE,
		.flows = 131072, .slots = 10485760, .backends = 114688, .services = 32768,
		.policy_mode = POLICY_ENFORCE,
		.source_check = true,
		.policy_pods = 16384,
		.log_level = LOG_LEVEL_INFO,
		.timeouts_s = {
			[HG_TIMEOUT_SYN] = 60,
			[HG_TIMEOUT_ESTABLISHED] = 86400,
			[HG_TIMEOUT_FIN] = 3600,
			[HG_TIMEOUT_CLOSED] = 30,
			[HG_TIMEOUT_RST] = 10,
			[HG_TIMEOUT_UDP] = 30,
			[HG_TIMEOUT_UDP_STREAM] = 120,
			[HG_TIMEOUT_SCTP_INIT] = 10,
			[HG_TIMEOUT_SCTP] = 210,
			[HG_TIMEOUT_SCTP_SHUTDOWN] = 10,
		},
	};
	if (gethostname(host, sizeof(host) - 1) < 0)
		return -errno;
	/* A node's name in Kubernetes is its host's, in lower case. */
	for (char *letter = host; *letter; letter++)
		*letter = (char)tolower((unsigned char)*letter);
	options->node_name = strdup(host);
	options->socket = strdup(OPTIONS_SOCKET);
	options->pin_root = strdup(DATAPATH_PIN_ROOT);
	return options->node_name && options->socket && options->pin_root ? 0 : -ENOMEM;
}

static int complain_second_action(const struct options *options,
				  const struct option_row *row,
				  struct complaints *complaints)
{
	const char *first = "";

	for (size_t i = 0; i < ROWS; i++) {
		if (!rows[i].set && rows[i].field == options->action)
			first = rows[i].name;
	}
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "--%s and --%s exclude each other: give one of the two", first,
		 row->name);
	return -EINVAL;
}

static int set_row(struct options *options, const struct option_row *row,
		   const struct option_value *value)
{
	if (row->set)
		return row->set((char *)options + row->field, row, value);
	if (options->action != ACTION_RUN && options->action != row->field)
		return complain_second_action(options, row, value->complaints);
	options->action = (enum action)row->field;
	return 0;
}

static int set_from_file(void *context, const char *name,
			 const struct option_value *value)
{
	struct parse *parse = context;

	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (!rows[i].set || rows[i].field == FIELD(config))
			return option_refuse(&rows[i], value, "has no place in a file",
					     "give it on the command line");
		return set_row(parse->given[i] ? &parse->shadowed : &parse->options,
			       &rows[i], value);
	}
	char shown[OPTION_SHOW];

	complain(value->complaints, COMPLAINT_ERROR, value->place, NULL,
		 "'%s' is not an option: headgated --help lists them",
		 option_show(name, shown));
	return -EINVAL;
}

static int complain_usage(struct complaints *complaints, const char *cause,
			  const char *what)
{
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "%s '%s': headgated --help lists the options", cause, what);
	return -EINVAL;
}

static int set_from_argument(struct parse *parse, int found, char **argv,
			     struct complaints *complaints)
{
	if (found == '?' || found == ':') {
		const char *cause =
		    found == '?' ? "unknown or ambiguous option" : "no value for";
		return complain_usage(complaints, cause, argv[optind - 1]);
	}
	size_t i = (size_t)found - 256;

	parse->given[i] = true;
	return set_row(&parse->options, &rows[i],
		       &(struct option_value){ .text = optarg ? optarg : "",
					       .complaints = complaints });
}

static int read_arguments(struct parse *parse, int argc, char **argv,
			  struct complaints *complaints)
{
	struct option table[ROWS + 1] = { 0 };
	int result = 0, found;

	for (size_t i = 0; i < ROWS; i++) {
		int argument = rows[i].argument ? required_argument
			       : rows[i].set	? optional_argument
						: no_argument;
		table[i] = (struct option){ rows[i].name, argument, NULL, (int)i + 256 };
	}
	optind = 0; /* start anew, also when called again */
	opterr = 0;
	while ((found = getopt_long(argc, argv, "+:", table, NULL)) >= 0) {
		int r = set_from_argument(parse, found, argv, complaints);

		if (r == -ENOMEM)
			return r;
		result = r < 0 ? r : result;
	}
	if (optind < argc)
		result = complain_usage(complaints, "unexpected argument", argv[optind]);
	return result;
}

/* What the action cannot do without. */
static int check_needs(const struct options *options, struct complaints *complaints)
{
	enum action action = options->action;
	int result = 0;

	if (action != ACTION_RUN && action != ACTION_CHECK && action != ACTION_PRINT_PLAN)
		return 0;
	if (!options->manifests) {
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "no folder of manifests is named: give --manifests DIR");
		result = -EINVAL;
	}
	if (action == ACTION_RUN && !options->interfaces.count &&
	    !options->pod_interfaces) {
		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "no interface is named: give --interface IFACE or --pod-interfaces "
		    "PATTERN");
		result = -EINVAL;
	}
	return result;
}

int options_parse(int argc, char **argv, struct complaints *complaints,
		  struct options *ret_options)
{
	CLEANUP(clear_parse) struct parse parse = { 0 };
	int r = set_defaults(&parse.options);

	if (r < 0)
		return r;
	r = read_arguments(&parse, argc, argv, complaints);
	if (r < 0)
		return r;
	bool informs =
	    parse.options.action == ACTION_HELP || parse.options.action == ACTION_VERSION;

	if (parse.options.config && !informs) {
		r = option_file_read(parse.options.config, set_from_file, &parse,
				     complaints);
		if (r < 0)
			return r;
	}
	r = check_needs(&parse.options, complaints);
	if (r < 0)
		return r;
	*ret_options = parse.options;
	parse.options = (struct options){ 0 };
	return 0;
}

void options_print_help(FILE *out)
{
	fputs("Usage: headgated --manifests DIR --interface IFACE... [OPTION...]\n"
	      "Balance Kubernetes Services by XDP. See headgated(8), headgate(1) and\n"
	      "headgate.manifests(5).\n\n",
	      out);
	for (size_t i = 0; i < ROWS; i++) {
		char left[48];

		snprintf(left, sizeof(left), "  --%s%s%s", rows[i].name,
			 rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		paragraph_print(out, left, rows[i].help, 31, PARAGRAPH_WIDTH);
	}
}

void options_each(void (*visit)(void *context, const char *name), void *context)
{
	for (size_t i = 0; i < ROWS; i++)
		visit(context, rows[i].name);
}
