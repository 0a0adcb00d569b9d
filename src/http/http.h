/**
 * GET /stats, /health, /ready for operators, on libevent's evhttp.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/log.h"
#include "monitor/monitor.h"

struct event_base;
struct http;

/**
 * Listen on address:port.
 * @return 0 or an errno value (EADDRINUSE …; reason logged).
 */
int http_alloc(struct http **hp, struct event_base *base,
               const struct monitor *m, const char *address, unsigned port,
               struct log *log);

/** Stop listening. Connections may end with the loop's next turn, or with
 *  event_base_free(). */
void http_free(struct http *h);

#endif
