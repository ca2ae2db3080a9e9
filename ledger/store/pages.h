/* Pages that say what they must be. SQLite believes whatever a disk gives it; here every page of a ledger
 * carries a sum of its content and its number in its last eight bytes, and every read of a page is held
 * against it: a bit that flipped on the disk or on the way, a page that belongs elsewhere or ends too early
 * is LG_CORRUPT, never an answer and never the ground of one. What is read back from the WAL is held against
 * what this process wrote there or, opening it, found whole. */
#ifndef LG_STORE_PAGES_H
#define LG_STORE_PAGES_H

struct sqlite3;

/* From here on every database of this process is read and written so. Once, before the first is opened. */
void lg_pages_install(void);
/* A new database is to have sums: before anything is written into it. */
void lg_pages_ask(struct sqlite3 *handle);
/* This connection takes pages as they are: who looks for what is wrong must be able to see it. */
void lg_pages_trust(struct sqlite3 *handle);

#endif
