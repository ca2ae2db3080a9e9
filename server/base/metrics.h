/* Figures for those who watch, in Prometheus' text format (version 0.0.4). Names begin with tallystick_ and
 * end with their unit, which is seconds or bytes; counters end with _total. Labels hold our own words only:
 * routes, types, outcomes; never what a client chose. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "ledger/base/buf.h"
#include "ledger/base/histogram.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef _Atomic int64_t metrics_counter;

static inline void metrics_add(metrics_counter *counter, int64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}
static inline int64_t metrics_get(const metrics_counter *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Opens a family: all samples of this name follow. type: "counter", "gauge" or "histogram". */
void metrics_family(lg_buf *buf, const char *name, const char *type, const char *help);
/* labels: "type=\"x\",result=\"y\"", or NULL. */
void metrics_sample(lg_buf *buf, const char *name, const char *labels, int64_t value);
/* Microseconds, written as seconds. */
void metrics_sample_us(lg_buf *buf, const char *name, const char *labels, int64_t us);
/* per: how many of the histogram's units make one of what is written: 1, or 1000000 for microseconds as
 * seconds. */
void metrics_histogram(lg_buf *buf, const char *name, const char *labels, const lg_histogram *histogram,
                       int64_t per);
/* A family of one sample. */
void metrics_one(lg_buf *buf, const char *name, const char *type, const char *help, int64_t value);

/* CPU, memory, descriptors and start of this process, by the names that Prometheus' own clients use. */
void metrics_process(lg_buf *buf);

#endif
