/* The conference mapper, asked as the gateway would. */
#include <stdlib.h>
#include <string.h>

#include "directory/reply.h"
#include "directory/template.h"
#include "doctor/ask.h"
#include "doctor/checkup.h"

/* An id that nobody should have: any answer that is understood is good. */
static const char sample_id[] = "0";

static void look_at_reply(struct checkup *c, const char *body, size_t len)
{
    struct reply r;

    reply_parse(&r, body, len, sample_id);
    if (r.answer.status == DIRECTORY_FAILED) {
        found(c, FOUND_FAULT, "it answers, but not as a mapper does: %s",
              r.wrong);
        advise(c, "JIGATE_MEETING_LOOKUP should lead to JSON with "
                  "\"conference\": a room's address, or false.");
    } else {
        found(c, FOUND_OK, "it answers");
    }
    reply_reset(&r);
}

static void look_at_status(struct checkup *c, long status)
{
    static const struct {
        long first, last;
        const char *advice;
    } rows[] = {
        {401, 401, "Correct JIGATE_MEETING_LOOKUP_TOKEN."},
        {403, 403, "Correct JIGATE_MEETING_LOOKUP_TOKEN."},
        {300, 399,
         "Redirects are not followed: put the final URL into "
         "JIGATE_MEETING_LOOKUP."},
        {500, 599, "Look at the mapper's log."},
        {0, 999, "Correct JIGATE_MEETING_LOOKUP."},
    };
    size_t i = 0;

    while (i + 1 < sizeof(rows) / sizeof(*rows) &&
           (status < rows[i].first || status > rows[i].last))
        i++;
    found(c, FOUND_FAULT, "it answers with HTTP status %ld", status);
    advise(c, "%s", rows[i].advice);
}

void check_mapper(struct checkup *c)
{
    const struct config *cfg = c->cfg;
    char body[ASK_MAX];
    const char *error;
    char *url = NULL;
    size_t len;
    long status;

    if (strcmp(cfg->meeting_lookup, "direct") == 0)
        return;
    if (template_expand(&url, cfg->meeting_lookup, sample_id, sample_id))
        return;
    if (ask_url(url, cfg->meeting_lookup_token, &status, body, &len, &error)) {
        found(c, FOUND_FAULT, "the conference mapper does not answer: %s",
              error);
        advise(c, "Callers cannot key meeting ids until it does. Is "
                  "JIGATE_MEETING_LOOKUP right, does its host have a name "
                  "and a route from here?");
    } else if (status == 200) {
        look_at_reply(c, body, len);
    } else if (status == 404 || status == 410) {
        found(c, FOUND_OK,
              "it answers, with HTTP status %ld for an id that "
              "does not exist",
              status);
    } else {
        look_at_status(c, status);
    }
    free(url);
}
