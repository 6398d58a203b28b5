/* Files that appear complete and synced to disk, or not at all. */
#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a file is called until it is complete: in each folder one, of whoever holds the folder's lock. */
#define TEMPORARY ".towpath-new"

/* What the kernel copies at once: little enough for a process to end soon that is told to. */
#define COPIED_AT_ONCE (4 << 20)
#define PIECE 16384

/* How long who writes into a folder is waited for: longer than it takes to write the largest of our files to a slow disk. */
#define FOLDER_PATIENCE_MS 30000

/* Added to the errno of what was to be read, as opposed to what was to be written. */
#define OF_SOURCE 4096

/* What a file is to have in it: bytes or, without any, all that another file has. */
struct content {
    const char *bytes;
    size_t length;
    int source;
};

int towpath_write_all(int fd, const char *content, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, content, length);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            content += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

static int in_range(int from, int to)
{
    ssize_t n = copy_file_range(from, NULL, to, NULL, COPIED_AT_ONCE, 0);
    return n < 0 ? -errno : (int)n;
}

static int in_kernel(int from, int to)
{
    ssize_t n = sendfile(to, from, NULL, COPIED_AT_ONCE);
    return n < 0 ? -errno : (int)n;
}

static int in_pieces(int from, int to)
{
    char piece[PIECE];
    ssize_t n = read(from, piece, sizeof(piece));
    if (n < 0)
        return errno == EINTR ? -EINTR : -(errno + OF_SOURCE);
    int result = towpath_write_all(to, piece, (size_t)n);
    return result < 0 ? result : (int)n;
}

/*
 * Copies from where both files are to the end. A way that the kernel refuses (other file systems, older kernels, a filter of system
 * calls), or by which it finds no more, is followed by the next one: the last one needs nothing of it, and its word counts.
 */
static int copy_all(int from, int to)
{
    static int (*const ways[])(int from, int to) = {in_range, in_kernel, in_pieces};
    const size_t last = sizeof(ways) / sizeof(ways[0]) - 1;
    size_t way = 0;
    for (;;) {
        int copied = ways[way](from, to);
        if (copied > 0 || copied == -EINTR)
            continue;
        if (way == last)
            return copied;
        way++;
    }
}

static int write_synced(int fd, const struct content *content)
{
    int result = content->bytes == NULL ? copy_all(content->source, fd) : towpath_write_all(fd, content->bytes, content->length);
    return result < 0 ? result : fsync(fd) < 0 ? -errno : 0;
}

/* Gives a name to a file opened with O_TMPFILE. */
static int link_unnamed(int fd, int directory, const char *name)
{
    if (linkat(fd, "", directory, name, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOENT)
        return -errno;
    /* The direct way takes CAP_DAC_READ_SEARCH on older kernels. */
    char self[40];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, self, directory, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int publish_unnamed(int fd, int directory, const char *name, const struct content *content)
{
    int result = write_synced(fd, content);
    if (result == 0)
        result = link_unnamed(fd, directory, name);
    close(fd);
    return result;
}

/* In a folder whose lock is held. Nobody writes into the file any more when it has its name: it could not be executed else. */
static int publish_locked(int directory, const char *name, const struct content *content, mode_t mode, int replace)
{
    /* Left by a process that ended amid this. */
    if (unlinkat(directory, TEMPORARY, 0) < 0 && errno != ENOENT)
        return -errno;
    int fd = openat(directory, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    int result = write_synced(fd, content);
    /* Who replaces a file says what it is like, whatever the umask. */
    if (result == 0 && replace && fchmod(fd, mode) < 0)
        result = -errno;
    if (close(fd) < 0 && result == 0)
        result = -errno;
    if (result == 0 && replace && renameat(directory, TEMPORARY, directory, name) < 0)
        result = -errno;
    if (result == 0 && !replace && linkat(directory, TEMPORARY, directory, name, 0) < 0)
        result = -errno;
    if (result < 0 || !replace)
        unlinkat(directory, TEMPORARY, 0);
    return result;
}

/* The lock goes with the folder's descriptor, which the caller closes. Whoever may read a folder may lock it. */
static int lock(int directory)
{
    return towpath_lock(directory, FOLDER_PATIENCE_MS);
}

static int publish_renamed(int directory, const char *name, const struct content *content, mode_t mode, int replace)
{
    int result = lock(directory);
    return result < 0 ? result : publish_locked(directory, name, content, mode, replace);
}

static int publish(const char *path, const char *name, const struct content *content, mode_t mode, int replace)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    int fd = replace ? -1 : openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
    int result;
    if (fd >= 0)
        result = publish_unnamed(fd, directory, name, content);
    else if (replace || errno == EOPNOTSUPP || errno == EISDIR)
        result = publish_renamed(directory, name, content, mode, replace);
    else
        result = -errno;
    close(directory);
    return result;
}

NATIVE(jint, publish, jbyteArray java_directory, jbyteArray java_name, jbyteArray java_content, jint mode, jboolean replace)
{
    COPY_PATH(java_directory, directory);
    COPY_PATH(java_name, name);
    jsize length = (*env)->GetArrayLength(env, java_content);
    char *bytes = malloc((size_t)length + 1);
    if (bytes == NULL)
        return -ENOMEM;
    (*env)->GetByteArrayRegion(env, java_content, 0, length, (jbyte *)bytes);
    struct content content = {.bytes = bytes, .length = (size_t)length, .source = -1};
    int result = publish(directory, name, &content, (mode_t)mode, replace);
    free(bytes);
    return result;
}

/* Reads until the piece is full or the file at its end; the number of bytes, or a negated errno. */
static int read_piece(int fd, char *piece)
{
    int length = 0;
    while (length < PIECE) {
        ssize_t n = read(fd, piece + length, (size_t)(PIECE - length));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        length += (int)n;
    }
    return length;
}

static int has_content_of(int fd, int source)
{
    char pieces[2][PIECE];
    for (;;) {
        int length = read_piece(fd, pieces[0]);
        if (length < 0 || read_piece(source, pieces[1]) != length || memcmp(pieces[0], pieces[1], (size_t)length) != 0)
            return 0;
        if (length == 0)
            return 1;
    }
}

static int has_bytes(int fd, const char *bytes, size_t length)
{
    char piece[PIECE];
    for (;;) {
        int found = read_piece(fd, piece);
        if (found < 0 || (size_t)found > length || memcmp(piece, bytes, (size_t)found) != 0)
            return 0;
        bytes += found;
        length -= (size_t)found;
        if (found == 0)
            return length == 0;
    }
}

/* Whether a folder has the file already. One that cannot be read is none: it is replaced. */
static int is_in_place(int directory, const char *name, const struct content *content, mode_t mode)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    struct stat status;
    int same = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 07777) == mode
               && (size_t)status.st_size == content->length
               && (content->bytes != NULL ? has_bytes(fd, content->bytes, content->length) : has_content_of(fd, content->source));
    close(fd);
    return same;
}

/* 1 if the file had to be written, 0 if it was in place. */
static int place(const char *path, const char *name, const struct content *content, mode_t mode)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    int result = lock(directory);
    int written = 0;
    if (result == 0 && !is_in_place(directory, name, content, mode)) {
        written = 1;
        if (content->bytes == NULL && lseek(content->source, 0, SEEK_SET) < 0)
            result = -(errno + OF_SOURCE);
        else
            result = publish_locked(directory, name, content, mode, 1);
    } else if (result == 0 && unlinkat(directory, TEMPORARY, 0) < 0 && errno != ENOENT && errno != EROFS) {
        result = -errno;
    }
    /* Also of what was in place: who put it there may have ended before this. */
    if (result == 0 && fsync(directory) < 0)
        result = -errno;
    close(directory);
    return result < 0 ? result : written;
}

NATIVE(jint, place, jbyteArray java_directory, jbyteArray java_name, jbyteArray java_content, jint mode)
{
    COPY_PATH(java_directory, directory);
    COPY_PATH(java_name, name);
    jsize length = (*env)->GetArrayLength(env, java_content);
    char *bytes = malloc((size_t)length + 1);
    if (bytes == NULL)
        return -ENOMEM;
    (*env)->GetByteArrayRegion(env, java_content, 0, length, (jbyte *)bytes);
    struct content content = {.bytes = bytes, .length = (size_t)length, .source = -1};
    int result = place(directory, name, &content, (mode_t)mode);
    free(bytes);
    return result;
}

NATIVE(jint, copy, jbyteArray java_source, jbyteArray java_directory, jbyteArray java_name, jint mode)
{
    COPY_PATH(java_source, path);
    COPY_PATH(java_directory, directory);
    COPY_PATH(java_name, name);
    int source = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source < 0)
        return -(errno + OF_SOURCE);
    int result;
    struct stat status;
    if (fstat(source, &status) < 0) {
        result = -(errno + OF_SOURCE);
    } else if (!S_ISREG(status.st_mode)) {
        result = -((S_ISDIR(status.st_mode) ? EISDIR : EINVAL) + OF_SOURCE);
    } else {
        struct content content = {.length = (size_t)status.st_size, .source = source};
        result = place(directory, name, &content, (mode_t)mode);
    }
    close(source);
    return result;
}
