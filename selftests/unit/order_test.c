// SPDX-License-Identifier: BSD-2-Clause
/* Programs without barriers run only where none are needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/utsname.h>
#include <bpf/libbpf.h>
#include "../../control/datapath/order.h"

extern const unsigned char program_nic[], program_nic_end[];
extern const unsigned char program_pod[], program_pod_end[];

struct row {
	const char *machine;
	uint8_t weak_order; /* the programs have barriers */
	bool runs;
};

static void programs_without_barriers_run_on_x86_only(void **state)
{
	static const struct row rows[] = {
		{ "x86_64", 0, true },	 { "i686", 0, true },	  { "aarch64", 0, false },
		{ "ppc64le", 0, false }, { "riscv64", 0, false }, { "s390x", 0, false },
		{ "x86_64", 1, true },	 { "aarch64", 1, true },  { "riscv64", 1, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hg_config built = { .weak_order = rows[i].weak_order };
		const char *why = order_refusal(&built, rows[i].machine);

		print_message("%s, weak_order %u: %s\n", rows[i].machine,
			      rows[i].weak_order, why ?: "runs");
		assert_int_equal(why == NULL, rows[i].runs);
	}
}

/* What the compiler left in the programs that headgated carries. */
static struct hg_config built_in(const unsigned char *start, const unsigned char *end)
{
	struct bpf_object *object =
	    bpf_object__open_mem(start, (size_t)(end - start), NULL);
	struct hg_config config;
	struct bpf_map *map;
	bool found = false;

	assert_non_null(object);
	bpf_object__for_each_map(map, object)
	{
		size_t size = 0;
		const void *value = strstr(bpf_map__name(map), ".rodata")
					? bpf_map__initial_value(map, &size)
					: NULL;

		if (!value || size != sizeof(config))
			continue;
		memcpy(&config, value, sizeof(config));
		found = true;
	}
	bpf_object__close(object);
	assert_true(found);
	return config;
}

static void programs_inside_are_built_for_this_machine(void **state)
{
	struct hg_config nic = built_in(program_nic, program_nic_end);
	struct hg_config pod = built_in(program_pod, program_pod_end);
	struct utsname name;

	(void)state;
	assert_int_equal(uname(&name), 0);
	assert_null(order_refusal(&nic, name.machine));
	assert_null(order_refusal(&pod, name.machine));
	/* And nothing is paid where nothing is needed. */
	assert_int_equal(nic.weak_order, strcmp(name.machine, "x86_64") != 0);
	assert_int_equal(pod.weak_order, nic.weak_order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_without_barriers_run_on_x86_only),
		cmocka_unit_test(programs_inside_are_built_for_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
