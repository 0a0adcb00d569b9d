#include "directory/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "version.h"

struct fetcher {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    struct fetch *list;
};

struct fetch {
    struct fetch *next;
    struct fetcher *owner;
    CURL *easy;
    struct curl_slist *headers;
    fetch_h *h;
    void *arg;
    char *body;
    size_t len;
    size_t max;
    char error[CURL_ERROR_SIZE];
};

static void fetch_free(struct fetch *fetch)
{
    struct fetch **at = &fetch->owner->list;

    while (*at && *at != fetch)
        at = &(*at)->next;
    if (*at)
        *at = fetch->next;
    if (fetch->easy) {
        curl_multi_remove_handle(fetch->owner->multi, fetch->easy);
        curl_easy_cleanup(fetch->easy);
    }
    curl_slist_free_all(fetch->headers);
    free(fetch->body);
    free(fetch);
}

static void finish(struct fetch *fetch, CURLcode code)
{
    struct fetch_result r = {.body = fetch->body, .len = fetch->len};

    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &r.status);
    if (code != CURLE_OK)
        r.error = *fetch->error ? fetch->error : curl_easy_strerror(code);
    fetch->h(&r, fetch->arg);
    fetch_free(fetch);
}

/* Handlers may start and cancel fetches, so each message is taken off the
 * queue, and its handle looked up, before anything is called. */
static void finish_all(struct fetcher *f)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(f->multi, &left))) {
        CURLcode code = msg->data.result;
        char *fetch = NULL;

        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &fetch);
        finish((void *)fetch, code);
    }
}

static void timer_h(evutil_socket_t fd, short what, void *arg)
{
    struct fetcher *f = arg;
    int running;

    curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_all(f);
}

static void socket_h(evutil_socket_t fd, short what, void *arg)
{
    struct fetcher *f = arg;
    int action = (what & EV_READ ? CURL_CSELECT_IN : 0) |
                 (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;

    curl_multi_socket_action(f->multi, fd, action, &running);
    finish_all(f);
}

/* libcurl tells how long it can wait; -1: for ever. */
static int want_timer_h(CURLM *multi, long ms, void *arg)
{
    struct fetcher *f = arg;
    struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

    if (ms < 0)
        evtimer_del(f->timer);
    else
        evtimer_add(f->timer, &tv);
    return 0;
}

/* libcurl tells which sockets to watch; event is what it keeps for us. */
static int want_socket_h(CURL *easy, curl_socket_t fd, int what, void *arg,
                         void *event)
{
    struct fetcher *f = arg;
    short kind = EV_PERSIST;

    if (event)
        event_free(event);
    curl_multi_assign(f->multi, fd, NULL);
    if (what == CURL_POLL_REMOVE)
        return 0;
    kind |= what & CURL_POLL_IN ? EV_READ : 0;
    kind |= what & CURL_POLL_OUT ? EV_WRITE : 0;
    event = event_new(f->base, fd, kind, socket_h, f);
    if (!event || event_add(event, NULL)) {
        if (event)
            event_free(event);
        return -1;
    }
    curl_multi_assign(f->multi, fd, event);
    return 0;
}

static size_t body_h(char *data, size_t size, size_t n, void *arg)
{
    struct fetch *fetch = arg;

    n *= size;
    if (n > fetch->max - fetch->len) {
        snprintf(fetch->error, sizeof(fetch->error),
                 "answer longer than %zu bytes", fetch->max);
        return 0;
    }
    memcpy(fetch->body + fetch->len, data, n);
    fetch->len += n;
    fetch->body[fetch->len] = '\0';
    return n;
}

int fetcher_alloc(struct fetcher **fp, struct event_base *base)
{
    struct fetcher *f = calloc(1, sizeof(*f));

    if (!f)
        return ENOMEM;
    f->base = base;
    f->timer = evtimer_new(base, timer_h, f);
    if (!curl_global_init(CURL_GLOBAL_DEFAULT))
        f->multi = curl_multi_init();
    if (!f->timer || !f->multi) {
        fetcher_free(f);
        return ENOMEM;
    }
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, want_socket_h);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, want_timer_h);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    *fp = f;
    return 0;
}

void fetcher_free(struct fetcher *f)
{
    if (!f)
        return;
    while (f->list)
        fetch_free(f->list);
    if (f->multi) {
        curl_multi_cleanup(f->multi);
        curl_global_cleanup();
    }
    if (f->timer)
        event_free(f->timer);
    free(f);
}

static int add_headers(struct fetch *fetch, const char *bearer)
{
    struct curl_slist *list;
    char line[8192];

    list = curl_slist_append(NULL, "Accept: application/json");
    if (!list)
        return ENOMEM;
    fetch->headers = list;
    if (!*bearer)
        return 0;
    snprintf(line, sizeof(line), "Authorization: Bearer %s", bearer);
    list = curl_slist_append(list, line);
    explicit_bzero(line, sizeof(line));
    return list ? 0 : ENOMEM;
}

static void set_options(struct fetch *fetch, const struct fetch_request *r)
{
    CURL *easy = fetch->easy;

    curl_easy_setopt(easy, CURLOPT_URL, r->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "jigate/" JIGATE_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_h);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
}

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *r,
                          fetch_h *h, void *arg)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));

    if (!fetch)
        return NULL;
    fetch->owner = f;
    fetch->h = h;
    fetch->arg = arg;
    fetch->max = r->max;
    fetch->body = calloc(1, r->max + 1);
    fetch->easy = curl_easy_init();
    if (!fetch->body || !fetch->easy || add_headers(fetch, r->bearer))
        goto fail;
    set_options(fetch, r);
    if (curl_multi_add_handle(f->multi, fetch->easy))
        goto fail;
    fetch->next = f->list;
    f->list = fetch;
    return fetch;
fail:
    fetch_free(fetch);
    return NULL;
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch)
        fetch_free(fetch);
}
