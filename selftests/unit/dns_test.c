/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS checks: the query byte by byte, and the verdict on every kind of answer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "../../control/health/dns.h"

#define ID 0x1234

static void dns_query_is_the_message_of_rfc_1035(void **state)
{
	static const uint8_t wanted[] = {
		0x12, 0x34, 0x01, 0x00, 0, 1,	0,   0, 0, 0, 0, 0, /* header */
		3,    'w',  'w',  'w',	2, 'a', 'b', 0, 0, 1, 0, 1  /* www.ab A IN */
	};
	uint8_t query[DNS_QUERY_SIZE];

	(void)state;
	assert_int_equal(dns_query("www.ab", ID, query), sizeof(wanted));
	assert_memory_equal(query, wanted, sizeof(wanted));
	assert_int_equal(dns_query("www.ab.", ID, query), sizeof(wanted));
	assert_memory_equal(query, wanted, sizeof(wanted));
}

static void dns_query_for_the_root_asks_its_name_servers(void **state)
{
	static const uint8_t wanted[] = { 0, 0, 2, 0, 1 };
	uint8_t query[DNS_QUERY_SIZE];

	(void)state;
	assert_int_equal(dns_query(".", ID, query), 12 + sizeof(wanted));
	assert_memory_equal(query + 12, wanted, sizeof(wanted));
	assert_int_equal(dns_query("", ID, query), 12 + sizeof(wanted));
}

static void dns_query_refuses_what_is_no_name(void **state)
{
	uint8_t query[DNS_QUERY_SIZE];
	char label[65], name[300];

	(void)state;
	memset(label, 'x', sizeof(label));
	label[64] = 0;
	assert_int_equal(dns_query(label, ID, query), -EINVAL);
	label[63] = 0;
	assert_int_equal(dns_query(label, ID, query), 12 + 65 + 4);
	assert_int_equal(dns_query("a..b", ID, query), -EINVAL);
	assert_int_equal(dns_query(".a", ID, query), -EINVAL);
	/* four labels of 63 are 257 bytes on the wire; with a last one of 61, 255 */
	snprintf(name, sizeof(name), "%s.%s.%s.%s", label, label, label, label);
	assert_int_equal(dns_query(name, ID, query), -EINVAL);
	name[3 * 64 + 61] = 0;
	assert_int_equal(dns_query(name, ID, query), DNS_QUERY_SIZE);
	name[3 * 64 + 61] = 'x';
	name[3 * 64 + 62] = 0;
	assert_int_equal(dns_query(name, ID, query), -EINVAL);
}

/* An answer is the query with `at` overwritten by `byte`, and cut to `length`. */
struct row {
	const char *sentence;
	size_t at;
	uint8_t byte;
	size_t length;
	enum dns_answer answer;
	unsigned code;
};

static const struct row rows[] = {
	{ "NOERROR", 3, 0x80, 24, DNS_ANSWERED, 0 },
	{ "SERVFAIL", 3, 0x82, 24, DNS_ANSWERED, 2 },
	{ "NXDOMAIN", 3, 0x83, 24, DNS_ANSWERED, 3 },
	{ "the question in capitals", 13, 'W', 24, DNS_ANSWERED, 0 },
	{ "another id", 1, 0x35, 24, DNS_STRAY, 0 },
	{ "a query, not a response", 2, 0x01, 24, DNS_STRAY, 0 },
	{ "another name", 13, 'x', 24, DNS_STRAY, 0 },
	{ "another type", 21, 28, 24, DNS_STRAY, 0 },
	{ "NOERROR without question", 5, 0, 12, DNS_STRAY, 0 },
	{ "two questions", 5, 2, 24, DNS_STRAY, 0 },
	{ "cut in the header", 3, 0x80, 11, DNS_MALFORMED, 0 },
	{ "cut in the question", 3, 0x80, 23, DNS_MALFORMED, 0 },
	{ "empty", 3, 0x80, 0, DNS_MALFORMED, 0 },
};

static void dns_judge_follows_its_table(void **state)
{
	uint8_t query[DNS_QUERY_SIZE];
	int length = dns_query("www.ab", ID, query);

	(void)state;
	assert_int_equal(length, 24);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		unsigned code = 0;
		/* exactly as long as the message, so that ASan sees a read beyond it */
		uint8_t *message = malloc(row->length ? row->length : 1), whole[24];

		memcpy(whole, query, sizeof(whole));
		whole[2] |= 0x80;
		whole[row->at] = row->byte;
		memcpy(message, whole, row->length);
		enum dns_answer answer =
		    dns_judge(query, 24, message, row->length, &code);

		free(message);
		if (answer != row->answer || code != row->code)
			fail_msg("%s: answer %d code %u", row->sentence, answer, code);
	}
}

static void dns_refusal_without_question_counts_by_its_id(void **state)
{
	uint8_t query[DNS_QUERY_SIZE], message[12] = { 0x12, 0x34, 0x81, 0x85 };
	unsigned code = 0;

	(void)state;
	dns_query("www.ab", ID, query);
	assert_int_equal(dns_judge(query, 24, message, 12, &code), DNS_ANSWERED);
	assert_string_equal(dns_code_name(code), "REFUSED");
}

static void dns_judge_survives_random_messages(void **state)
{
	uint8_t query[DNS_QUERY_SIZE];
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	dns_query("www.ab", ID, query);
	for (int round = 0; round < 20000; round++) {
		size_t length = (size_t)random() % 40;
		uint8_t *message = malloc(length ? length : 1);
		unsigned code = 99;

		for (size_t i = 0; i < length; i++)
			message[i] =
			    random() % 2 && i < 24 ? query[i] : (uint8_t)random();
		enum dns_answer answer = dns_judge(query, 24, message, length, &code);

		free(message);
		assert_int_equal(code < 16, answer == DNS_ANSWERED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dns_query_is_the_message_of_rfc_1035),
		cmocka_unit_test(dns_query_for_the_root_asks_its_name_servers),
		cmocka_unit_test(dns_query_refuses_what_is_no_name),
		cmocka_unit_test(dns_judge_follows_its_table),
		cmocka_unit_test(dns_refusal_without_question_counts_by_its_id),
		cmocka_unit_test(dns_judge_survives_random_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
