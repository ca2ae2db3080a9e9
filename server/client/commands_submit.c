/* `submit`: one command per file, a line of the result table for each, and the reasons of those that were
 * refused. */
#include "server/client/bulk.h"
#include "server/client/describe.h"
#include "server/client/invoice_file.h"
#include "server/client/table.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { INVOICE_FILE_MAX = 16 << 20 }; /* bytes */

typedef struct submission_run {
    client *c;
    invoice_terms terms;
    const char **files;
    size_t file_count, file_cap;
    client_table table;
    json_t *problems; /* array of {"file","problem"} */
    json_t *results;  /* with --json */
    unsigned accepted, refused, failed;
} submission_run;

static void file_add(submission_run *run, const char *path)
{
    if (run->file_count == run->file_cap) {
        size_t cap = run->file_cap ? 2 * run->file_cap : 64;
        const char **files = lg_arena_array(run->c->arena, cap, sizeof *files);
        if (run->file_count)
            memcpy(files, run->files, run->file_count * sizeof *files);
        run->files = files;
        run->file_cap = cap;
    }
    run->files[run->file_count++] = path;
}

static int is_invoice_name(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot &&
           (strcasecmp(dot, ".json") == 0 || strcasecmp(dot, ".xml") == 0 || strcasecmp(dot, ".csv") == 0);
}

/* A folder stands for its invoice files, in the order of their names. */
static client_exit operand_add(submission_run *run, const char *path)
{
    struct stat st;
    struct dirent **names = NULL;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        file_add(run, path);
        return CLIENT_OK;
    }
    int count = scandir(path, &names, is_invoice_name, alphasort);
    if (count < 0)
        return client_fail(run->c, CLIENT_LOCAL, "Cannot read the folder %s.", path);
    for (int i = 0; i < count; i++) {
        file_add(run, lg_arena_printf(run->c->arena, "%s/%s", path, names[i]->d_name));
        free(names[i]);
    }
    free(names);
    return count
               ? CLIENT_OK
               : client_fail(run->c, CLIENT_LOCAL, "The folder %s holds no .json, .xml or .csv file.", path);
}

static void row_print(submission_run *run, const char *file, const char *format, const char *result,
                      const json_t *receivable, const char *detail)
{
    lg_arena *arena = run->c->arena;
    const char *amount = client_field(arena, receivable, "amount"),
               *currency = client_field(arena, receivable, "currency");
    client_table_row(&run->table);
    client_table_cell(&run->table, file, STYLE_PLAIN);
    client_table_cell(&run->table, format, STYLE_DIM);
    client_table_cell(&run->table, client_word(run->c, "state", result), client_style_of(result));
    client_table_cell(&run->table, client_field(arena, receivable, "invoice.number"), STYLE_PLAIN);
    client_table_cell(&run->table,
                      amount && currency ? lg_arena_printf(arena, "%s %s", amount, currency) : NULL,
                      STYLE_PLAIN);
    client_table_cell(&run->table, detail ? detail : client_field(arena, receivable, "id"), STYLE_PLAIN);
}

/* "registered", "confirmed", "held", or "held: being verified". */
static const char *result_of(lg_arena *arena, const json_t *receivable)
{
    const char *life = client_field(arena, receivable, "life");
    if (life && client_is_being_verified(arena, receivable))
        return lg_arena_printf(arena, "%s: being verified", life);
    return life ? life : "registered";
}

static const char *problem_sentence(lg_arena *arena, const json_t *problem)
{
    const char *detail = client_field(arena, problem, "detail");
    return detail ? detail : client_field(arena, problem, "title");
}

static void problem_keep(submission_run *run, const char *what, const json_t *problem)
{
    json_t *kept = json_object();
    json_object_set_new(kept, "file", json_string(what));
    json_object_set(kept, "problem", (json_t *)(uintptr_t)problem);
    json_array_append_new(run->problems, kept);
}

/* One line per row of a CSV file. */
static void csv_rows_print(submission_run *run, const char *file, const json_t *answer)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(answer, "results"), i, row)
    {
        const json_t *problem = json_object_get(row, "problem"),
                     *receivable = json_object_get(row, "receivable");
        const char *name = lg_arena_printf(run->c->arena, client_text(run->c, "%s, row %lld"), file,
                                           (long long)json_integer_value(json_object_get(row, "row")));
        const char *result = problem ? "refused" : result_of(run->c->arena, receivable);
        if (problem && !receivable)
            receivable = json_object_get(problem, "receivable");
        if (problem)
            problem_keep(run, name, problem);
        row_print(run, name, "csv", result, receivable,
                  problem ? problem_sentence(run->c->arena, problem) : NULL);
    }
    run->accepted += (unsigned)(json_integer_value(json_object_get(answer, "registered")) +
                                json_integer_value(json_object_get(answer, "held")));
    run->refused += (unsigned)json_integer_value(json_object_get(answer, "refused"));
}

static void accepted_print(submission_run *run, const char *file, invoice_format format, const json_t *answer)
{
    if (json_is_array(json_object_get(answer, "results"))) {
        csv_rows_print(run, file, answer);
        return;
    }
    const json_t *receivable = json_object_get(answer, "receivable");
    run->accepted++;
    row_print(run, file, client_invoice_format_name(format), result_of(run->c->arena, receivable), receivable,
              NULL);
}

static void result_as_json(submission_run *run, const char *file, invoice_format format, long status,
                           json_t *answer)
{
    client *c = run->c;
    json_t *result = json_object();
    json_object_set_new(result, "file", json_string(file));
    json_object_set_new(result, "format", json_string(client_invoice_format_name(format)));
    json_object_set_new(result, "status", json_integer(status));
    if (answer)
        json_object_set(result, "answer", answer);
    else
        json_object_set_new(result, "error", json_string(c->message ? c->message : client_text(c, "failed")));
    json_array_append_new(run->results, result);
}

/* CLIENT_OK also when this file failed and the next ones may go on. */
static client_exit file_submit(submission_run *run, lg_arena *arena, const char *file)
{
    client *c = run->c;
    client_answer answer = {0};
    client_act act;
    lg_bytes content;
    invoice_format format = INVOICE_UNKNOWN;
    client_exit code = client_file_read(c, arena, file, INVOICE_FILE_MAX, &content);
    if (code == CLIENT_OK) {
        format = client_invoice_detect(content);
        code = client_invoice_act(c, arena, content, format, &run->terms, &act);
    }
    if (code == CLIENT_OK)
        code = client_act_send(c, arena, &act, &answer);
    if (code == CLIENT_OK && run->file_count == 1)
        code = client_receipt_keep(c, json_object_get(answer.body, "receipt"));
    if (run->results)
        result_as_json(run, file, format, answer.status, answer.body ? answer.body : c->problem);
    if (code == CLIENT_OK) {
        accepted_print(run, file, format, answer.body);
    } else if (code == CLIENT_REFUSED) {
        run->refused++;
        problem_keep(run, file, c->problem);
        row_print(run, file, client_invoice_format_name(format), "refused",
                  json_object_get(c->problem, "receivable"), problem_sentence(c->arena, c->problem));
    } else if (code == CLIENT_LOCAL && run->file_count > 1) {
        run->failed++;
        row_print(run, file, client_invoice_format_name(format), "failed", NULL, c->message);
    }
    client_answer_clear(&answer);
    bool goes_on =
        code == CLIENT_OK || (run->file_count > 1 && (code == CLIENT_REFUSED || code == CLIENT_LOCAL));
    if (goes_on) {
        json_decref(c->problem);
        c->problem = NULL;
        c->message = NULL;
    }
    return goes_on ? CLIENT_OK : code;
}

static void report_print(submission_run *run)
{
    client *c = run->c;
    size_t i;
    json_t *kept;
    if (run->table.first)
        client_table_print(&run->table, c->colour, "");
    json_array_foreach(run->problems, i, kept)
    {
        if (json_array_size(json_object_get(json_object_get(kept, "problem"), "errors")) < 2)
            continue; /* the table has said it */
        client_say(c, STYLE_BOLD, "%s", json_string_value(json_object_get(kept, "file")));
        client_print_problem(c, stdout, json_object_get(kept, "problem"), "  ");
    }
    if (run->accepted + run->refused + run->failed > 1)
        client_say(c, STYLE_BOLD, "%u accepted, %u refused, %u failed", run->accepted, run->refused,
                   run->failed);
}

static client_exit files_submit(submission_run *run)
{
    client_exit code = CLIENT_OK;
    client_progress progress = client_progress_start(run->c);
    for (size_t i = 0; i < run->file_count && code == CLIENT_OK; i++) {
        lg_arena *arena = lg_arena_open();
        if (run->file_count > 1)
            client_progress_show(&progress, LG_TEXT("submitted"), (int64_t)i, (int64_t)run->file_count);
        code = file_submit(run, arena, run->files[i]);
        lg_arena_close(arena);
    }
    client_progress_end(&progress);
    return code;
}

/* Also when the run was cut short: then the last result says why. */
static void results_print(submission_run *run)
{
    json_t *value = json_pack("{s:O}", "results", run->results);
    client_print_json(value);
    json_decref(value);
    run->c->quiet = true;
}

client_exit command_submit(client *c)
{
    const char *const titles[] = {client_text(c, "FILE"),    client_text(c, "FORMAT"),
                                  client_text(c, "RESULT"),  client_text(c, "INVOICE"),
                                  client_text(c, ">AMOUNT"), client_text(c, "RECEIVABLE OR REASON")};
    json_t *documents = NULL;
    submission_run run = {.c = c, .problems = json_array(), .table = client_table_start(c->arena, titles, 6)};
    client_exit code = client_invoice_terms(c, &run.terms, &documents);
    for (int i = 0; i < c->args.operand_count && code == CLIENT_OK; i++)
        code = operand_add(&run, c->args.operands[i]);
    if (code == CLIENT_OK && bulk_is_meant(c, run.file_count)) {
        code = bulk_run(c, &run.terms, run.files, run.file_count);
        json_decref(documents);
        json_decref(run.problems);
        return code;
    }
    run.results = c->json ? json_array() : NULL;
    if (code == CLIENT_OK)
        code = files_submit(&run);
    bool one = run.file_count == 1;
    if (c->json && one && code == CLIENT_OK)
        client_print_json(json_object_get(json_array_get(run.results, 0), "answer"));
    else if (c->json && !one && json_array_size(run.results))
        results_print(&run);
    else if (!c->json && (!one || code == CLIENT_OK))
        report_print(&run);
    if (code == CLIENT_OK && (run.refused || run.failed)) {
        c->quiet = true; /* the table has said why */
        code = run.refused ? CLIENT_REFUSED : CLIENT_LOCAL;
    }
    json_decref(documents);
    json_decref(run.problems);
    json_decref(run.results);
    return code;
}
