#include "server/uploads/source.h"

#include <string.h>

static const struct {
    const char *media_type;
    upload_source *(*open)(pipe_t *pipe);
} kinds[] = {
    {"text/csv", source_open_csv},
    {"application/x-ndjson", source_open_lines},
    {"application/x-tar", source_open_archive},
    {"application/gzip", source_open_archive},
    {"application/zip", source_open_archive},
};

upload_source *source_open(const char *media_type, pipe_t *pipe)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(media_type, kinds[i].media_type) == 0)
            return kinds[i].open(pipe);
    return NULL;
}
