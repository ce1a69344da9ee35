/* SPDX-License-Identifier: BSD-2-Clause */
#include "objects.h"

#include <arpa/inet.h>
#include <errno.h>

struct text_case {
	const char *in;
	const char *out; /* NULL: refused */
};

static void addr_text_is_read_sloppily_and_written_canonically(void **state)
{
	static const struct text_case CASES[] = {
		{ "10.0.0.1", "10.0.0.1" },
		{ "172.30.0.041", "172.30.0.41" },
		{ "10.180.00.001", "10.180.0.1" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::ffff:192.0.2.010", "192.0.2.10" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "::", "::" },
		{ "", NULL },
		{ "10.0.0", NULL },
		{ "10.0.0.0.1", NULL },
		{ "10.0.0.256", NULL },
		{ "10.0.0.-1", NULL },
		{ "10.0.0.1 ", NULL },
		{ "10..0.1", NULL },
		{ "0x0a.0.0.1", NULL },
		{ "99999999999.0.0.1", NULL },
		{ ":", NULL },
		{ ":1.2.3.4", NULL },
		{ "fe80::1%eth0", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "shop.example", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct hg_addr parsed = addr("203.0.113.77");
		char text[ADDR_TEXT];
		int r = addr_parse(CASES[i].in, &parsed);

		if (r != (CASES[i].out ? 0 : -EINVAL))
			fail_msg("\"%s\": returned %d", CASES[i].in, r);
		assert_string_equal(addr_print(&parsed, text),
				    CASES[i].out ? CASES[i].out : "203.0.113.77");
	}
}

static void cidr_text_is_read_sloppily_and_loses_its_host_bits(void **state)
{
	static const struct text_case CASES[] = {
		{ "10.1.2.3/8", "10.0.0.0/8" },
		{ " 203.0.113.000/025 ", "203.0.113.0/25" },
		{ "203.0.113.255/25", "203.0.113.128/25" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "192.0.2.7", "192.0.2.7/32" },
		{ "2001:db8:ffff::1/33", "2001:db8:8000::/33" },
		{ "::/0", "::/0" },
		{ "2001:db8::1", "2001:db8::1/128" },
		{ "10.0.0.0/33", NULL },
		{ "::/129", NULL },
		{ "10.0.0.0/", NULL },
		{ "10.0.0.0/-1", NULL },
		{ "10.0.0.0/8x", NULL },
		{ "10.0.0.0 /8", NULL },
		{ "/8", NULL },
		{ "1111111111111111111111111111111111111111111111111111/8", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct cidr cidr;
		char text[ADDR_TEXT];
		int r = cidr_parse(CASES[i].in, &cidr);

		if (r != (CASES[i].out ? 0 : -EINVAL))
			fail_msg("\"%s\": returned %d", CASES[i].in, r);
		if (CASES[i].out)
			assert_string_equal(cidr_print(&cidr, text), CASES[i].out);
	}
}

static void cidr_contains_its_first_and_last_address_only(void **state)
{
	static const struct {
		const char *cidr, *before, *first, *last, *after;
	} CASES[] = {
		{ "192.0.2.64/27", "192.0.2.63", "192.0.2.64", "192.0.2.95",
		  "192.0.2.96" },
		{ "10.0.0.0/8", "9.255.255.255", "10.0.0.0", "10.255.255.255",
		  "11.0.0.0" },
		{ "2001:db8::/33", "2001:db7::", "2001:db8::",
		  "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8:8000::" },
		{ "0.0.0.0/0", "::1", "0.0.0.0", "255.255.255.255", "2001:db8::1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct cidr cidr;
		struct hg_addr before = addr(CASES[i].before);
		struct hg_addr first = addr(CASES[i].first);
		struct hg_addr last = addr(CASES[i].last);
		struct hg_addr after = addr(CASES[i].after);

		assert_int_equal(cidr_parse(CASES[i].cidr, &cidr), 0);
		assert_false(cidr_contains(&cidr, &before));
		assert_true(cidr_contains(&cidr, &first));
		assert_true(cidr_contains(&cidr, &last));
		assert_false(cidr_contains(&cidr, &after));
	}
}

static void addr_becomes_the_socket_address_of_its_family(void **state)
{
	struct hg_addr v4 = addr("192.0.2.1"), v6 = addr("2001:db8::1"), back;
	struct sockaddr_storage storage;
	const struct sockaddr_in *in = (const void *)&storage;
	const struct sockaddr_in6 *in6 = (const void *)&storage;
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(addr_to_sockaddr(&v4, 8080, &storage), sizeof(*in));
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(in->sin_port, htons(8080));
	addr_from_v4(in->sin_addr.s_addr, &back);
	assert_int_equal(addr_compare(&back, &v4), 0);
	assert_int_equal(addr_to_sockaddr(&v6, 53, &storage), sizeof(*in6));
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(in6->sin6_port, htons(53));
	assert_memory_equal(&in6->sin6_addr, v6.bytes, 16);
	assert_string_equal(addr_print_port(&v4, 80, text), "192.0.2.1:80");
	assert_string_equal(addr_print_port(&v6, 80, text), "[2001:db8::1]:80");
}

static void addr_zero_is_the_unspecified_ipv6_address_only(void **state)
{
	struct hg_addr zero = addr("::"), v4_zero = addr("0.0.0.0");

	(void)state;
	assert_true(addr_is_zero(&zero));
	assert_false(addr_is_zero(&v4_zero));
	assert_true(addr_is_v4(&v4_zero));
	assert_false(addr_is_v4(&zero));
}

static void protocol_has_a_name_or_a_number(void **state)
{
	(void)state;
	assert_string_equal(protocol_print(IPPROTO_TCP), "TCP");
	assert_string_equal(protocol_print(IPPROTO_UDP), "UDP");
	assert_string_equal(protocol_print(IPPROTO_SCTP), "SCTP");
	assert_string_equal(protocol_print(47), "proto-47");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addr_text_is_read_sloppily_and_written_canonically),
		cmocka_unit_test(cidr_text_is_read_sloppily_and_loses_its_host_bits),
		cmocka_unit_test(cidr_contains_its_first_and_last_address_only),
		cmocka_unit_test(addr_becomes_the_socket_address_of_its_family),
		cmocka_unit_test(addr_zero_is_the_unspecified_ipv6_address_only),
		cmocka_unit_test(protocol_has_a_name_or_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
