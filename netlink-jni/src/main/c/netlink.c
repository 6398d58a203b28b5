#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* What a kernel sends in one datagram of a dump at most, NLMSG_GOODSIZE and max_recvmsg_len of net/netlink/af_netlink.c. */
#define USUAL_SIZE 32768

static int enable(int fd, int option, int needed)
{
    int on = 1;
    if (setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on)) == 0)
        return 0;
    return needed || errno != ENOPROTOOPT ? -errno : 0;
}

static int prepare(int fd, int timeout)
{
    struct timeval limit = {.tv_sec = timeout};
    struct sockaddr_nl self = {.nl_family = AF_NETLINK};
    int result = enable(fd, NETLINK_EXT_ACK, 1);
    if (result == 0)
        result = enable(fd, NETLINK_CAP_ACK, 1);
    if (result == 0)
        result = enable(fd, NETLINK_GET_STRICT_CHK, 0);
    if (result < 0)
        return result;
    if (timeout > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
        return -errno;
    return bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0 ? -errno : 0;
}

NATIVE(jint, netlinkOpen, jint protocol, jint netns, jint timeout)
{
    int own;
    int result = towpath_enter_netns(netns, &own);
    if (result < 0)
        return result;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    int error = errno;
    towpath_leave_netns(own);
    if (fd < 0)
        return -error;
    result = prepare(fd, timeout);
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}

NATIVE(jint, netlinkPort, jint fd)
{
    struct sockaddr_nl self = {0};
    socklen_t length = sizeof(self);
    return getsockname(fd, (struct sockaddr *)&self, &length) < 0 ? 0 : (jint)self.nl_pid;
}

static int force(int fd, int forced, int option, int bytes)
{
    if (bytes <= 0 || setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) == 0)
        return 0;
    /* Past net.core.[rw]mem_max needs CAP_NET_ADMIN over the first user namespace; up to it does not. */
    if (errno != EPERM || setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes)) < 0)
        return -errno;
    return 0;
}

NATIVE(jint, setBuffers, jint fd, jint send, jint receive)
{
    int result = force(fd, SO_SNDBUFFORCE, SO_SNDBUF, send);
    return result < 0 ? result : force(fd, SO_RCVBUFFORCE, SO_RCVBUF, receive);
}

NATIVE(jint, send, jint fd, jbyteArray from, jint offset, jint length)
{
    jbyte usual[USUAL_SIZE];
    jbyte *message = length <= USUAL_SIZE ? usual : malloc((size_t)length);
    if (message == NULL)
        return -ENOMEM;
    (*env)->GetByteArrayRegion(env, from, offset, length, message);
    ssize_t sent;
    do
        sent = send(fd, message, (size_t)length, 0);
    while (sent < 0 && errno == EINTR);
    int result = sent < 0 ? -errno : (int)sent;
    if (message != usual)
        free(message);
    return result;
}

static ssize_t receive_from_kernel(int fd, void *into, size_t size)
{
    for (;;) {
        struct sockaddr_nl sender = {0};
        struct iovec vector = {.iov_base = into, .iov_len = size};
        struct msghdr message = {
            .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &vector, .msg_iovlen = 1};
        ssize_t n = recvmsg(fd, &message, MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        /* Another process with CAP_NET_ADMIN can send to any port id; only the kernel's is 0. */
        if (sender.nl_pid == 0)
            return n;
    }
}

NATIVE(jint, receive, jint fd, jbyteArray into, jint offset, jint length)
{
    jbyte usual[USUAL_SIZE];
    jbyte *buffer = length <= USUAL_SIZE ? usual : malloc((size_t)length);
    if (buffer == NULL)
        return -ENOMEM;
    ssize_t n = receive_from_kernel(fd, buffer, (size_t)length);
    if (n > 0)
        (*env)->SetByteArrayRegion(env, into, offset, n < length ? (jsize)n : length, buffer);
    if (buffer != usual)
        free(buffer);
    return (jint)n;
}
