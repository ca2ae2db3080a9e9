/* The writes of a WAL, gathered. SQLite hands a commit's frames over one by one, each as a header of 24 bytes
 * and a page: two calls of the kernel a page. What follows on one another is kept here and written with one
 * call for many pages: when the frame that ends a commit is whole, when there is much, and before anything
 * else is done with the file, above all before it is synced. Nobody reads a frame of a commit that has not
 * ended but the one who writes it. */
#ifndef LG_STORE_WAL_GATHER_H
#define LG_STORE_WAL_GATHER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum { LG_WAL_HEADER_LEN = 32, LG_FRAME_HEADER_LEN = 24 };

typedef struct lg_gather {
    uint8_t *bytes; /* NULL: nothing was ever gathered */
    int len;
    sqlite3_int64 at;   /* where in the file they belong */
    sqlite3_int64 end;  /* how far the file was written since it began anew */
    bool ends_a_commit; /* the page that comes next does */
} lg_gather;

/* As xWrite. What was gathered before and cannot be written is lost, which is an error of this write. */
int lg_gather_write(lg_gather *gather, sqlite3_file *file, const void *data, int len, sqlite3_int64 at);
/* Writes what was gathered. */
int lg_gather_flush(lg_gather *gather, sqlite3_file *file);
/* What was not written is of no commit. */
void lg_gather_close(lg_gather *gather);

#endif
