#include "http/http.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>

#include "http/guard.h"

enum {
    HEADERS_MAX = 8192,    /* bytes */
    BODY_MAX = 1024,       /* bytes; nothing here takes one */
    CONNECTIONS_MAX = 128, /* at a time */
    IDLE_S = 5,            /* for the next byte */
    LIFETIME_S = 15,       /* of a connection: one request */
};

struct http {
    struct evhttp *server;
    struct guard *guard;
    const struct monitor *monitor;
};

/** Make the answer to a GET: JSON, and its status. */
typedef json_t *answer_h(const struct monitor_stats *st, int *status);

static json_t *answer_stats(const struct monitor_stats *st, int *status)
{
    json_t *j = json_pack("{s:i, s:b, s:b, s:i}", /**/
                          "activeCalls", (int)st->active_calls,
                          "internalProfileRunning", st->internal_running,
                          "externalProfileRunning", st->external_running,
                          "registrations", (int)st->registrations);

    if (j && st->trunk != MONITOR_TRUNK_NONE)
        json_object_set_new(j, "trunkRegistered",
                            json_boolean(st->trunk == MONITOR_TRUNK_UP));
    return j;
}

static json_t *answer_health(const struct monitor_stats *st, int *status)
{
    return json_pack("{s:s}", "status", "ok");
}

static const char *not_ready(const struct monitor_stats *st)
{
    if (st->draining)
        return "draining: no new calls are taken";
    if (!st->engine_up)
        return "the engine is down";
    if (!st->external_running)
        return "the external side does not run";
    if (!st->internal_running)
        return "the internal side does not run";
    return NULL;
}

static json_t *answer_ready(const struct monitor_stats *st, int *status)
{
    const char *why = not_ready(st);

    if (!why)
        return json_pack("{s:s}", "status", "ready");
    *status = HTTP_SERVUNAVAIL;
    return json_pack("{s:s, s:s}", "status", "not ready", "reason", why);
}

static const struct {
    const char *path;
    answer_h *answer;
} routes[] = {
    {"/stats", answer_stats},
    {"/health", answer_health},
    {"/ready", answer_ready},
};

static answer_h *find_route(struct evhttp_request *req)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

    for (size_t i = 0; path && i < sizeof(routes) / sizeof(*routes); i++)
        if (strcmp(path, routes[i].path) == 0)
            return routes[i].answer;
    return NULL;
}

/* Send a status with a JSON text, which is freed. */
static void reply(struct evhttp_request *req, int status, char *text)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *body = evbuffer_new();
    bool head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
    size_t len = text ? strlen(text) : 0;
    char length[24];

    snprintf(length, sizeof(length), "%zu", len);
    evhttp_add_header(headers, "Content-Type", "application/json");
    evhttp_add_header(headers, "Content-Length", length);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "Connection", "close");
    if (body && !head)
        evbuffer_add(body, text, len);
    evhttp_send_reply(req, status, NULL, body);
    if (body)
        evbuffer_free(body);
    free(text);
}

static void reply_error(struct evhttp_request *req, int status,
                        const char *why)
{
    json_t *j = json_pack("{s:s}", "error", why);

    reply(req, status, json_dumps(j, 0));
    json_decref(j);
}

static void request_h(struct evhttp_request *req, void *arg)
{
    struct http *h = arg;
    enum evhttp_cmd_type method = evhttp_request_get_command(req);
    answer_h *answer = find_route(req);
    struct monitor_stats st;
    int status = HTTP_OK;
    json_t *j;

    if (!answer) {
        reply_error(req, HTTP_NOTFOUND,
                    "there are /stats, /health and /ready");
        return;
    }
    if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
        evhttp_add_header(evhttp_request_get_output_headers(req), "Allow",
                          "GET, HEAD");
        reply_error(req, HTTP_BADMETHOD, "only GET and HEAD");
        return;
    }
    monitor_stats(h->monitor, &st);
    j = answer(&st, &status);
    reply(req, status, json_dumps(j, JSON_PRESERVE_ORDER));
    json_decref(j);
}

static int socket_listen(int *fdp, const char *address, unsigned port)
{
    const struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    };
    struct addrinfo *ai;
    char service[16];
    int fd, on = 1, err = 0;

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(address, service, &hints, &ai))
        return EADDRNOTAVAIL;
    fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, SOMAXCONN))
        err = errno;
    freeaddrinfo(ai);
    if (err && fd >= 0)
        close(fd);
    *fdp = fd;
    return err;
}

/* The socket is our own: evhttp would make none for an IPv4 address, not even
   127.0.0.1, on a machine whose network is IPv6 alone. */
static int listen_on(struct http *h, const char *address, unsigned port,
                     struct log *log)
{
    int fd, err = socket_listen(&fd, address, port);

    if (!err && evhttp_accept_socket(h->server, fd)) {
        close(fd);
        err = ENOMEM;
    }
    if (!err)
        return 0;
    log_line(log, LOG_ERROR, NULL,
             "http cannot listen on address=%s port=%u: %s; choose another "
             "REST_PORT or JIGATE_REST_ADDRESS",
             address, port, strerror(err));
    return err;
}

int http_alloc(struct http **hp, struct event_base *base,
               const struct monitor *m, const char *address, unsigned port,
               struct log *log)
{
    struct http *h = calloc(1, sizeof(*h));
    int err = ENOMEM;

    if (!h)
        return ENOMEM;
    h->monitor = m;
    h->server = evhttp_new(base);
    if (!h->server)
        goto out;
    evhttp_set_max_headers_size(h->server, HEADERS_MAX);
    evhttp_set_max_body_size(h->server, BODY_MAX);
    evhttp_set_timeout(h->server, IDLE_S);
    evhttp_set_allowed_methods(h->server, 0xffff); /* 405 is ours to say */
    evhttp_set_gencb(h->server, request_h, h);
    err = guard_alloc(&h->guard, base, h->server, CONNECTIONS_MAX, LIFETIME_S);
    if (!err)
        err = listen_on(h, address, port, log);
out:
    if (err)
        http_free(h);
    else
        *hp = h;
    return err;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    if (h->server)
        evhttp_free(h->server);
    guard_free(h->guard);
    free(h);
}
