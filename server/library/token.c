/* Bearer tokens, and the digests of documents. */
#include "server/library/internal.h"

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_RANDOM_LEN = 32, DAYS_MOST = 36500 };

void tallystick_sha256(const void *data, size_t len, char hex[65])
{
    lg_hash hash = lg_sha256(lg_bytes_of(data, len));
    lg_hex_write(hex, hash.b, sizeof hash.b);
}

/* The words of a list "read,finance" as a JSON array. */
static void scopes_write(lg_buf *json, const char *scopes)
{
    lg_json_list(json);
    while (*scopes) {
        size_t len = strcspn(scopes, ",");
        lg_json_strn(json, scopes, len);
        scopes += len + (scopes[len] == ',');
    }
    lg_json_end(json);
}

tallystick_code tallystick_token_create(tallystick *t, const char *participant_id, const char *scopes,
                                        unsigned days, char token[47])
{
    uint8_t random[TOKEN_RANDOM_LEN];
    char text[47] = "ts_", hash[65];
    lg_buf json = {0};
    tallystick_answer *answer;
    token[0] = '\0';
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK && (!participant_id || !scopes || days < 1 || days > DAYS_MOST))
        code = client_fail(&t->c, CLIENT_USAGE, "A token needs a participant, scopes, and 1 to %d days.",
                           DAYS_MOST);
    if (code == CLIENT_OK && !t->c.config.key)
        code = client_fail(&t->c, CLIENT_USAGE, "A token is made with a key file.");
    if (code != CLIENT_OK)
        return (tallystick_code)code;
    lg_random(random, sizeof random);
    lg_base64url_write(text + 3, random, sizeof random);
    tallystick_sha256(text, strlen(text), hash);
    lg_time_text until = lg_time_format(lg_now() + (lg_time)days * 86400 * LG_TIME_PER_SECOND);
    lg_json_open(&json);
    lg_json_key(&json, "participant");
    lg_json_str(&json, participant_id);
    lg_json_key(&json, "token_sha256");
    lg_json_str(&json, hash);
    lg_json_key(&json, "scopes");
    scopes_write(&json, scopes);
    lg_json_key(&json, "expires_at");
    lg_json_str(&json, until.s);
    lg_json_close(&json);
    code = (client_exit)tallystick_act(t, "/v1/tokens", json.data, json.len, NULL, &answer);
    if (code == CLIENT_OK)
        memcpy(token, text, sizeof text);
    tallystick_answer_close(answer);
    lg_buf_clear(&json);
    lg_wipe(random, sizeof random);
    lg_wipe(text, sizeof text);
    return (tallystick_code)code;
}
