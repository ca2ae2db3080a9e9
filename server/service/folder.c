#include "server/service/folder.h"

#include "ledger/base/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

lg_err service_read_origin(const char *dir, lg_arena *arena, const char **origin, const char **vkey,
                           lg_report *report)
{
    char lines[2][1024];
    const char *path = lg_arena_printf(arena, "%s/origin", dir);
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? lg_fail(report, LG_NOT_FOUND,
                                         "%s is not a registry (make one with `tallystick init`).", dir)
                               : lg_file_fail(report, errno, "open", path);
    bool whole = fgets(lines[0], sizeof lines[0], file) && fgets(lines[1], sizeof lines[1], file);
    fclose(file);
    for (int i = 0; i < 2 && whole; i++) {
        char *end = strchr(lines[i], '\n');
        whole = end != NULL;
        if (end)
            *end = '\0';
    }
    if (!whole)
        return lg_fail(report, LG_CORRUPT, "%s must hold two lines: the origin and the verifier key.", path);
    *origin = lg_arena_strdup(arena, lines[0]);
    *vkey = lg_arena_strdup(arena, lines[1]);
    return LG_OK;
}
