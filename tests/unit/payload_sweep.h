/* Of every command of a story, each member of its payload is made something else, or left out, or another one
 * added: it is taken as it stands, or refused with a fault at that very member; nothing else. Included behind
 * a story. */
#ifndef PAYLOAD_SWEEP_H
#define PAYLOAD_SWEEP_H

static size_t payloads_refused, payloads_taken;

/* What a client may put in any place. */
static const char *const instead[] = {
    "null",
    "true",
    "false",
    "7",
    "0",
    "-1",
    "1.5",
    "9007199254740993",
    "\"\"",
    "\"x\"",
    "\" x\"",
    "\"a\\nb\"",
    "\"0\"",
    "\"-1.00\"",
    "\"1\"",
    "\"1.00\"",
    "\"CNY\"",
    "\"XXX\"",
    "\"2026-02-30\"",
    "\"2026-12-31\"",
    "\"2999-01-01T00:00:00Z\"",
    "\"00000000-0000-7000-8000-000000000001\"",
    "[]",
    "[7]",
    "[\"x\"]",
    "[\"x\",\"x\"]",
    "[null]",
    "{}",
    "{\"x\":7}",
    "{\"CNY\":\"1.00\"}",
    "{\"CNY\":7}",
    "{\"XXX\":\"1.00\"}",
    "{\"CNY\":\"1\"}",
    "[\"00000000-0000-7000-8000-000000000001\",\"00000000-0000-7000-8000-000000000001\"]",
    "[{}]",
    "[{\"amount\":\"1.00\"},{\"amount\":\"1.00\"}]",
};

/* Members that contradict another one, at which it is told. */
static const char *const told_beside[][2] = {
    {"/policy/tenor_max_days", "/policy/tenor_warn_days"},
    {"/custody", "/public_key"},
    {"/rating", "/agency"},
};

static bool is_told_beside(const char *member, const char *pointer)
{
    for (size_t i = 0; i < sizeof told_beside / sizeof *told_beside; i++)
        if (strcmp(told_beside[i][0], member) == 0 && strcmp(told_beside[i][1], pointer) == 0)
            return true;
    return false;
}

static void try_payload(const lg_command *like, const json_t *payload, const char *member)
{
    lg_command command = {.type = like->type, .subject = like->subject, .kid = like->kid};
    lg_report report;
    lg_report_init(&report, r->arena);
    lg_err err = lg_command_decode(payload, &command, &report);
    char *text = json_dumps(payload, JSON_COMPACT);
    if (err != LG_OK && err != LG_INVALID_FIELDS)
        fail_msg("%s: %s", text, lg_err_slug(err));
    bool named = err == LG_OK;
    for (const lg_fault *fault = report.first; fault && !named; fault = fault->next)
        named = strncmp(fault->pointer, member, strlen(member)) == 0 ||
                (*fault->pointer && strncmp(member, fault->pointer, strlen(fault->pointer)) == 0) ||
                is_told_beside(member, fault->pointer);
    if (!named)
        fail_msg("%s: refused, and not at %s: %s %s", text, member, report.first ? report.first->pointer : "",
                 report.first ? report.first->detail : "without a fault");
    free(text);
    payloads_taken += err == LG_OK;
    payloads_refused += err != LG_OK;
}

/* In `within`, a part of the whole payload, each member or element in turn. */
static void try_members(const lg_command *like, json_t *payload, json_t *within, const char *pointer)
{
    json_t *value, *texts[sizeof instead / sizeof *instead + 2];
    size_t count = 0;
    for (; count < sizeof instead / sizeof *instead; count++)
        texts[count] = json_loads(instead[count], JSON_DECODE_ANY, NULL);
    json_t *many = json_array();
    for (int i = 0; i < 101; i++)
        json_array_append_new(many, json_sprintf("x%d", i));
    texts[count++] = many;
    char *long_text = lg_arena_alloc(r->arena, 5001);
    memset(long_text, 'x', 5000);
    texts[count++] = json_string(long_text);
    const size_t members = json_is_object(within) ? json_object_size(within) : json_array_size(within);
    for (size_t m = 0; m < members; m++) {
        void *at = json_object_iter(within);
        for (size_t skip = 0; skip < m && at; skip++)
            at = json_object_iter_next(within, at);
        const char *name = at ? lg_arena_strdup(r->arena, json_object_iter_key(at)) : NULL;
        const char *here = name ? lg_arena_printf(r->arena, "%s/%s", pointer, name)
                                : lg_arena_printf(r->arena, "%s/%zu", pointer, m);
        value = json_incref(name ? json_object_get(within, name) : json_array_get(within, m));
        if (json_is_object(value) || json_is_array(value))
            try_members(like, payload, value, here);
        for (size_t i = 0; i < count; i++) {
            if (name)
                json_object_set(within, name, texts[i]);
            else
                json_array_set(within, m, texts[i]);
            try_payload(like, payload, here);
        }
        if (name)
            json_object_set(within, name, value);
        else
            json_array_set(within, m, value);
        json_decref(value);
    }
    for (size_t i = 0; i < count; i++)
        json_decref(texts[i]);
}

static void try_payloads(const lg_command *command)
{
    json_t *payload;
    lg_report report;
    lg_report_init(&report, r->arena);
    OK(lg_json_load(command->payload, &payload, &report));
    try_members(command, payload, payload, "");
    json_t *list = json_array();
    try_payload(command, list, "");
    json_decref(list);
    json_object_set_new(payload, "unheard_of", json_true());
    try_payload(command, payload, "/unheard_of");
    json_decref(payload);
}

static void try_before(const lg_command *command)
{
    if (command->type != LG_CMD_SUBMIT)
        try_payloads(command);
}

/* From here on, what a story sends is tried before it is applied. */
static void sweep_payloads(void)
{
    rig_before_apply = try_before;
}

#endif
