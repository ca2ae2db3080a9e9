#include "ledger/store/wal_gather.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROOM = 0x1ffff, /* SQLite's own VFS writes no more with one call (os_unix.c, seekAndWriteFd) */
    COMMIT_AT = 4,  /* in a frame's header: the database's size in pages, of the frame that ends a commit */
};

int lg_gather_flush(lg_gather *gather, sqlite3_file *file)
{
    const int len = gather->len;
    gather->len = 0;
    return len == 0 ? SQLITE_OK : file->pMethods->xWrite(file, gather->bytes, len, gather->at);
}

static bool is_commit(const uint8_t *header)
{
    static const uint8_t none[4];
    return memcmp(header + COMMIT_AT, none, sizeof none) != 0;
}

static bool has_room(lg_gather *gather, int len)
{
    if (!gather->bytes)
        gather->bytes = malloc(ROOM);
    return gather->bytes && len <= ROOM - gather->len;
}

int lg_gather_write(lg_gather *gather, sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    if (at == 0)
        gather->end = 0;
    /* What is written a second time, within a commit that did not fit into memory, goes straight through. */
    const bool is_new = at >= gather->end;
    if (is_new)
        gather->end = at + len;
    if (!is_new || at != gather->at + gather->len || !has_room(gather, len)) {
        int code = lg_gather_flush(gather, file);
        if (code != SQLITE_OK)
            return code;
        gather->at = at;
    }
    if (!is_new || !has_room(gather, len))
        return file->pMethods->xWrite(file, data, len, at);
    memcpy(gather->bytes + gather->len, data, (size_t)len);
    gather->len += len;
    if (len == LG_FRAME_HEADER_LEN) {
        gather->ends_a_commit = is_commit(data);
        return SQLITE_OK;
    }
    const bool ended = gather->ends_a_commit;
    gather->ends_a_commit = false;
    return ended ? lg_gather_flush(gather, file) : SQLITE_OK;
}

void lg_gather_close(lg_gather *gather)
{
    free(gather->bytes);
    *gather = (lg_gather){0};
}
