/* How values are spread: a count for each range, and the sum. For those who watch; any number of threads may
 * add, and one that reads meanwhile sees each count as it was at some moment. */
#ifndef LG_BASE_HISTOGRAM_H
#define LG_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { LG_HISTOGRAM_BOUNDS_MAX = 16 };

typedef struct lg_histogram {
    const int64_t *bounds; /* ascending; static */
    size_t bound_count;
    _Atomic int64_t
        counts[LG_HISTOGRAM_BOUNDS_MAX + 1]; /* of values up to bounds[i]; the last of those beyond */
    _Atomic int64_t sum;
} lg_histogram;

/* An lg_histogram of these bounds, an array. */
#define LG_HISTOGRAM_OF(bounds_)                                                                             \
    {                                                                                                        \
        .bounds = (bounds_), .bound_count = sizeof(bounds_) / sizeof *(bounds_)                              \
    }

static inline void lg_histogram_add(lg_histogram *histogram, int64_t value)
{
    size_t i = 0;
    while (i < histogram->bound_count && value > histogram->bounds[i])
        i++;
    atomic_fetch_add_explicit(&histogram->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}

#endif
