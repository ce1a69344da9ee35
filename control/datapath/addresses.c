/* SPDX-License-Identifier: BSD-2-Clause */
/* hg_ours and the SNAT addresses, written. */
#include "addresses.h"
#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include "map_write.h"

static int put_word(struct datapath *datapath, uint32_t number)
{
	uint64_t word = addr_filter_word(&datapath->filter, number);

	if (!datapath->settled)
		word |= datapath->addr_filter_words[number];
	if (word == datapath->addr_filter_words[number])
		return 0;
	int r = map_put(datapath, MAP_OURS, number, &word);
	if (r == 0)
		datapath->addr_filter_words[number] = word;
	return r;
}

int addr_filter_enter(struct datapath *datapath, const struct hg_addr *addr)
{
	int number = addr_filter_add(&datapath->filter, addr);

	return number < 0 ? 0 : put_word(datapath, (uint32_t)number);
}

int addr_filter_leave(struct datapath *datapath, const struct hg_addr *addr)
{
	int number = addr_filter_remove(&datapath->filter, addr);

	return number < 0 ? 0 : put_word(datapath, (uint32_t)number);
}

int addr_filter_settle(struct datapath *datapath)
{
	int failed = 0;

	for (uint32_t number = 0; number < HG_OURS_WORDS; number++) {
		int r = put_word(datapath, number);

		failed = r < 0 ? r : failed;
	}
	return failed;
}

static uint8_t free_snat(const struct datapath *datapath)
{
	for (unsigned i = 1; i < HG_SNAT_ADDRS; i++)
		if (addr_is_zero(&datapath->snat[i]))
			return (uint8_t)i;
	return 0;
}

/* The address by index first: a flow may name it as soon as the line by hash is there. */
static int enter_snat(struct datapath *datapath, const struct hg_addr *addr, uint8_t snat,
		      uint32_t line)
{
	struct hg_local local = { .addr = *addr, .snat = snat };
	int r = map_put(datapath, MAP_SNAT, snat, addr);

	if (r < 0)
		return r;
	r = map_put(datapath, MAP_LOCALS, line, &local);
	if (r < 0)
		return r;
	r = addr_filter_enter(datapath, addr);
	if (r < 0)
		return r;
	datapath->snat[snat] = *addr;
	datapath->locals[line] = local;
	return 0;
}

uint8_t snat_index(struct datapath *datapath, const struct hg_addr *addr,
		   struct complaints *complaints)
{
	char text[ADDR_TEXT];

	if (addr_is_zero(addr))
		return 0;
	int line = locals_find(datapath->locals, addr);
	if (line >= 0)
		return datapath->locals[line].snat;
	uint8_t snat = free_snat(datapath);
	line = locals_place(datapath->locals, addr);
	if (!snat || line < 0) {
		complain(complaints, COMPLAINT_WARNING, NULL, NULL,
			 "SNAT address %s has no place in map hg_locals (%u entries): "
			 "choose fewer addresses with --snat-address",
			 addr_print(addr, text), HG_LOCALS);
		return 0;
	}
	int r = enter_snat(datapath, addr, snat, (uint32_t)line);
	if (r < 0) {
		complain(complaints, COMPLAINT_WARNING, NULL, NULL,
			 "SNAT address %s was not written to map hg_snat: %s",
			 addr_print(addr, text), strerror(-r));
		return 0;
	}
	return snat;
}

int snat_adopt(struct datapath *datapath)
{
	for (uint32_t i = 1; i < HG_SNAT_ADDRS; i++) {
		int r =
		    bpf_map_lookup_elem(datapath->fds[MAP_SNAT], &i, &datapath->snat[i]);
		if (r < 0)
			return r;
	}
	for (uint32_t i = 0; i < HG_LOCALS; i++) {
		struct hg_local *local = &datapath->locals[i];
		int r = bpf_map_lookup_elem(datapath->fds[MAP_LOCALS], &i, local);
		if (r < 0)
			return r;
		if (local->snat)
			addr_filter_add(&datapath->filter, &local->addr);
	}
	return 0;
}

const struct hg_addr *snat_choose(const struct datapath *datapath,
				  const struct hg_addr *backend,
				  const struct hg_addr *route_source)
{
	size_t matching = 0;

	for (size_t i = 0; i < datapath->snat_addr_count; i++)
		matching += addr_is_v4(&datapath->snat_addrs[i]) == addr_is_v4(backend);
	if (!matching)
		return route_source;
	size_t wanted = hg_hash_addr(backend) % matching;
	for (size_t i = 0; i < datapath->snat_addr_count; i++) {
		if (addr_is_v4(&datapath->snat_addrs[i]) != addr_is_v4(backend))
			continue;
		if (!wanted--)
			return &datapath->snat_addrs[i];
	}
	return route_source;
}
