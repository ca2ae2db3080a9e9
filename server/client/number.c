#include "server/client/client.h"

bool client_number_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
    int64_t number = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *text - '0', &number))
            return false;
    }
    if (number < min || number > max)
        return false;
    *out = number;
    return true;
}
