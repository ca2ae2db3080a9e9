#include "ledger/base/uuid.h"

#include "ledger/base/calendar.h"
#include "ledger/crypto/secret.h"

#include <pthread.h>
#include <string.h>

lg_uuid lg_uuid_new(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t last; /* milliseconds << 12 | counter: RFC 9562 section 6.2, method 1 */
    lg_uuid id;
    lg_random(id.b, sizeof id.b);
    pthread_mutex_lock(&lock);
    uint64_t now = (uint64_t)(lg_now() / 1000) << 12;
    last = now > last ? now : last + 1;
    uint64_t stamp = last;
    pthread_mutex_unlock(&lock);
    uint64_t ms = stamp >> 12;
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | ((stamp >> 8) & 0x0f));
    id.b[7] = (uint8_t)stamp;
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

lg_uuid_text lg_uuid_format(lg_uuid id)
{
    static const char hex[] = "0123456789abcdef";
    lg_uuid_text out;
    char *p = out.s;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[id.b[i] >> 4];
        *p++ = hex[id.b[i] & 15];
    }
    *p = '\0';
    return out;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool lg_uuid_parse(const char *text, lg_uuid *out)
{
    if (strlen(text) != 36)
        return false;
    lg_uuid id;
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        int high = nibble(text[0]), low = nibble(text[1]);
        if (high < 0 || low < 0)
            return false;
        id.b[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    *out = id;
    return true;
}

bool lg_uuid_equal(lg_uuid a, lg_uuid b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

bool lg_uuid_is_nil(lg_uuid id)
{
    static const lg_uuid nil;
    return lg_uuid_equal(id, nil);
}
