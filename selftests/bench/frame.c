// SPDX-License-Identifier: BSD-2-Clause
#include "frame.h"

#include <arpa/inet.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS	  0xc6120001U /* 198.18.0.1 */
#define SERVICES  0x0a600001U /* 10.96.0.1, see services.sh */
#define FLOW_BITS 16
#define PAYLOAD	  20 /* of UDP */

static uint32_t sum_up(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return sum;
}

static uint16_t complement(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static uint16_t transport_check(const struct iphdr *ip, const void *segment,
				uint16_t length)
{
	uint32_t sum = ip->protocol + length;

	sum = sum_up(sum, &ip->saddr, 8);
	return complement(sum_up(sum, segment, length));
}

static void write_tcp(const struct frame_plan *plan, const struct iphdr *ip,
		      uint16_t port, struct tcphdr *tcp)
{
	bool opens = plan->kind == FRAME_SYN;

	*tcp = (struct tcphdr){
		.source = htons(port),
		.dest = htons(SERVICE_PORT),
		.seq = htonl(opens ? CLIENT_SEQ : CLIENT_SEQ + 1),
		.ack_seq = opens ? 0 : htonl(SERVER_SEQ + 1),
		.doff = 5,
		.syn = opens,
		.ack = !opens,
		.window = htons(65535),
	};
	tcp->check = transport_check(ip, tcp, sizeof(*tcp));
}

static void write_udp(const struct iphdr *ip, uint16_t port, struct udphdr *udp)
{
	*udp = (struct udphdr){
		.source = htons(port),
		.dest = htons(SERVICE_PORT),
		.len = htons(sizeof(*udp) + PAYLOAD),
	};
	udp->check = transport_check(ip, udp, sizeof(*udp) + PAYLOAD);
}

void frame_write(const struct frame_plan *plan, uint32_t flow, struct frame *ret_frame)
{
	uint32_t number = plan->generation << FLOW_BITS | flow;
	bool is_udp = plan->kind == FRAME_UDP;
	uint16_t length = sizeof(struct iphdr), port = (uint16_t)(1024 + number % 60000);
	struct ethhdr *eth = (struct ethhdr *)ret_frame->bytes;
	unsigned char *network = ret_frame->bytes + sizeof(*eth);

	length += is_udp ? sizeof(struct udphdr) + PAYLOAD : sizeof(struct tcphdr);
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(length),
		.ttl = 64,
		.protocol = is_udp ? IPPROTO_UDP : IPPROTO_TCP,
		.saddr = htonl(CLIENTS + number / 64 % 65536),
		.daddr = htonl(SERVICES + flow % plan->services),
	};
	*ret_frame = (struct frame){ 0 };
	memcpy(eth->h_dest, plan->gate_mac, ETH_ALEN);
	memcpy(eth->h_source, plan->client_mac, ETH_ALEN);
	eth->h_proto = htons(ETH_P_IP);
	ip.check = complement(sum_up(0, &ip, sizeof(ip)));
	memcpy(network, &ip, sizeof(ip));
	if (is_udp)
		write_udp(&ip, port, (struct udphdr *)(network + sizeof(ip)));
	else
		write_tcp(plan, &ip, port, (struct tcphdr *)(network + sizeof(ip)));
}

void frame_write_all(const struct frame_plan *plan, struct frame *frames, uint32_t count)
{
	uint64_t random = 0x9e3779b97f4a7c15ULL;

	for (uint32_t i = 0; i < count; i++)
		frame_write(plan, i, &frames[i]);
	for (uint32_t i = count - 1; i; i--) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		uint32_t other = (uint32_t)(random >> 33) % (i + 1);
		struct frame frame = frames[i];

		frames[i] = frames[other];
		frames[other] = frame;
	}
}

void frame_write_reply(const struct frame *answer, struct frame *ret_frame)
{
	*ret_frame = *answer;
	struct iphdr *ip = (struct iphdr *)(ret_frame->bytes + sizeof(struct ethhdr));
	struct tcphdr *tcp = (struct tcphdr *)(ip + 1);

	tcp->syn = 0;
	tcp->seq = htonl(SERVER_SEQ + 1);
	tcp->ack_seq = htonl(CLIENT_SEQ + 1);
	tcp->check = 0;
	tcp->check = transport_check(ip, tcp, sizeof(*tcp));
}
