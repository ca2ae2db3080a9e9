#include "server/api/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static lg_err err_of(int number)
{
    return number == ENOSPC || number == EDQUOT || number == EFBIG ? LG_DISK_FULL : LG_IO;
}

lg_err spool_open(const char *dir, int *fd, lg_report *report)
{
    *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0)
        return lg_fail(report, err_of(errno), "A file for the answer cannot be made: %s.", strerror(errno));
    return LG_OK;
}

lg_err spool_write(int fd, lg_buf *piece)
{
    size_t done = 0;
    while (done < piece->len) {
        ssize_t len = write(fd, piece->data + done, piece->len - done);
        if (len < 0 && errno != EINTR)
            return err_of(errno);
        done += len > 0 ? (size_t)len : 0;
    }
    lg_buf_reset(piece);
    return LG_OK;
}
