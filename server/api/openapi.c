/* schema/openapi.json inside the program, byte for byte, and in Chinese for those who ask. The path is
 * relative to the directory make runs in.
 */
#include "server/api/serve.h"

#include <pthread.h>

__asm__(".pushsection .rodata\n"
        ".hidden openapi_start\n"
        ".hidden openapi_end\n"
        ".global openapi_start\n"
        ".global openapi_end\n"
        "openapi_start:\n"
        ".incbin \"schema/openapi.json\"\n"
        "openapi_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const uint8_t openapi_start[], openapi_end[];

static lg_bytes english(void)
{
    return lg_bytes_of(openapi_start, (size_t)(openapi_end - openapi_start));
}

/* Made for the first who asks, kept for all. */
static lg_buf chinese;

static void translate(void)
{
    language_describe(english(), &chinese);
}

lg_bytes api_openapi(language in)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (in == LANGUAGE_ENGLISH)
        return english();
    pthread_once(&once, translate);
    return lg_buf_bytes(&chinese);
}
