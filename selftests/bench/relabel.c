// SPDX-License-Identifier: BSD-2-Clause
/*
 * control relabel ROOT FOLDER COUNT CPU
 *
 * label-change: from the rename of a pod's file, in which its label app is another, to the
 * state that puts what follows from it in force (hg_state.policy). The pod is one more of
 * the namespace n0 of policies.sh.
 */
#include "control.h"

#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "../../control/lib/addr.h"
#include "sample.h"

#define PODS	    10000U
#define PATIENCE_MS 10000

static void write_pod(const void *context, FILE *out)
{
	const unsigned long *app = context;
	struct hg_addr addr = control_endpoint(PODS, 1, 0);
	char text[ADDR_TEXT];

	fprintf(out,
		"apiVersion: v1\nkind: Pod\n"
		"metadata: {name: changing, namespace: n0, labels: {app: a%lu}}\n"
		"spec: {nodeName: bench}\nstatus: {phase: Running, podIP: %s}\n",
		*app, addr_print(&addr, text));
}

static uint32_t state_in_force(int map)
{
	struct hg_state state;
	uint32_t zero = 0;

	return bpf_map_lookup_elem(map, &zero, &state) == 0 ? state.policy : 0;
}

int relabel_main(int argc, char **argv)
{
	const struct subject subject = { "control", "label-change", "headgate", 0, 0, 0 };
	struct samples ms = { .count = 0 };

	if (argc != 5)
		control_fail("usage", "control relabel ROOT FOLDER COUNT CPU");
	int map = control_map(argv[1], "hg_state");
	unsigned long count = strtoul(argv[3], NULL, 10);

	control_pin(strtoul(argv[4], NULL, 10));
	for (unsigned long i = 0; i <= count; i++) {
		unsigned long app = i % 2;
		uint32_t before = state_in_force(map);
		double begun_ms, took_ms;

		control_replace(argv[2], write_pod, &app, &begun_ms);
		do {
			took_ms = control_now_ms() - begun_ms;
			if (took_ms > PATIENCE_MS)
				control_fail("label-change", "not in force within 10 s");
		} while (state_in_force(map) == before);
		if (i) /* before, the pod was not there */
			sample_add(&ms, took_ms);
	}
	sample_print(&subject, "ms", &ms);
	close(map);
	return 0;
}
