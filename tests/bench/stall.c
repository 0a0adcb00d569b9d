#include "stall.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { SLEEP_NS = 1000000, FIRST = 50 };

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void *watch(void *arg)
{
    struct stall *s = arg;
    const struct timespec sleep = {.tv_nsec = SLEEP_NS};
    int64_t before = now_ns();

    for (;;) {
        int64_t now, late;

        nanosleep(&sleep, NULL);
        now = now_ns();
        late = now - before - SLEEP_NS;
        if (late > atomic_load(&s->longest_ns))
            atomic_store(&s->longest_ns, late);
        before = now;
    }
    return NULL;
}

void stall_init(struct stall *s)
{
    atomic_init(&s->longest_ns, -1);
}

void stall_watch(struct stall *s)
{
    struct sched_param first = {.sched_priority = FIRST};
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init(&attr);
    pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
    pthread_attr_setschedparam(&attr, &first);
    if (!pthread_create(&thread, &attr, watch, s))
        pthread_detach(thread);
    pthread_attr_destroy(&attr);
}

void stall_forget(struct stall *s)
{
    if (atomic_load(&s->longest_ns) >= 0)
        atomic_store(&s->longest_ns, 0);
}

double stall_longest(const struct stall *s)
{
    int64_t ns = atomic_load(&s->longest_ns);

    return ns < 0 ? -1 : (double)ns / 1e6;
}
