/* TLS: the certificate and its key, and what is said to a client that does not speak it. The rest is MHD's
 * and GnuTLS's. */
#include "server/http/internal.h"

#include "ledger/base/calendar.h"
#include "ledger/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* TLS 1.3 and 1.2, forward secrecy and authenticated encryption only, the server's order. */
const char tls_priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-GCM:"
    "+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:"
    "%SERVER_PRECEDENCE";

enum { PEM_MAX = 256 * 1024, CHAIN_MAX = 16, KEY_ID_MAX = 64 };

struct tls_certificate {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned chain_len;
    gnutls_privkey_t key;
    int64_t expires_s; /* UNIX time */
};

/* GnuTLS ends its sentences with a full stop, strerror does not. */
static lg_err fail_file(lg_report *report, const char *path, const char *why)
{
    size_t len = strlen(why);
    len -= len && why[len - 1] == '.';
    return lg_fail(report, LG_INVALID_FIELDS, "%s: %.*s.", path, (int)len, why);
}

/* The whole file; *out is for gnutls_free. */
static lg_err read_pem(const char *path, bool secret, gnutls_datum_t *out, lg_report *report)
{
    struct stat info;
    *out = (gnutls_datum_t){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fail_file(report, path, strerror(errno));
    lg_err err = LG_OK;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        err = fail_file(report, path, "this is not a file");
    else if (secret && info.st_mode & (S_IWGRP | S_IRWXO))
        err = lg_fail(report, LG_INVALID_FIELDS,
                      "%s: the key must not be open to others than its owner and, for reading, its group.",
                      path);
    else if (info.st_size > PEM_MAX)
        err = fail_file(report, path, "this is too long for a certificate or key");
    ssize_t got = 0;
    if (!err) {
        size_t size = (size_t)info.st_size;
        out->data = gnutls_malloc(size + 1);
        if (!out->data)
            lg_die("out of memory for a certificate");
        while (out->size < size && (got = read(fd, out->data + out->size, size - out->size)) > 0)
            out->size += (unsigned)got;
        if (got < 0)
            err = fail_file(report, path, strerror(errno));
    }
    close(fd);
    return err;
}

static void drop_pem(gnutls_datum_t *pem)
{
    if (pem->data)
        gnutls_memset(pem->data, 0, pem->size);
    gnutls_free(pem->data);
}

/* Both have the same public key, and the certificate's time has not passed. */
static lg_err check_pair(gnutls_x509_crt_t own, gnutls_x509_privkey_t key, const char *certificate_path,
                         const char *key_path, lg_report *report)
{
    uint8_t ids[2][KEY_ID_MAX];
    size_t lens[2] = {KEY_ID_MAX, KEY_ID_MAX};
    if (gnutls_x509_crt_get_key_id(own, GNUTLS_KEYID_USE_SHA256, ids[0], &lens[0]) < 0 ||
        gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, ids[1], &lens[1]) < 0 ||
        lens[0] != lens[1] || memcmp(ids[0], ids[1], lens[0]) != 0)
        return lg_fail(report, LG_INVALID_FIELDS, "%s is not the key of the first certificate in %s.",
                       key_path, certificate_path);
    if (gnutls_x509_crt_get_expiration_time(own) <= lg_now() / 1000000)
        return lg_fail(report, LG_INVALID_FIELDS, "%s: the certificate has expired.", certificate_path);
    return LG_OK;
}

static lg_err take_chain(tls_certificate *made, const char *path, gnutls_x509_crt_t *list, unsigned count,
                         lg_report *report)
{
    made->chain_len = count;
    int code = gnutls_pcert_import_x509_list(made->chain, list, &made->chain_len, GNUTLS_X509_CRT_LIST_SORT);
    if (code < 0) {
        made->chain_len = 0;
        return fail_file(report, path, gnutls_strerror(code));
    }
    return LG_OK;
}

static lg_err take_key(tls_certificate *made, const char *path, gnutls_x509_privkey_t key, lg_report *report)
{
    int code = gnutls_privkey_init(&made->key);
    if (code == 0)
        code = gnutls_privkey_import_x509(made->key, key, GNUTLS_PRIVKEY_IMPORT_COPY);
    return code < 0 ? fail_file(report, path, gnutls_strerror(code)) : LG_OK;
}

lg_err tls_load(const char *certificate_path, const char *key_path, tls_certificate **out, lg_report *report)
{
    gnutls_datum_t certificate_pem, key_pem = {0};
    gnutls_x509_crt_t *list = NULL;
    gnutls_x509_privkey_t key = NULL;
    unsigned count = 0;
    int code = 0;
    tls_certificate *made = calloc(1, sizeof *made);
    if (!made || gnutls_x509_privkey_init(&key) < 0)
        lg_die("out of memory for a certificate");
    lg_err err = read_pem(certificate_path, false, &certificate_pem, report);
    if (!err)
        err = read_pem(key_path, true, &key_pem, report);
    if (!err &&
        (code = gnutls_x509_crt_list_import2(&list, &count, &certificate_pem, GNUTLS_X509_FMT_PEM, 0)) < 0)
        err = fail_file(report, certificate_path, gnutls_strerror(code));
    if (!err && count > CHAIN_MAX)
        err = fail_file(report, certificate_path, "there are too many certificates");
    if (!err && (code = gnutls_x509_privkey_import2(key, &key_pem, GNUTLS_X509_FMT_PEM, NULL, 0)) < 0)
        err = fail_file(report, key_path, gnutls_strerror(code));
    if (!err)
        err = check_pair(list[0], key, certificate_path, key_path, report);
    if (!err) {
        made->expires_s = gnutls_x509_crt_get_expiration_time(list[0]);
        err = take_chain(made, certificate_path, list, count, report);
    }
    if (!err)
        err = take_key(made, key_path, key, report);
    for (unsigned i = 0; i < count && list; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    gnutls_x509_privkey_deinit(key);
    drop_pem(&certificate_pem);
    drop_pem(&key_pem);
    if (err)
        tls_free(made);
    else
        *out = made;
    return err;
}

void tls_free(tls_certificate *certificate)
{
    if (!certificate)
        return;
    for (unsigned i = 0; i < certificate->chain_len; i++)
        gnutls_pcert_deinit(&certificate->chain[i]);
    if (certificate->key)
        gnutls_privkey_deinit(certificate->key);
    free(certificate);
}

int64_t tls_expires_s(const tls_certificate *certificate)
{
    return certificate ? certificate->expires_s : 0;
}

/* ---- connections ---- */

int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                 const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                 unsigned *chain_len, gnutls_privkey_t *key)
{
    (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    struct MHD_Connection *mhd = gnutls_session_get_ptr(session); /* MHD's doing */
    const http_connection *connection =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    tls_certificate *certificate = connection->profile->certificate;
    if (!certificate)
        return -1;
    /* GnuTLS looks at them during the handshake; the connection's profile keeps them longer. */
    *chain = certificate->chain;
    *chain_len = certificate->chain_len;
    *key = certificate->key;
    return 0;
}

static void answer_plain(int fd)
{
    static const char body[] =
        "{\"type\":\"urn:tallystick:problem:bad-request\",\"title\":\"The request cannot be "
        "understood\",\"status\":400,\"detail\":\"This port speaks https.\"}";
    char text[512], rest[4096];
    int len =
        snprintf(text, sizeof text,
                 "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
                 "Cache-Control: no-store\r\nContent-Length: %zu\r\n\r\n%s",
                 sizeof body - 1, body);
    /* What is left unread would reset the connection, and the answer with it. */
    for (int i = 0; i < 64 && recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
        ;
    if (len > 0 && (size_t)len < sizeof text)
        (void)!send(fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL); /* best effort */
    shutdown(fd, SHUT_WR);
}

/* GnuTLS reads through this. A TLS record begins with its type, 22 for a handshake, an HTTP request with a
 * capital letter. */
static ssize_t pull(gnutls_transport_ptr_t context, void *data, size_t len)
{
    http_connection *connection = context;
    ssize_t got = recv(connection->fd, data, len, 0);
    if (got <= 0 || connection->tls_begun)
        return got;
    connection->tls_begun = true;
    const char first = *(const char *)data;
    if (first < 'A' || first > 'Z')
        return got;
    answer_plain(connection->fd);
    return 0; /* the end of the stream */
}

void tls_begin(http_connection *connection, gnutls_session_t session)
{
    gnutls_transport_set_ptr2(session, connection, (gnutls_transport_ptr_t)(intptr_t)connection->fd);
    gnutls_transport_set_pull_function(session, pull);
}
