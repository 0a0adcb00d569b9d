#include "engine/embedded/tls/tls_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct tls_loop {
    struct event_base *base;
    struct event *woken;
    int fd; /* written to wake it */
    atomic_bool quit;
    bool running;
    pthread_t thread;
    tls_loop_h *h;
    void *arg;
};

static void woken_h(evutil_socket_t fd, short what, void *arg)
{
    struct tls_loop *l = arg;
    uint64_t n;

    if (read(fd, &n, sizeof(n)) < 0)
        return;
    if (atomic_load(&l->quit))
        event_base_loopbreak(l->base);
    else if (l->h)
        l->h(l->arg);
}

int tls_loop_alloc(struct tls_loop **lp, tls_loop_h *h, void *arg)
{
    struct tls_loop *l = calloc(1, sizeof(*l));
    int err = 0;

    if (!l)
        return ENOMEM;
    atomic_init(&l->quit, false);
    l->h = h;
    l->arg = arg;
    l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->fd < 0)
        err = errno;
    l->base = event_base_new();
    if (!err && l->base)
        l->woken = event_new(l->base, l->fd, EV_READ | EV_PERSIST, woken_h, l);
    if (!err && (!l->woken || event_add(l->woken, NULL)))
        err = ENOMEM;
    if (err)
        tls_loop_free(l);
    else
        *lp = l;
    return err;
}

struct event_base *tls_loop_base(struct tls_loop *l)
{
    return l->base;
}

static void *thread_main(void *arg)
{
    struct tls_loop *l = arg;

    event_base_dispatch(l->base);
    return NULL;
}

/* Signals are the main thread's. */
int tls_loop_start(struct tls_loop *l)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&l->thread, NULL, thread_main, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    l->running = !err;
    return err;
}

void tls_loop_wake(struct tls_loop *l)
{
    uint64_t one = 1;

    while (write(l->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

void tls_loop_stop(struct tls_loop *l)
{
    if (!l || !l->running)
        return;
    atomic_store(&l->quit, true);
    tls_loop_wake(l);
    pthread_join(l->thread, NULL);
    l->running = false;
}

void tls_loop_free(struct tls_loop *l)
{
    if (!l)
        return;
    if (l->woken)
        event_free(l->woken);
    if (l->base)
        event_base_free(l->base);
    if (l->fd >= 0)
        close(l->fd);
    free(l);
}
