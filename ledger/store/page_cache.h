/* SQLite's own page cache, spared a walk. At the end of every transaction SQLite has the cache drop the pages
 * behind the end of the database. Its cache (pcache1.c) knows the highest page it ever held; but pages that
 * trade places while a tree is balanced pass through the number of the lock page, 262,145, and from then on
 * every commit looked through the whole cache for pages that are not there: a seventh of what registering an
 * invoice cost. Here the highest page is known without those passages, and the walk is made only where it can
 * find something. (sqlite.org/c3ref/pcache_methods2.html) */
#ifndef LG_STORE_PAGE_CACHE_H
#define LG_STORE_PAGE_CACHE_H

/* For every database of this process. Once, before SQLite is used for anything. */
void lg_page_cache_install(void);

#endif
