/* The pages that SQLite keeps in memory (sqlite.org/c3ref/pcache_methods2.html), kept so that finding one
 * costs few visits to memory. SQLite's own cache finds a page through a list in its bucket, and takes it out
 * of a list of all pages by age and puts it back at each use: half a dozen places, each behind a page table
 * entry of its own, which with a cache of 256 MiB the processor knows none of. And at the end of each
 * transaction it looked through all pages for those behind the end of the database, since pages that trade
 * places while a tree is balanced pass through the number of the lock page, 262,145, and it then believes
 * that it holds that page: a seventh of what registering an invoice cost.
 *
 * Here memory comes in chunks, of 2 MiB in a large cache, which the kernel is asked to map as one page each;
 * a page's place is one look into a table of pointers, what is told of it lies with that of its neighbours,
 * and its age is a count of a few bits (the clock algorithm: Corbató, A Paging Experiment with the Multics
 * System, 1968; that inner pages of trees last longer than leaves: Effelsberg and Haerder, Principles of
 * Database Buffer Management, 1984). A cache grows up to what `PRAGMA cache_size` says, and gives its memory
 * back when its database is closed. */
#ifndef LG_STORE_PAGE_CACHE_H
#define LG_STORE_PAGE_CACHE_H

/* Caches take hours to fill, and until then memory grows: `make soak` looks for growth with smaller ones. */
#ifndef LG_CACHE_DIVISOR
#define LG_CACHE_DIVISOR 1
#endif

/* For every database of this process. Once, before SQLite is used for anything. */
void lg_page_cache_install(void);

#endif
