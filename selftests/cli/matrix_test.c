/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The matrix of many pods: kinds and groups against a naive judgement of each pair, and that
 * JSON and CSV hold all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../control/lib/cleanup.h"
#include "../../tools/headgate/matrix.h"
#include "../../tools/headgate/offline.h"

#define LABELS	   3U
#define NAMESPACES 4U
#define PODS	   60U
#define ROUNDS	   12U

static unsigned below(uint64_t *seed, unsigned bound)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(*seed >> 33) % bound;
}

/* Some share an address, have one family only, or another number for the name. */
static void write_pod(FILE *out, uint64_t *seed, unsigned i)
{
	unsigned last = below(seed, 12) ? i : i / 2, families = below(seed, 4);

	fprintf(
	    out,
	    "---\napiVersion: v1\nkind: Pod\n"
	    "metadata: {name: p-%u, namespace: n-%u, labels: {app: l-%u}}\n"
	    "spec: {containers: [{name: c, ports: [{name: http, containerPort: %u}]}]}\n"
	    "status: {phase: Running, podIPs: [",
	    i, i % NAMESPACES, below(seed, LABELS), 8080 + below(seed, 3) / 2);
	if (families != 1)
		fprintf(out, "{ip: 10.0.0.%u}, ", last + 1);
	if (families != 2)
		fprintf(out, "{ip: 'fd00::%x'}", last + 1);
	fputs("]}\n", out);
}

static void write_peer(FILE *out, uint64_t *seed)
{
	switch (below(seed, 4)) {
	case 0:
		fprintf(out, "{podSelector: {matchLabels: {app: l-%u}}}",
			below(seed, LABELS));
		return;
	case 1:
		fprintf(out,
			"{namespaceSelector: {matchLabels: "
			"{kubernetes.io/metadata.name: n-%u}}}",
			below(seed, NAMESPACES));
		return;
	case 2:
		fprintf(out, "{ipBlock: {cidr: 10.0.0.%u/29}}", below(seed, 8) * 8);
		return;
	default:
		fputs("{namespaceSelector: {}}", out);
	}
}

static void write_policy(FILE *out, uint64_t *seed, unsigned i)
{
	static const char *const sides[] = { "ingress", "egress" },
				 *const ends[] = { "from", "to" },
				 *const types[] = { "Ingress", "Egress" };
	unsigned side = below(seed, 2);

	fprintf(out,
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		"metadata: {name: np-%u, namespace: n-%u%s}\nspec:\n"
		"  podSelector: {matchLabels: {app: l-%u}}\n  policyTypes: [%s]\n  %s:\n"
		"  - %s: [",
		i, below(seed, NAMESPACES),
		below(seed, 5) ? "" : ", annotations: {headgate.io/policy-mode: audit}",
		below(seed, LABELS), types[side], sides[side], ends[side]);
	write_peer(out, seed);
	fputs(below(seed, 2) ? "]\n    ports: [{port: http}]\n" : "]\n", out);
}

static void write_world(const char *folder, uint64_t seed, unsigned pods)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/world.yaml", folder);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	for (unsigned i = 0; i < pods; i++)
		write_pod(out, &seed, i);
	for (unsigned i = 0; i < 8; i++)
		write_policy(out, &seed, i);
	assert_int_equal(fclose(out), 0);
}

static char folder[] = "/tmp/headgate-matrix-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/world.yaml", folder);
	unlink(path);
	return rmdir(folder);
}

static void open_matrix(const struct line *line, struct offline *offline,
			struct matrix *matrix)
{
	struct hg_addr addrs[2 * PODS];
	size_t count = 0;

	assert_int_equal(offline_open(line, offline), 0);
	matrix->port = (struct ends_port){ .protocol = 6, .number = 8080 };
	assert_int_equal(matrix_collect(offline->cluster, NULL, matrix), 0);
	assert_int_equal(matrix->count, PODS);
	for (size_t i = 0; i < PODS; i++) {
		for (size_t k = 0; k < matrix->pods[i]->pod.ips.count; k++)
			addrs[count++] = matrix->pods[i]->pod.ips.items[k];
	}
	assert_int_equal(offline_compile(offline, (struct addr_list){ addrs, count }), 0);
	assert_int_equal(matrix_tell_kinds(matrix, offline->policy), 0);
}

static void check_groups(struct matrix *matrix, const char *truth)
{
	CLEANUP(matrix_groups_clear) struct matrix_groups groups = { 0 };
	size_t group_of[PODS], members = 0;

	assert_int_equal(matrix_fold(matrix, true, &groups), 0);
	assert_true(groups.count < PODS);
	for (size_t g = 0; g < groups.count; g++) {
		members += groups.items[g].count;
		for (size_t i = 0; i < groups.items[g].count; i++)
			group_of[groups.items[g].pods[i]] = g;
	}
	assert_int_equal(members, PODS);
	for (size_t at = 0; at < PODS * PODS; at++) {
		size_t from = at / PODS, to = at % PODS;

		if (from != to)
			assert_int_equal(matrix_group_cell(matrix,
							   &groups.items[group_of[from]],
							   &groups.items[group_of[to]]),
					 truth[at]);
	}
}

static void matrix_of_kinds_and_groups_says_what_each_pair_says(void **state)
{
	const struct line line = { .manifests = folder, .matrix = "" };
	size_t denied = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		CLEANUP(offline_close) struct offline offline = { 0 };
		CLEANUP(matrix_clear) struct matrix matrix = { 0 };
		char truth[PODS * PODS];

		print_message("seed %u\n", (unsigned)seed);
		write_world(folder, seed, PODS);
		open_matrix(&line, &offline, &matrix);
		char *verdicts = matrix.verdicts;

		matrix.verdicts = NULL; /* nothing is kept: each pair for itself */
		for (size_t at = 0; at < PODS * PODS; at++) {
			truth[at] = (char)matrix_cell(&matrix, at / PODS, at % PODS);
			denied += truth[at] == CELL_DENIED;
		}
		matrix.verdicts = verdicts;
		for (size_t at = 0; at < PODS * PODS; at++)
			assert_int_equal(matrix_cell(&matrix, at / PODS, at % PODS),
					 truth[at]);
		check_groups(&matrix, truth);
	}
	assert_true(denied > 1000);
}

/* What the command writes into a file: how many lines begin so. */
static size_t count_lines(enum format format, const char *start, size_t *ret_length)
{
	const struct line line = {
		.manifests = folder, .matrix = "", .port = "8080", .format = format
	};
	char path[] = "/tmp/headgate-matrix-out-XXXXXX", *text = NULL;
	int out = mkstemp(path), saved = dup(STDOUT_FILENO);
	size_t size = 0, count = 0;

	assert_true(out >= 0 && saved >= 0);
	fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	int r = policy_test(&line);

	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	assert_int_equal(r, 0);
	FILE *file = fdopen(out, "r");

	rewind(file);
	while (getline(&text, &size, file) >= 0) {
		if (strncmp(text, start, strlen(start)) != 0)
			continue;
		count++;
		*ret_length = strlen(text);
	}
	free(text);
	fclose(file);
	unlink(path);
	return count;
}

static void matrix_has_no_limit_and_a_readable_table(void **state)
{
	const unsigned many = 150;
	size_t length;

	(void)state;
	write_world(folder, 1, many);
	assert_int_equal(count_lines(FORMAT_JSON, "      \"cells\": ", &length), many);
	assert_int_equal(length, strlen("      \"cells\": \"\"\n") + many);
	assert_int_equal(count_lines(FORMAT_CSV, "n-", &length), many * many);
	assert_int_equal(count_lines(FORMAT_CSV,
				     "fromNamespace,fromName,toNamespace,toName,port,"
				     "verdict\n",
				     &length),
			 1);
	assert_in_range(count_lines(FORMAT_TABLE, "", &length), 3, many - 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matrix_of_kinds_and_groups_says_what_each_pair_says),
		cmocka_unit_test(matrix_has_no_limit_and_a_readable_table),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
