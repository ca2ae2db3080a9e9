/* Acts on receivables, and decisions on held ones. */
#include "server/client/post.h"

const client_post client_posts_receivable[] = {
    {"confirm",
     "/v1/receivables/%/confirm",
     {{"amount", "amount", POST_AMOUNT, POST_MAY}, {"note", "note", POST_TEXT, POST_MAY}}},
    {"accept", "/v1/receivables/%/accept", {{0}}},
    {"reject",
     "/v1/receivables/%/reject",
     {{"reason", "reason", POST_TEXT, POST_MUST}, {"note", "note", POST_TEXT, POST_MAY}}},
    {"withdraw", "/v1/receivables/%/withdraw", {{"note", "note", POST_TEXT, POST_MAY}}},
    {"lapse", "/v1/receivables/%/lapse", {{0}}},
    {"review approve", "/v1/reviews/%/approve", {{"note", "note", POST_TEXT, POST_MUST}}},
    {"review reject", "/v1/reviews/%/reject", {{"note", "note", POST_TEXT, POST_MUST}}},
    {0},
};
