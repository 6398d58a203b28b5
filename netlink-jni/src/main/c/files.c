#define _GNU_SOURCE
#include "native.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
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

NATIVE(jint, flock, jbyteArray java_path, jint mode, jboolean wait)
{
    COPY_PATH(java_path, path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, (mode_t)mode);
    if (fd < 0)
        return -errno;
    while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
        if (errno != EINTR) {
            int error = errno;
            close(fd);
            return -error;
        }
    }
    return fd;
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
    /* Without O_NONBLOCK a FIFO of that name would block for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
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
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0)
        return -errno;
    int result = towpath_write_all(fd, content, (size_t)length);
    struct stat status;
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
