#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int towpath_enter_netns(int target, int *own)
{
    *own = -1;
    if (target < 0)
        return 0;
    int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (setns(target, CLONE_NEWNET) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    *own = fd;
    return 0;
}

void towpath_leave_netns(int own)
{
    if (own < 0)
        return;
    if (setns(own, CLONE_NEWNET) < 0) {
        perror("towpath: no way back to the own network namespace");
        abort();
    }
    close(own);
}

NATIVE(jint, openNetNs, jbyteArray java_path)
{
    COPY_PATH(java_path, path);
    /* Without O_NONBLOCK a FIFO of that name would block for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    struct statfs status;
    if (fstatfs(fd, &status) < 0 || status.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
        close(fd);
        return -EINVAL;
    }
    return fd;
}

NATIVE(jint, identity, jint fd, jlongArray into)
{
    struct stat status;
    if ((fd < 0 ? stat("/proc/thread-self/ns/net", &status) : fstat(fd, &status)) < 0)
        return -errno;
    jlong values[] = {(jlong)status.st_dev, (jlong)status.st_ino};
    (*env)->SetLongArrayRegion(env, into, 0, 2, values);
    return 0;
}

static int open_sysctl(const char *key, int flags)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof(path), "/proc/sys/%s", key) >= sizeof(path))
        return -ENAMETOOLONG;
    int fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int write_sysctl(const char *key, const char *value)
{
    int fd = open_sysctl(key, O_WRONLY);
    if (fd < 0)
        return fd;
    size_t length = strlen(value);
    ssize_t written;
    do
        written = write(fd, value, length);
    while (written < 0 && errno == EINTR);
    int error = written < 0 ? errno : (size_t)written < length ? EIO : 0;
    close(fd);
    return -error;
}

NATIVE(jint, writeSysctls, jint netns, jbyteArray java_pairs)
{
    jsize length = (*env)->GetArrayLength(env, java_pairs);
    char *pairs = malloc((size_t)length + 2);
    if (pairs == NULL)
        return -ENOMEM;
    (*env)->GetByteArrayRegion(env, java_pairs, 0, length, (jbyte *)pairs);
    /* So that a value that is missing its NUL, or itself, is an empty one. */
    pairs[length] = pairs[length + 1] = '\0';

    int own;
    int result = towpath_enter_netns(netns, &own);
    if (result == 0) {
        int done = 0;
        for (const char *key = pairs; result == 0 && key < pairs + length; done++) {
            const char *value = key + strlen(key) + 1;
            int error = write_sysctl(key, value);
            if (error < 0)
                result = error - 4096 * done;
            key = value + strlen(value) + 1;
        }
        towpath_leave_netns(own);
    }
    free(pairs);
    return result;
}

NATIVE(jint, readSysctl, jint netns, jbyteArray java_key, jbyteArray into)
{
    COPY_PATH(java_key, key);
    char value[4096];
    jsize capacity = (*env)->GetArrayLength(env, into);
    if ((size_t)capacity > sizeof(value))
        capacity = sizeof(value);

    int own;
    int result = towpath_enter_netns(netns, &own);
    if (result < 0)
        return result;
    result = open_sysctl(key, O_RDONLY);
    towpath_leave_netns(own);
    if (result < 0)
        return result;

    int fd = result;
    ssize_t n;
    do
        n = read(fd, value, (size_t)capacity);
    while (n < 0 && errno == EINTR);
    result = n < 0 ? -errno : (int)n;
    close(fd);
    if (n > 0)
        (*env)->SetByteArrayRegion(env, into, 0, (jsize)n, (jbyte *)value);
    return result;
}
