/* server.json, as an operator may write it. */
#include "server/service/config.h"
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int file = -1;
    static char path[64];
    lg_report report;
    server_config *config = NULL;
    lg_report_init(&report, fuzz_arena());
    if (file < 0) {
        file = memfd_create("server.json", 0);
        FUZZ_HOLDS(file >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    FUZZ_HOLDS(ftruncate(file, 0) == 0 && pwrite(file, data, len, 0) == (ssize_t)len);
    const server_options options = {.config_file = path};
    lg_err err = config_load("/nowhere", &options, &config, &report);
    if (err) {
        fuzz_refusal_is_sound(&report, err);
        return 0;
    }
    FUZZ_HOLDS(config->connections_max >= 1 && config->connections_max <= 16384);
    FUZZ_HOLDS(config->listen.count >= 1 && config->listen.count <= 16);
    (void)config_log_level(config);
    config_close(config);
    return 0;
}
