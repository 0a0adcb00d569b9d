/**
 * HTTP GET by libcurl's multi interface on the libevent loop.
 */
#ifndef DIRECTORY_FETCH_H
#define DIRECTORY_FETCH_H

#include <stddef.h>

struct event_base;
struct fetcher; /* makes fetches */
struct fetch;   /* one under way */

int fetcher_alloc(struct fetcher **fp, struct event_base *base);

/** Cancels what is under way. */
void fetcher_free(struct fetcher *f);

struct fetch_request {
    const char *url;     /* http or https */
    const char *bearer;  /* token, "" for none */
    unsigned timeout_ms; /* from start to end */
    size_t max;          /* bytes of body; a longer one is a failure */
};

struct fetch_result {
    const char *error; /* what went wrong, NULL when an answer came */
    long status;       /* HTTP status of the answer */
    const char *body;  /* len bytes and a NUL */
    size_t len;
};

/** Called once from the loop, never from within fetch_start(). */
typedef void fetch_h(const struct fetch_result *r, void *arg);

/**
 * Start a GET. Accepts JSON; follows no redirect; checks the certificate and
 * the host name; heeds the proxy variables of the environment.
 * @return NULL when out of memory or of an unusable URL.
 */
struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *r,
                          fetch_h *h, void *arg);

/** Forget a fetch that has not been answered. */
void fetch_cancel(struct fetch *fetch);

#endif
