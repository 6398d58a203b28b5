#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* 0 once the socket is ready for the events, -ETIMEDOUT after the deadline. */
static int wait_for(int fd, short events, long long deadline)
{
    for (;;) {
        long long left = deadline - now();
        if (left <= 0)
            return -ETIMEDOUT;
        struct pollfd polled = {.fd = fd, .events = events};
        int ready = poll(&polled, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

static int connect_to(int fd, const struct sockaddr_un *address, long long deadline)
{
    while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
        /* EAGAIN: the listener's queue is full, of which poll(2) says nothing. */
        if (errno == EAGAIN) {
            struct timespec pause = {.tv_nsec = 1000000};
            if (now() >= deadline)
                return -ETIMEDOUT;
            nanosleep(&pause, NULL);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static int send_all(int fd, const char *from, size_t length, long long deadline)
{
    while (length > 0) {
        ssize_t n = send(fd, from, length, MSG_NOSIGNAL);
        if (n > 0) {
            from += n;
            length -= (size_t)n;
        } else if (errno == EAGAIN) {
            int ready = wait_for(fd, POLLOUT, deadline);
            if (ready < 0)
                return ready;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Receives until the other end closes; the number of bytes. */
static int receive_all(int fd, char *into, size_t size, long long deadline)
{
    size_t length = 0;
    for (;;) {
        char beyond;
        ssize_t n = length < size ? recv(fd, into + length, size - length, 0) : recv(fd, &beyond, 1, 0);
        if (n > 0 && length == size)
            return -EFBIG;
        if (n == 0)
            return (int)length;
        if (n > 0) {
            length += (size_t)n;
        } else if (errno == EAGAIN) {
            int ready = wait_for(fd, POLLIN, deadline);
            if (ready < 0)
                return ready;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
}

NATIVE(jint, ask, jbyteArray java_path, jbyteArray request, jbyteArray into, jint milliseconds)
{
    COPY_PATH(java_path, path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    long long deadline = now() + milliseconds;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int result = connect_to(fd, &address, deadline);
    if (result == 0) {
        jbyte *bytes = (*env)->GetByteArrayElements(env, request, NULL);
        result = bytes == NULL ? -ENOMEM : send_all(fd, (char *)bytes, (size_t)(*env)->GetArrayLength(env, request), deadline);
        if (bytes != NULL)
            (*env)->ReleaseByteArrayElements(env, request, bytes, JNI_ABORT);
    }
    if (result == 0) {
        jbyte *bytes = (*env)->GetByteArrayElements(env, into, NULL);
        result = bytes == NULL ? -ENOMEM : receive_all(fd, (char *)bytes, (size_t)(*env)->GetArrayLength(env, into), deadline);
        if (bytes != NULL)
            (*env)->ReleaseByteArrayElements(env, into, bytes, 0);
    }
    close(fd);
    return result;
}

NATIVE(jint, terminalWidth, jint fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) < 0 ? -errno : size.ws_col;
}
