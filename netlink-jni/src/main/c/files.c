#define _GNU_SOURCE
#include "native.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

int towpath_copy_string(JNIEnv *env, jbyteArray from, char *into, size_t size)
{
    jsize length = (*env)->GetArrayLength(env, from);
    if (length < 1 || (size_t)length > size)
        return -ENAMETOOLONG;
    (*env)->GetByteArrayRegion(env, from, 0, length, (jbyte *)into);
    into[length - 1] = '\0';
    return 0;
}

/*
 * Who opens what lies on a disk takes nothing but a regular file: a FIFO or a device of the same name could keep it waiting for ever, or
 * answer anything. Needs O_NONBLOCK, without which open itself waits. A negated errno, and the descriptor is closed, else the descriptor.
 */
static int regular(int fd, struct stat *status)
{
    if (fd < 0)
        return errno == ENXIO ? -EINVAL : -errno; /* a FIFO that nobody reads, a socket, a device that is not there */
    int error = fstat(fd, status) < 0 ? errno : S_ISREG(status->st_mode) ? 0 : S_ISDIR(status->st_mode) ? EISDIR : EINVAL;
    if (error == 0)
        return fd;
    close(fd);
    return -error;
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/*
 * flock(2) knows no deadline, and a signal would have to be nobody else's in a process of many threads: so it is asked again and again, as
 * often as those do it who hold such a lock for a millisecond or two, and less often after a while.
 */
int towpath_lock(int fd, int milliseconds)
{
    const int64_t start = now();
    const int64_t end = start + (int64_t)milliseconds * 1000000;
    for (;;) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        int64_t time = now();
        if (time >= end)
            return milliseconds == 0 ? -EAGAIN : -ETIMEDOUT;
        int64_t pause = time - start < 100000000 ? 500000 : 10000000;
        struct timespec rest = {.tv_nsec = (long)(pause < end - time ? pause : end - time)};
        nanosleep(&rest, NULL);
    }
}

NATIVE(jint, flock, jbyteArray java_path, jint mode, jint milliseconds)
{
    COPY_PATH(java_path, path);
    struct stat status;
    int fd = regular(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, (mode_t)mode), &status);
    if (fd < 0)
        return fd;
    /* One of an earlier release, which everybody may open, and so may lock. */
    int result = (status.st_mode & 0777 & ~(mode_t)mode) != 0 && fchmod(fd, (mode_t)mode) < 0 ? -errno : 0;
    if (result == 0)
        result = towpath_lock(fd, milliseconds);
    if (result == 0)
        return fd;
    close(fd);
    return result;
}

NATIVE(jint, close, jint fd)
{
    /* Linux has freed the descriptor even when it says EINTR: never again. */
    return close(fd) < 0 ? -errno : 0;
}

/* How large an array must be for a file that has more than capacity bytes; -EFBIG if it has more than limit. */
static jint needed(int fd, jsize capacity, jint limit)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (capacity >= limit || status.st_size > limit)
        return -EFBIG;
    /* Files of the kernel's own tell no size. */
    jint twice = capacity > limit / 2 ? limit : 2 * capacity;
    return status.st_size > twice ? (jint)status.st_size : twice;
}

NATIVE(jint, readFile, jbyteArray java_path, jbyteArray into, jint limit)
{
    COPY_PATH(java_path, path);
    jsize capacity = (*env)->GetArrayLength(env, into);
    struct stat status;
    int fd = regular(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), &status);
    if (fd < 0)
        return fd;
    char chunk[16384];
    jint length = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || n > capacity - length) {
            length = n == 0 ? length : n < 0 ? -errno : needed(fd, capacity, limit);
            break;
        }
        (*env)->SetByteArrayRegion(env, into, length, (jsize)n, (jbyte *)chunk);
        length += (jint)n;
    }
    close(fd);
    return length;
}

NATIVE(jint, overwrite, jbyteArray java_path, jbyteArray java_content, jint mode)
{
    COPY_PATH(java_path, path);
    char content[4096];
    jsize length = (*env)->GetArrayLength(env, java_content);
    if ((size_t)length > sizeof(content))
        return -EFBIG;
    (*env)->GetByteArrayRegion(env, java_content, 0, length, (jbyte *)content);
    /*
     * Not O_TRUNC: ext4 takes that for the replacement of a file that matters and starts to write it to disk, for up to some
     * milliseconds, where a caller who wants no fsync wants none of that.
     */
    struct stat status;
    int fd = regular(open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, (mode_t)mode), &status);
    if (fd < 0)
        return fd;
    int result = towpath_write_all(fd, content, (size_t)length);
    if (result == 0 && (fstat(fd, &status) < 0 || (status.st_size > length && ftruncate(fd, length) < 0)))
        result = -errno;
    if (close(fd) < 0 && result == 0)
        result = -errno;
    return result;
}

NATIVE(jint, setModified, jbyteArray java_path, jlong seconds, jint nanoseconds)
{
    COPY_PATH(java_path, path);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return utimensat(AT_FDCWD, path, times, 0) < 0 ? -errno : 0;
}

NATIVE(jint, syncDirectory, jbyteArray java_path)
{
    COPY_PATH(java_path, path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return result;
}

NATIVE(jint, unlink, jbyteArray java_path)
{
    COPY_PATH(java_path, path);
    return unlink(path) < 0 ? -errno : 0;
}

NATIVE(jint, makeDirectory, jbyteArray java_path, jint mode)
{
    COPY_PATH(java_path, path);
    return mkdir(path, (mode_t)mode) < 0 ? -errno : 0;
}

NATIVE(jint, list, jbyteArray java_path, jbyteArray into)
{
    COPY_PATH(java_path, path);
    jsize capacity = (*env)->GetArrayLength(env, into);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return -errno;
    jsize length = 0;
    struct dirent *entry;
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        jsize size = (jsize)strlen(entry->d_name) + 1;
        if (length > INT_MAX - size) {
            errno = EOVERFLOW;
            break;
        }
        if (size <= capacity - length)
            (*env)->SetByteArrayRegion(env, into, length, size, (jbyte *)entry->d_name);
        length += size;
    }
    int error = errno;
    closedir(directory);
    return error != 0 ? -error : length;
}

NATIVE(jint, status, jbyteArray java_path, jlongArray into)
{
    COPY_PATH(java_path, path);
    struct stat status;
    if (lstat(path, &status) < 0)
        return -errno;
    jlong values[] = {
        (jlong)status.st_dev,
        (jlong)status.st_ino,
        (jlong)status.st_mode,
        (jlong)status.st_size,
        (jlong)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec,
    };
    (*env)->SetLongArrayRegion(env, into, 0, 5, values);
    return 0;
}

NATIVE(jlong, fileSystemType, jbyteArray java_path)
{
    COPY_PATH(java_path, path);
    struct statfs status;
    if (statfs(path, &status) < 0)
        return -errno;
    return (jlong)(unsigned int)status.f_type;
}
