#include "engine/embedded/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Owned by two: who asks, and the thread. The last one to go frees it, for a
   look-up cannot be called off. */
struct resolve {
    atomic_int owners;
    atomic_bool done;
    char host[RESOLVE_HOST_SIZE];
    char port[8];
    int family;
    int error; /* of getaddrinfo(), valid when done */
    struct sockaddr_storage found[RESOLVE_MAX];
    size_t n;
};

static void let_go(struct resolve *r)
{
    if (atomic_fetch_sub(&r->owners, 1) == 1)
        free(r);
}

static void look_up(struct resolve *r, int flags)
{
    const struct addrinfo hints = {
        .ai_family = r->family,
        .ai_socktype = SOCK_DGRAM, /* each address once */
        .ai_flags = AI_NUMERICSERV | flags,
    };
    struct addrinfo *list = NULL;

    r->error = getaddrinfo(r->host, r->port, &hints, &list);
    if (r->error)
        return;
    for (struct addrinfo *a = list; a && r->n < RESOLVE_MAX; a = a->ai_next)
        memcpy(&r->found[r->n++], a->ai_addr, a->ai_addrlen);
    freeaddrinfo(list);
}

static void *thread_main(void *arg)
{
    struct resolve *r = arg;

    look_up(r, 0);
    atomic_store(&r->done, true);
    let_go(r);
    return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct resolve *r)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    int err;

    if (pthread_attr_init(&attr))
        return EAGAIN;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&thread, &attr, thread_main, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return err ? EAGAIN : 0;
}

int resolve_start(struct resolve **rp, const char *host, unsigned port,
                  int family)
{
    struct resolve *r;

    if (strlen(host) >= RESOLVE_HOST_SIZE)
        return EINVAL;
    r = calloc(1, sizeof(*r));
    if (!r)
        return ENOMEM;
    atomic_init(&r->owners, 2);
    atomic_init(&r->done, false);
    snprintf(r->host, sizeof(r->host), "%s", host);
    snprintf(r->port, sizeof(r->port), "%u", port);
    r->family = family;
    look_up(r, AI_NUMERICHOST); /* an address needs no thread */
    if (!r->error) {
        atomic_store(&r->done, true);
        let_go(r);
    } else if (start_thread(r)) {
        free(r);
        return EAGAIN;
    }
    *rp = r;
    return 0;
}

int resolve_result(struct resolve *r, struct sockaddr_storage out[RESOLVE_MAX],
                   size_t *n)
{
    *n = 0;
    if (!atomic_load(&r->done))
        return EAGAIN;
    if (!r->n)
        return EHOSTUNREACH;
    memcpy(out, r->found, r->n * sizeof(*out));
    *n = r->n;
    return 0;
}

const char *resolve_error(const struct resolve *r)
{
    if (!atomic_load(&r->done) || r->n)
        return "";
    return r->error ? gai_strerror(r->error) : "no address";
}

void resolve_free(struct resolve *r)
{
    if (r)
        let_go(r);
}
