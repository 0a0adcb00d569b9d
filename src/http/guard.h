/**
 * Bounds of the HTTP server's connections, which evhttp does not know: how
 * many there are at a time, and how long one may live.
 */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

struct event_base;
struct evhttp;
struct guard;

/**
 * Guard every connection of a server.
 *
 * @param max         Connections at a time; more are closed at once.
 * @param lifetime_s  Seconds after which a connection is shut down.
 * @return 0 or ENOMEM.
 */
int guard_alloc(struct guard **gp, struct event_base *base,
                struct evhttp *server, unsigned max, unsigned lifetime_s);

/** Free the guard, after its server. */
void guard_free(struct guard *g);

#endif
