/* The few rtnetlink requests that the floor and the driver make. Each appends to a buffer; rt_flush() sends it. */
#ifndef TOWPATH_BENCH_RTNETLINK_H
#define TOWPATH_BENCH_RTNETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>

#define RT_BUFFER 4096

struct rt {
  int fd;
  uint32_t sequence;
  uint32_t length; /* bytes of the requests not sent yet */
  struct nlmsghdr *last;
  _Alignas(4) char buffer[RT_BUFFER];
};

/* Prints what failed with its errno and ends the process: nothing here can be carried on with. */
_Noreturn void fail(const char *what);

/* A socket in the namespace ns_fd; the thread is back in home_fd when this returns. ns_fd -1: where the thread is. */
void rt_open(struct rt *rt, int ns_fd, int home_fd);

/* body: the family's header (struct ifinfomsg and so on). */
void rt_begin(struct rt *rt, uint16_t type, uint16_t flags, const void *body, uint32_t body_length);
void rt_put(struct rt *rt, uint16_t type, const void *data, uint32_t length);
struct rtattr *rt_nest(struct rt *rt, uint16_t type);
void rt_end(struct rt *rt, struct rtattr *nest);

/* Sends everything at once; the last request alone asks for an acknowledgement. Fails on the first error. */
void rt_flush(struct rt *rt, const char *what);

/* The same for a batch with an RTM_GETLINK: what it found, zeros if nothing. peer: the index of a veth's other end. */
struct rt_link {
  int index;
  int peer;
};
struct rt_link rt_flush_reading_link(struct rt *rt, const char *what);

/* Begins an RTM_GETLINK by name. */
void rt_look(struct rt *rt, const char *name);

/* A veth: `name` here, `peer` inside the namespace peer_ns_fd; MAC addresses of 6 bytes, or NULL for random ones.
   The request is only begun: follow with rt_flush. */
void rt_veth(struct rt *rt, const char *name, const uint8_t *mac, const char *peer, int peer_ns_fd,
             const uint8_t *peer_mac, uint32_t mtu);

#endif
