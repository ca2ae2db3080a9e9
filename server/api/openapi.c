/* schema/openapi.json inside the program, byte for byte. The path is relative to the directory make runs in.
 */
#include "server/api/serve.h"

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

lg_bytes api_openapi(void)
{
    return lg_bytes_of(openapi_start, (size_t)(openapi_end - openapi_start));
}
