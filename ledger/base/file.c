#include "ledger/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

lg_err lg_file_fail(lg_report *report, int error, const char *action, const char *path)
{
    char buffer[128];
    lg_err err = error == ENOSPC || error == EDQUOT ? LG_DISK_FULL : LG_IO;
    return lg_fail(report, err, "Cannot %s %s: %s.", action, path, strerror_r(error, buffer, sizeof buffer));
}

lg_err lg_file_sync_parent(const char *path, lg_report *report)
{
    char parent[PATH_MAX];
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    const char *slash = memrchr(path, '/', end);
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (len >= sizeof parent)
        return lg_file_fail(report, ENAMETOOLONG, "sync the folder of", path);
    if (slash && len == 0) /* "/name" */
        len = 1;
    memcpy(parent, len ? path : ".", len ? len : 1);
    parent[len ? len : 1] = '\0';
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return lg_file_fail(report, errno, "open", parent);
    lg_err err = LG_OK;
    if (fsync(fd) != 0)
        err = lg_file_fail(report, errno, "sync", parent);
    close(fd);
    return err;
}

/* Returns 0, or an errno value. */
static int write_all(int fd, lg_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        bytes = lg_bytes_of(bytes.data + n, bytes.len - (size_t)n);
    }
    return 0;
}

lg_err lg_file_create(const char *path, lg_bytes bytes, unsigned mode, lg_report *report)
{
    char temporary[PATH_MAX];
    int len = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof temporary)
        return lg_file_fail(report, ENAMETOOLONG, "create", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return lg_file_fail(report, errno, "create", path);
    int error = write_all(fd, bytes);
    if (!error && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        error = errno;
    if (close(fd) != 0 && !error)
        error = errno;
    /* link(2) refuses to replace, where rename(2) would; either is atomic. */
    if (!error && link(temporary, path) != 0)
        error = errno;
    unlink(temporary);
    if (error == EEXIST)
        return lg_fail(report, LG_ALREADY_EXISTS, "%s exists already.", path);
    if (error)
        return lg_file_fail(report, error, "write", path);
    return lg_file_sync_parent(path, report);
}

lg_err lg_file_read_private(const char *path, void *out, size_t max, size_t *out_len, lg_report *report)
{
    lg_err err = LG_OK;
    size_t len = 0;
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? lg_fail(report, LG_NOT_FOUND, "There is no key file %s.", path)
                               : lg_file_fail(report, errno, "open", path);
    if (fstat(fd, &status) != 0) {
        err = lg_file_fail(report, errno, "read", path);
        goto out;
    }
    if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
        err = lg_fail(report, LG_IO, "%s must be a file that only its owner can read: chmod 600.", path);
        goto out;
    }
    for (;;) {
        ssize_t n = read(fd, (char *)out + len, max - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            err = lg_file_fail(report, errno, "read", path);
        if (n <= 0)
            break;
        len += (size_t)n;
        if (len == max) {
            err = lg_fail(report, LG_CORRUPT, "%s is longer than %zu bytes.", path, max - 1);
            break;
        }
    }
    *out_len = len;
out:
    close(fd);
    return err;
}
