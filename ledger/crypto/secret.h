/* Randomness and secret memory (libsodium). */
#ifndef LG_CRYPTO_SECRET_H
#define LG_CRYPTO_SECRET_H

#include "ledger/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Starts libsodium. Before anything else of it; again, also at the same time, is fine. LG_INTERNAL if it
 * fails. */
lg_err lg_crypto_init(void) LG_MUST_CHECK;
/* No core dump shall hold the process's secrets: for programs, not for a library in somebody else's. */
lg_err lg_forbid_core_dumps(void) LG_MUST_CHECK;

/* Fills with random bytes from the system's generator. Buffered per thread, so small requests are cheap.
 * Thread-safe. */
void lg_random(void *out, size_t len);

/* Guarded memory for keys (sodium_malloc); ends the process if there is none. */
void *lg_secret_alloc(size_t len) __attribute__((returns_nonnull));
void lg_secret_seal(void *secret); /* makes it read-only */
void lg_secret_free(void *secret); /* wipes; NULL is fine */
void lg_wipe(void *data, size_t len);
bool lg_equal_secret(const void *a, const void *b, size_t len); /* constant time */

/* Secrets of up to 64 bytes as hexadecimal text in files of mode 0600; writing never replaces a file
 * (LG_ALREADY_EXISTS). */
lg_err lg_secret_file_write(const char *path, const void *secret, size_t len,
                            lg_report *report) LG_MUST_CHECK;
lg_err lg_secret_file_read(const char *path, void *secret, size_t len, lg_report *report) LG_MUST_CHECK;

#endif
