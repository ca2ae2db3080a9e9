/* Files on this machine: read whole within a bound, replaced atomically. */
#include "server/client/client.h"

#include "ledger/base/file.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static client_exit io_fail(client *c, const char *doing, const char *path)
{
    return client_fail(c, CLIENT_LOCAL, "%s %s: %s.", client_text(c, doing), path, strerror(errno));
}

client_exit client_file_read(client *c, lg_arena *arena, const char *path, size_t max, lg_bytes *out)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    client_exit code = CLIENT_OK;
    lg_buf buf = {0};
    char chunk[16384];
    if (fd < 0)
        return io_fail(c, LG_TEXT("Cannot open"), path);
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            code = io_fail(c, LG_TEXT("Cannot read"), path);
        if (got <= 0)
            break;
        if ((size_t)got > max - buf.len) {
            code = client_fail(c, CLIENT_LOCAL, "%s is larger than the %zu bytes allowed for it.", path, max);
            break;
        }
        lg_buf_add(&buf, chunk, (size_t)got);
    }
    if (code == CLIENT_OK)
        *out = lg_arena_copy(arena, lg_buf_bytes(&buf));
    lg_buf_clear(&buf);
    if (!standard)
        close(fd);
    return code;
}

static bool write_all(int fd, lg_bytes bytes)
{
    while (bytes.len) {
        ssize_t put = write(fd, bytes.data, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes.data += put;
        bytes.len -= (size_t)put;
    }
    return true;
}

client_exit client_writer_open(client *c, const char *path, client_writer *out)
{
    *out = (client_writer){.path = path, .mode = 0600, .fd = STDOUT_FILENO};
    if (strcmp(path, "-") == 0)
        return CLIENT_OK;
    out->temporary = lg_arena_printf(c->arena, "%s.XXXXXX", path);
    out->fd = mkostemp(out->temporary, O_CLOEXEC);
    return out->fd < 0 ? io_fail(c, LG_TEXT("Cannot create a file beside"), path) : CLIENT_OK;
}

client_exit client_writer_add(client *c, client_writer *writer, lg_bytes bytes)
{
    return write_all(writer->fd, bytes) ? CLIENT_OK : io_fail(c, LG_TEXT("Cannot write"), writer->path);
}

client_exit client_writer_close(client *c, client_writer *writer, bool keep)
{
    client_exit code = CLIENT_OK;
    if (!writer->temporary)
        return code;
    if (keep && (fchmod(writer->fd, (mode_t)writer->mode) != 0 || fsync(writer->fd) != 0))
        code = io_fail(c, LG_TEXT("Cannot write"), writer->path);
    if (close(writer->fd) != 0 && keep && code == CLIENT_OK)
        code = io_fail(c, LG_TEXT("Cannot write"), writer->path);
    if (keep && code == CLIENT_OK && rename(writer->temporary, writer->path) == 0)
        return lg_file_sync_parent(writer->path, &c->report) == LG_OK
                   ? CLIENT_OK
                   : client_fail_report(c, CLIENT_LOCAL, NULL);
    if (keep && code == CLIENT_OK)
        code = io_fail(c, LG_TEXT("Cannot write"), writer->path);
    unlink(writer->temporary);
    return code;
}

client_exit client_file_write(client *c, const char *path, unsigned mode, lg_bytes bytes)
{
    client_writer writer;
    client_exit code = client_writer_open(c, path, &writer);
    if (code != CLIENT_OK)
        return code;
    writer.mode = mode;
    code = client_writer_add(c, &writer, bytes);
    client_exit closed = client_writer_close(c, &writer, code == CLIENT_OK);
    return code == CLIENT_OK ? closed : code;
}

client_exit client_directories_make(client *c, const char *path)
{
    char *copy = lg_arena_strdup(c->arena, path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            return io_fail(c, LG_TEXT("Cannot make directory"), copy);
        *slash = '/';
    }
    return CLIENT_OK;
}

client_exit client_file_digest(client *c, const char *path, char hex[65])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return io_fail(c, LG_TEXT("Cannot open"), path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return client_fail(c, CLIENT_LOCAL, "%s is not a regular file.", path);
    }
    size_t len = (size_t)st.st_size;
    void *map = len ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (map == MAP_FAILED)
        return io_fail(c, LG_TEXT("Cannot read"), path);
    lg_hash hash = lg_sha256(lg_bytes_of(len ? map : "", len));
    if (len)
        munmap(map, len);
    lg_hex_write(hex, hash.b, sizeof hash.b);
    return CLIENT_OK;
}
