#include "engine/embedded/resolve.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/embedded/srv.h"

enum { ANSWER_SIZE = 8192 };

/* Owned by two: who asks, and the thread. The last one to go frees it, for a
   look-up cannot be called off. */
struct resolve {
    atomic_int owners;
    atomic_bool done;
    char host[RESOLVE_HOST_SIZE];
    char service[RESOLVE_SERVICE_SIZE];
    unsigned port;
    int family;
    bool none; /* there is no such service; valid when done, as … */
    int error; /* … of getaddrinfo(), and … */
    struct sockaddr_storage found[RESOLVE_MAX];
    size_t n;
};

static void let_go(struct resolve *r)
{
    if (atomic_fetch_sub(&r->owners, 1) == 1)
        free(r);
}

static void look_up(struct resolve *r, const char *host, unsigned port,
                    int flags)
{
    char service[8];
    const struct addrinfo hints = {
        .ai_family = r->family,
        .ai_socktype = SOCK_DGRAM, /* each address once */
        .ai_flags = AI_NUMERICSERV | flags,
    };
    struct addrinfo *list = NULL;

    snprintf(service, sizeof(service), "%u", port);
    r->error = getaddrinfo(host, service, &hints, &list);
    if (r->error)
        return;
    for (struct addrinfo *a = list; a && r->n < RESOLVE_MAX; a = a->ai_next)
        memcpy(&r->found[r->n++], a->ai_addr, a->ai_addrlen);
    freeaddrinfo(list);
}

/* Modulo is even enough for shares of load. */
static uint32_t random_h(uint32_t most)
{
    uint32_t n = 0;

    while (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
        ;
    return (uint32_t)(n % ((uint64_t)most + 1));
}

/* SRV records, ordered; 0: none. */
static size_t services(const struct resolve *r, struct srv list[SRV_MAX])
{
    unsigned char answer[ANSWER_SIZE];
    char name[RESOLVE_SERVICE_SIZE + RESOLVE_HOST_SIZE + 1];
    size_t n = 0;
    int len;

    snprintf(name, sizeof(name), "%s.%s", r->service, r->host);
    len = res_query(name, ns_c_in, ns_t_srv, answer, sizeof(answer));
    if (len <= 0 || srv_read(list, &n, answer,
                             len < ANSWER_SIZE ? (size_t)len : ANSWER_SIZE))
        return 0;
    srv_order(list, n, random_h);
    return n;
}

static void look_up_all(struct resolve *r)
{
    struct srv list[SRV_MAX];
    size_t n = *r->service ? services(r, list) : 0;

    if (!n) {
        look_up(r, r->host, r->port, 0);
        return;
    }
    for (size_t i = 0; i < n && r->n < RESOLVE_MAX; i++) {
        if (*list[i].target)
            look_up(r, list[i].target, list[i].port, 0);
    }
    r->none = !*list[0].target;
}

static void *thread_main(void *arg)
{
    struct resolve *r = arg;

    look_up_all(r);
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

int resolve_start(struct resolve **rp, const char *host, const char *service,
                  unsigned port, int family)
{
    struct resolve *r;

    if (!service)
        service = "";
    if (strlen(host) >= RESOLVE_HOST_SIZE ||
        strlen(service) >= RESOLVE_SERVICE_SIZE)
        return EINVAL;
    r = calloc(1, sizeof(*r));
    if (!r)
        return ENOMEM;
    atomic_init(&r->owners, 2);
    atomic_init(&r->done, false);
    snprintf(r->host, sizeof(r->host), "%s", host);
    snprintf(r->service, sizeof(r->service), "%s", service);
    r->port = port;
    r->family = family;
    look_up(r, host, port, AI_NUMERICHOST); /* an address needs no thread */
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
    if (r->none)
        return "its SRV record says that there is no such service";
    return r->error ? gai_strerror(r->error) : "no address";
}

void resolve_free(struct resolve *r)
{
    if (r)
        let_go(r);
}
