#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 16

NATIVE(jint, subscribe, jint fd, jint group)
{
    int number = group;
    return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number, sizeof(number)) < 0 ? -errno : 0;
}

NATIVE(jint, setNonBlocking, jint fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

JNIEXPORT jint JNICALL Java_io_towpath_linux_Native_eventOpen(UNUSED JNIEnv *env, UNUSED jclass class)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

NATIVE(jint, eventSet, jint fd)
{
    uint64_t one = 1;
    /* EAGAIN: the counter is at its end, so it is set already. */
    return write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN ? -errno : 0;
}

NATIVE(jint, eventClear, jint fd)
{
    uint64_t count;
    return read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN ? -errno : 0;
}

NATIVE(jint, nice, jint more)
{
    /* Of the calling thread alone: Linux has a nice value for each. The new one may be -1, which is no error. */
    errno = 0;
    return nice(more) < 0 && errno != 0 ? -errno : 0;
}

NATIVE(jint, await, jintArray descriptors, jint milliseconds)
{
    jint fds[MAX_DESCRIPTORS];
    struct pollfd polled[MAX_DESCRIPTORS];
    jsize count = (*env)->GetArrayLength(env, descriptors);
    if (count > MAX_DESCRIPTORS)
        return -EINVAL;
    (*env)->GetIntArrayRegion(env, descriptors, 0, count, fds);
    for (jsize i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    if (poll(polled, (nfds_t)count, milliseconds) < 0)
        return errno == EINTR ? 0 : -errno;
    jint ready = 0;
    for (jsize i = 0; i < count; i++)
        ready |= polled[i].revents != 0 ? 1 << i : 0;
    return ready;
}
