// SPDX-License-Identifier: BSD-2-Clause
/* Slots are a contract between machines and versions; places in tables are nobody's to know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <headgate/endian.h>
#include <headgate/hash.h>

#define INVERSE_M  0x5f7a0ea7e59b19bdULL /* HG_MURMUR_M × this = 1 */
#define PAIRS	   1000U
#define HALF_RANGE (1ULL << 63)

static struct hg_flow_key example(void)
{
	struct hg_flow_key key = { .sport = be16(40000),
				   .dport = be16(80),
				   .protocol = IPPROTO_TCP };

	key.src.words[2] = key.dst.words[2] = (__u32)(HG_FORCE __u32)be32(0xffff);
	key.src.words[3] = (HG_FORCE __u32)be32(0xc6336401);
	key.dst.words[3] = (HG_FORCE __u32)be32(0x0a600001);
	return key;
}

/* As every version since the first has chosen them. */
static void slots_are_the_same_in_every_version(void **state)
{
	struct hg_flow_key key = example();

	(void)state;
	assert_true(hg_hash_slot(&key, 0) == 0xdbdcf529261c7b48ULL);
	key.src.halves[0] = 0x1111;
	assert_true(hg_hash_slot(&key, 7) == 0x53cc66c0991544f7ULL);
}

/* Which number one of our SNAT addresses has differs between machines. */
static void a_slot_is_of_the_packet_alone(void **state)
{
	struct hg_flow_key key = example(), other = example();

	(void)state;
	key.snat = 3;
	other.snat = 0;
	assert_true(hg_hash_slot(&key, 0) == hg_hash_slot(&other, 0));
	key.policy = 99;
	assert_true(hg_hash_slot(&key, 0) == hg_hash_slot(&other, 0));
	other.dst.words[3]++;
	assert_false(hg_hash_slot(&key, 0) == hg_hash_slot(&other, 0));
}

static void a_reply_key_leaves_the_client_out(void **state)
{
	struct hg_flow_key key = example(), other;

	(void)state;
	key.snat = 3;
	other = key;
	other.dst.words[3]++;
	assert_true(hg_hash_flow(&key, 7) == hg_hash_flow(&other, 7));
	other.snat = 4;
	assert_false(hg_hash_flow(&key, 7) == hg_hash_flow(&other, 7));
}

static uint64_t mixed(uint64_t word)
{
	word *= HG_MURMUR_M;
	word ^= word >> 47;
	return word * HG_MURMUR_M;
}

/* The word that the hash makes this of. */
static uint64_t unmixed(uint64_t word)
{
	word *= INVERSE_M;
	word ^= word >> 47;
	return word * INVERSE_M;
}

/* The known attack: two words differ so that they cancel, whatever the seed. */
static void chosen_addresses_do_not_collide_under_every_seed(void **state)
{
	unsigned slots = 0, flows = 0, pods = 0;

	(void)state;
	assert_true(unmixed(mixed(12345)) == 12345);
	for (uint64_t i = 0; i < PAIRS; i++) {
		struct hg_flow_key key = example(), other;
		uint64_t seed = hg_hash_end(i + 1);

		key.src.halves[0] = i;
		other = key;
		for (int half = 0; half < 2; half++)
			other.src.halves[half] =
			    unmixed(mixed(key.src.halves[half]) ^ HALF_RANGE);
		slots += hg_hash_slot(&key, seed) == hg_hash_slot(&other, seed);
		flows +=
		    !((hg_hash_flow(&key, seed) ^ hg_hash_flow(&other, seed)) & 0xffff);
		pods += hg_policy_home(&key.src, 0xffff, seed) ==
			hg_policy_home(&other.src, 0xffff, seed);
	}
	assert_int_equal(slots, PAIRS);
	assert_in_range(flows, 0, 2);
	assert_in_range(pods, 0, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_the_same_in_every_version),
		cmocka_unit_test(a_slot_is_of_the_packet_alone),
		cmocka_unit_test(a_reply_key_leaves_the_client_out),
		cmocka_unit_test(chosen_addresses_do_not_collide_under_every_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
