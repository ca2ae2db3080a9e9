/* What the example does not do with libtallystick, told in lines that test_library.py reads.
 *
 *     library_calls URL VKEY KEY-FILE STATE-FOLDER TOKEN CUSTODY-TOKEN INVOICE CUSTODY-INVOICE */
#include <tallystick.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *url, *vkey, *key_file;

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                          \
            exit(99);                                                                                        \
        }                                                                                                    \
    } while (0)

static tallystick *opened(const char *key, const char *state, const char *token)
{
    tallystick *t;
    MUST(tallystick_open(url, vkey, &t) == TALLYSTICK_OK);
    MUST(!key || tallystick_use_key_file(t, key) == TALLYSTICK_OK);
    MUST(!state || tallystick_use_state(t, state) == TALLYSTICK_OK);
    MUST(tallystick_use_token(t, token) == TALLYSTICK_OK);
    MUST(strcmp(tallystick_message(t), "") == 0);
    return t;
}

static void two_steps(const char *invoice)
{
    tallystick *t = opened(key_file, NULL, NULL);
    tallystick_answer *first, *second, *checked;
    char *command;
    MUST(tallystick_sign(t, "/v1/receivables", invoice, strlen(invoice), NULL, &command) == TALLYSTICK_OK);
    MUST(tallystick_send(t, "/v1/receivables", command, &first) == TALLYSTICK_OK);
    MUST(tallystick_send(t, "/v1/receivables", command, &second) == TALLYSTICK_OK);
    MUST(tallystick_answer_status(first) == 201 && tallystick_answer_receipt_count(first) == 1);
    const tallystick_receipt *receipt = tallystick_answer_receipt(first, 0);
    MUST(tallystick_receipt_seq(receipt) == tallystick_receipt_seq(tallystick_answer_receipt(second, 0)));
    MUST(strcmp(tallystick_answer_value(first, "/receivable/id"),
                tallystick_fact(receipt, "receivable_id")) == 0);
    MUST(strcmp(tallystick_answer_value(first, "/receivable/review/checks/0/outcome"), "pass") == 0);
    MUST(!tallystick_answer_value(first, "/receivable/claim") && !tallystick_answer_value(first, "/no/such"));
    MUST(!tallystick_answer_value(first, "receivable") && *tallystick_answer_value(first, "") == '{');
    MUST(strtoll(tallystick_answer_value(first, "/receipt/seq"), NULL, 10) ==
         tallystick_receipt_seq(receipt));
    MUST(!tallystick_answer_receipt(first, 1) && !tallystick_fact(receipt, "no such"));
    size_t facts = 0;
    while (tallystick_fact_name(receipt, facts))
        MUST(tallystick_fact(receipt, tallystick_fact_name(receipt, facts++)));
    MUST(facts > 10);

    const char *text = tallystick_receipt_text(receipt);
    MUST(tallystick_receipt_check(t, text, strlen(text), &checked) == TALLYSTICK_OK);
    MUST(strcmp(tallystick_receipt_type(tallystick_answer_receipt(checked, 0)), "receivable.registered") ==
         0);
    tallystick_answer_close(checked);
    char *bent = strdup(text), *place = strstr(bent, "registered");
    MUST(place);
    *place = 'R';
    MUST(tallystick_receipt_check(t, bent, strlen(bent), &checked) == TALLYSTICK_UNVERIFIED && !checked);
    MUST(tallystick_receipt_check(t, "{", 1, &checked) == TALLYSTICK_UNVERIFIED && *tallystick_message(t));
    MUST(tallystick_receipt_check(t, "[]", 2, &checked) == TALLYSTICK_UNVERIFIED);
    MUST(tallystick_receipt_check(t, NULL, 0, &checked) == TALLYSTICK_UNVERIFIED);
    free(bent);
    tallystick_free(command);
    tallystick_answer_close(second);
    printf("signed %s\n", tallystick_answer_value(first, "/receivable/id"));
    tallystick_answer_close(first);
    tallystick_close(t);
}

static void by_token(const char *token, const char *state, const char *invoice)
{
    tallystick *t = opened(NULL, state, token);
    tallystick_answer *answer;
    MUST(tallystick_act(t, "/v1/receivables", invoice, strlen(invoice), NULL, &answer) == TALLYSTICK_OK);
    printf("custody %s\n", tallystick_fact(tallystick_answer_receipt(answer, 0), "custody"));
    tallystick_answer_close(answer);
    MUST(tallystick_act(t, "/v1/receivables", invoice, strlen(invoice), NULL, &answer) ==
             TALLYSTICK_REFUSED &&
         !answer);
    printf("refused %s %s %s\n", tallystick_problem(t), tallystick_fault_at(t, 0).code,
           tallystick_fault_at(t, 0).pointer);
    MUST(strstr(tallystick_problem_text(t), "\"receipt\"") && !*tallystick_fault_at(t, 9).code);
    MUST(tallystick_get(t, "/v1/me", &answer) == TALLYSTICK_OK);
    MUST(tallystick_fault_count(t) == 0 && !*tallystick_problem(t) && !*tallystick_problem_text(t));
    tallystick_answer_close(answer);
    tallystick_close(t);
}

static void wrong_calls(const char *state)
{
    tallystick *t, *other;
    tallystick_answer *answer;
    char public[44], *command;
    MUST(tallystick_open("ftp://example.com", vkey, &t) == TALLYSTICK_USAGE && *tallystick_message(t));
    MUST(tallystick_get(t, "/healthz", &answer) == TALLYSTICK_USAGE && !answer);
    tallystick_close(t);
    MUST(tallystick_open(NULL, NULL, &t) == TALLYSTICK_USAGE);
    tallystick_close(t);
    tallystick_close(NULL);
    tallystick_answer_close(NULL);
    t = opened(NULL, state, NULL);
    MUST(tallystick_act(t, "/v1/receivables", "{}", 2, NULL, &answer) == TALLYSTICK_USAGE);
    MUST(tallystick_sign(t, "/v1/receivables", "{}", 2, NULL, &command) == TALLYSTICK_USAGE && !command);
    MUST(tallystick_get(t, "healthz", &answer) == TALLYSTICK_USAGE);
    MUST(tallystick_use_key_file(t, "/no/such/file") == TALLYSTICK_LOCAL && *tallystick_message(t));
    MUST(tallystick_use_token(t, "two\r\nlines") == TALLYSTICK_USAGE);
    MUST(tallystick_use_state(t, "/no/such/folder") == TALLYSTICK_LOCAL);
    MUST(tallystick_key_create(t, key_file, public) == TALLYSTICK_LOCAL && !*public);
    MUST(tallystick_open(url, vkey, &other) == TALLYSTICK_OK);
    MUST(tallystick_use_state(other, state) == TALLYSTICK_LOCAL &&
         strstr(tallystick_message(other), "in use"));
    tallystick_close(t);
    MUST(tallystick_use_state(other, state) == TALLYSTICK_OK);
    tallystick_close(other);
    MUST(*tallystick_message(NULL) && !*tallystick_problem(NULL));
}

static void *reads(void *token)
{
    tallystick *t = opened(key_file, NULL, token);
    for (int i = 0; i < 20; i++) {
        tallystick_answer *answer;
        MUST(tallystick_entry(t, i, &answer) == TALLYSTICK_OK);
        MUST(tallystick_receipt_seq(tallystick_answer_receipt(answer, 0)) == i);
        tallystick_answer_close(answer);
        MUST(tallystick_get(t, "/healthz", &answer) == TALLYSTICK_OK);
        tallystick_answer_close(answer);
    }
    tallystick_checkpoint checkpoint, again;
    MUST(tallystick_verify_entries(t, &checkpoint) == TALLYSTICK_OK && checkpoint.seen_size == -1);
    MUST(tallystick_verify(t, &again) == TALLYSTICK_OK && again.seen_size == checkpoint.size);
    MUST(strcmp(again.root, checkpoint.root) == 0);
    tallystick_close(t);
    return NULL;
}

int main(int argc, char **argv)
{
    MUST(argc == 9);
    url = argv[1], vkey = argv[2], key_file = argv[3];
    two_steps(argv[7]);
    by_token(argv[6], argv[4], argv[8]);
    wrong_calls(argv[4]);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        MUST(pthread_create(&threads[i], NULL, reads, argv[5]) == 0);
    for (size_t i = 0; i < 4; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
    puts("all");
    return 0;
}
