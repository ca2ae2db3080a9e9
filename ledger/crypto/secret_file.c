#include "ledger/base/file.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"

#include <string.h>

enum { SECRET_MAX = 64 };

lg_err lg_secret_file_write(const char *path, const void *secret, size_t len, lg_report *report)
{
    if (len > SECRET_MAX)
        return LG_INTERNAL;
    char *text = lg_secret_alloc(2 * SECRET_MAX + 2);
    lg_hex_write(text, secret, len);
    text[2 * len] = '\n';
    lg_err err = lg_file_create(path, lg_bytes_of(text, 2 * len + 1), 0600, report);
    lg_secret_free(text);
    return err;
}

lg_err lg_secret_file_read(const char *path, void *secret, size_t len, lg_report *report)
{
    size_t text_len;
    uint8_t *text = lg_secret_alloc(2 * SECRET_MAX + 3);
    lg_err err = lg_file_read_private(path, text, 2 * SECRET_MAX + 3, &text_len, report);
    if (!err && (text_len != 2 * len + 1 || text[2 * len] != '\n' ||
                 !lg_hex_decode(lg_bytes_of(text, 2 * len), secret, len)))
        err = lg_fail(report, LG_CORRUPT, "%s does not hold %zu bytes in hexadecimal and a line feed.", path,
                      len);
    lg_secret_free(text);
    return err;
}
