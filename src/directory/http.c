/* An external conference mapper, asked by HTTP. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "directory/fetch.h"
#include "directory/query.h"
#include "directory/reply.h"
#include "directory/template.h"

enum { TIMEOUT_MS = 3000, ATTEMPTS = 2, REPLY_MAX = 65536 };

struct mapper {
    struct directory d; /* first */
    struct fetcher *fetcher;
    struct log *log;
    struct mapper_query *list;
    char *url;   /* template */
    char *token; /* bearer token, or "" */
    char *host;  /* for log lines: a URL may hold secrets */
};

struct mapper_query {
    struct directory_query q; /* first */
    struct mapper_query *next;
    struct mapper *owner;
    struct fetch *fetch;
    char *url;
    unsigned attempt;
    char id[DIRECTORY_ID_MAX + 1];
};

/* What an HTTP status says. The last row is for all others. */
static const struct status {
    long first, last;
    enum directory_status status;
    bool again; /* worth a second attempt */
    const char *why;
} statuses[] = {
    {200, 200, DIRECTORY_FOUND, false, ""},
    {404, 404, DIRECTORY_UNKNOWN, false, ""},
    {410, 410, DIRECTORY_UNKNOWN, false, ""},
    {401, 401, DIRECTORY_FAILED, false, "check JIGATE_MEETING_LOOKUP_TOKEN"},
    {403, 403, DIRECTORY_FAILED, false, "check JIGATE_MEETING_LOOKUP_TOKEN"},
    {402, 402, DIRECTORY_FAILED, false, "the mapper's limit is reached"},
    {300, 399, DIRECTORY_FAILED, false,
     "redirects are not followed; put the final URL into "
     "JIGATE_MEETING_LOOKUP"},
    {500, 599, DIRECTORY_FAILED, true, "look at the mapper's log"},
    {0, 999, DIRECTORY_FAILED, false, "check JIGATE_MEETING_LOOKUP"},
};

static void answered_h(const struct fetch_result *r, void *arg);

static void query_free(struct mapper_query *q)
{
    struct mapper_query **at = &q->owner->list;

    while (*at && *at != q)
        at = &(*at)->next;
    if (*at)
        *at = q->next;
    free(q->url);
    free(q);
}

static int start(struct mapper_query *q)
{
    struct fetch_request r = {
        .url = q->url,
        .bearer = q->owner->token,
        .timeout_ms = TIMEOUT_MS,
        .max = REPLY_MAX,
    };

    q->attempt++;
    q->fetch = fetch_start(q->owner->fetcher, &r, answered_h, q);
    return q->fetch ? 0 : ENOMEM;
}

static void give(struct mapper_query *q, const struct directory_answer *a)
{
    q->q.h(a, q->q.arg);
    query_free(q);
}

static void give_failure(struct mapper_query *q, const char *what,
                         const char *why)
{
    struct directory_answer a = directory_answer_of(DIRECTORY_FAILED);

    log_line(q->owner->log, LOG_WARN, q->q.call,
             "meeting lookup failed host=%s attempts=%u: %.200s%s%s",
             q->owner->host, q->attempt, what, *why ? "; " : "", why);
    give(q, &a);
}

static void give_reply(struct mapper_query *q, const struct fetch_result *r)
{
    struct reply reply;

    reply_parse(&reply, r->body, r->len, q->id);
    if (reply.answer.status == DIRECTORY_FAILED) {
        give_failure(q, "the answer makes no sense", reply.wrong);
    } else {
        log_line(q->owner->log, LOG_INFO, q->q.call,
                 "meeting lookup id=%s conference=%s state=%.32s "
                 "message=%.120s",
                 q->id, reply.answer.conference, reply.state, reply.message);
        give(q, &reply.answer);
    }
    reply_reset(&reply);
}

static void give_unknown(struct mapper_query *q, long status)
{
    struct directory_answer a = directory_answer_of(DIRECTORY_UNKNOWN);

    log_line(q->owner->log, LOG_INFO, q->q.call,
             "meeting lookup id=%s unknown status=%ld", q->id, status);
    give(q, &a);
}

static void answered_h(const struct fetch_result *r, void *arg)
{
    struct mapper_query *q = arg;
    const struct status *s = statuses;
    char what[40];

    q->fetch = NULL;
    while (r->status < s->first || r->status > s->last)
        s++;
    if ((r->error || s->again) && q->attempt < ATTEMPTS && !start(q))
        return;
    snprintf(what, sizeof(what), "HTTP status %ld", r->status);
    if (r->error)
        give_failure(q, r->error, "");
    else if (s->status == DIRECTORY_FOUND)
        give_reply(q, r);
    else if (s->status == DIRECTORY_UNKNOWN)
        give_unknown(q, r->status);
    else
        give_failure(q, what, s->why);
}

static struct directory_query *lookup(struct directory *d, const char *id,
                                      const char *caller, const char *call,
                                      directory_h *h, void *arg)
{
    struct mapper *m = (struct mapper *)d;
    struct mapper_query *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    directory_query_init(&q->q, call, h, arg);
    snprintf(q->id, sizeof(q->id), "%s", id);
    q->owner = m;
    if (template_expand(&q->url, m->url, id, caller) || start(q)) {
        query_free(q);
        return NULL;
    }
    q->next = m->list;
    m->list = q;
    return &q->q;
}

static void cancel(struct directory_query *query)
{
    struct mapper_query *q = (struct mapper_query *)query;

    fetch_cancel(q->fetch);
    query_free(q);
}

static void free_h(struct directory *d)
{
    struct mapper *m = (struct mapper *)d;

    while (m->list)
        cancel(&m->list->q);
    fetcher_free(m->fetcher);
    free(m->url);
    if (m->token)
        explicit_bzero(m->token, strlen(m->token));
    free(m->token);
    free(m->host);
    free(m);
}

/* Whether libcurl takes the URL that the template makes; its host. */
static int check_template(struct mapper *m)
{
    CURLU *u = curl_url();
    char *url = NULL, *host = NULL;
    int err = template_expand(&url, m->url, "1", "1");

    if (!err && !u)
        err = ENOMEM;
    if (!err && (curl_url_set(u, CURLUPART_URL, url, 0) ||
                 curl_url_get(u, CURLUPART_HOST, &host, 0)))
        err = EINVAL;
    if (!err && !(m->host = strdup(host)))
        err = ENOMEM;
    curl_free(host);
    curl_url_cleanup(u);
    free(url);
    return err;
}

int mapper_alloc(struct directory **dp, const struct config *cfg,
                 struct event_base *base, struct log *log)
{
    static const struct directory_ops ops = {lookup, cancel, free_h};
    struct mapper *m = calloc(1, sizeof(*m));
    int err = ENOMEM;

    if (!m)
        return ENOMEM;
    m->d.ops = &ops;
    m->log = log;
    m->url = strdup(cfg->meeting_lookup);
    m->token = strdup(cfg->meeting_lookup_token);
    if (m->url && m->token)
        err = check_template(m);
    if (err == EINVAL)
        log_line(log, LOG_ERROR, NULL,
                 "JIGATE_MEETING_LOOKUP: expected a URL with {id}, got "
                 "\"%.200s\"",
                 cfg->meeting_lookup);
    if (!err)
        err = fetcher_alloc(&m->fetcher, base);
    if (err)
        free_h(&m->d);
    else
        *dp = &m->d;
    return err;
}
