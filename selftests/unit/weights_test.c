// SPDX-License-Identifier: BSD-2-Clause
/* headgate.io/weights of an EndpointSlice. */
#include "manifest.h"

#define A "metadata.annotations.headgate.io/"

#define SLICE_HEAD                                                                       \
	"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"                         \
	"addressType: IPv4\n"                                                            \
	"endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}, {addresses: "     \
	"[10.0.0.3]}]\n"                                                                 \
	"metadata: {name: a, labels: {kubernetes.io/service-name: a}, annotations: {\n"

static void weights_belong_to_addresses(void **state)
{
	struct outcome o = outcome_of(
	    SLICE_HEAD "headgate.io/weights: '10.0.0.1=3, 10.0.0.002 = 0'}}\n");
	(void)state;
	expect_outcome(&o, 1, NULL);
	const struct slice_endpoint *endpoints = o.objects[0]->slice.endpoints;
	assert_int_equal(endpoints[0].weight, 3);
	assert_int_equal(endpoints[1].weight, 0);
	assert_int_equal(endpoints[2].weight, 1);
	outcome_clear(&o);
	o = outcome_of(SLICE_HEAD "headgate.io/weights: 10.0.0.9=2}}\n");
	expect_outcome(
	    &o, 1,
	    LINES("shop.yaml:6:22: EndpointSlice default/a: " A
		  "weights names 10.0.0.9, which is no endpoint here: correct or "
		  "remove it"));
	outcome_clear(&o);
}

static void weight_mistakes_are_told_with_place_and_remedy(void **state)
{
	static const struct {
		const char *annotation, *complaint;
	} rows[] = {
		{ "headgate.io/weights: 10.0.0.1",
		  "weights \"10.0.0.1\" is not a weight: write address=weight" },
		{ "headgate.io/weights: 10.0.0.1=257",
		  "weights \"257\" is not a weight: use 0 to 256" },
		{ "headgate.io/weights: 10.0.0.1=",
		  "weights \"\" is not a weight: use 0 to 256" },
		{ "headgate.io/weights: x=1",
		  "weights \"x\" is not an address: write address=weight" },
		{ "headgate.io/weights: '10.0.0.1=1,'",
		  "weights \"\" is not a weight: write address=weight" },
		{ "headgate.io/wheights: 10.0.0.1=1",
		  "wheights is not an annotation of an EndpointSlice that is known: only "
		  "headgate.io/weights is" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024], line[512];
		snprintf(text, sizeof(text), "%s%s}}\n", SLICE_HEAD, rows[i].annotation);
		snprintf(line, sizeof(line),
			 "shop.yaml:6:%zu: EndpointSlice default/a: " A "%s",
			 strcspn(rows[i].annotation, " ") + 2, rows[i].complaint);
		struct outcome o = outcome_of(text);
		expect_outcome(&o, 0, LINES(line));
		outcome_clear(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_belong_to_addresses),
		cmocka_unit_test(weight_mistakes_are_told_with_place_and_remedy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
