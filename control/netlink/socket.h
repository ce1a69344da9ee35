/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An rtnetlink socket, in one of two roles: one follows the kernel's notifications on the
 * loop, the other asks and waits (for microseconds: the kernel answers within send()).
 */
#ifndef NETLINK_SOCKET_H
#define NETLINK_SOCKET_H

#include <stdbool.h>
#include <linux/rtnetlink.h>
#include <libmnl/libmnl.h>

struct netlink;

struct netlink_visitor {
	/* The messages so far do not count: the dump is read again from its beginning. */
	void (*begin)(void *context);
	/* Negative: stop and return this. */
	int (*message)(void *context, const struct nlmsghdr *message);
	void *context;
};

/* A socket for requests. 0 or -errno. */
int netlink_open(struct netlink **ret_netlink);
/* A non-blocking socket that hears of links, addresses, routes, neighbours and bridge
 * entries. */
int netlink_open_news(struct netlink **ret_netlink);
void netlink_close(struct netlink *netlink);
void netlink_closep(struct netlink **netlink);
int netlink_fd(const struct netlink *netlink);

/*
 * Send a request and wait for its acknowledgement; what precedes that goes to visitor
 * (NULL: nobody). The kernel's -errno, or -ETIME after 5 s.
 */
int netlink_request(struct netlink *netlink, struct nlmsghdr *request,
		    const struct netlink_visitor *visitor);
/*
 * Dump what type and family name. The kernel marks a dump whose subject changed meanwhile
 * (NLM_F_DUMP_INTR): it is read again, up to 10 times, then -EINTR.
 */
int netlink_dump(struct netlink *netlink, unsigned type, unsigned family,
		 const struct netlink_visitor *visitor);
/*
 * Hand all notifications that wait to the visitor. 0, or -ENOBUFS: some were lost, read
 * everything again; the rest was delivered.
 */
int netlink_read_news(struct netlink *netlink, const struct netlink_visitor *visitor);

#endif
