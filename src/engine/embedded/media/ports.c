#include "engine/embedded/media/ports.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct ports {
    pthread_mutex_t lock;
    size_t size;  /* of the ring: every port of the range fits */
    size_t head;  /* the port freed first */
    size_t count; /* free ports */
    uint16_t ring[];
};

int ports_alloc(struct ports **pp, uint16_t start, uint16_t end)
{
    uint32_t first = start + (start & 1u);
    struct ports *p;
    size_t n;

    if (!start || end < first)
        return EINVAL;
    n = (end - first) / 2 + 1;
    p = calloc(1, sizeof(*p) + n * sizeof(p->ring[0]));
    if (!p)
        return ENOMEM;
    pthread_mutex_init(&p->lock, NULL);
    p->size = n;
    for (; p->count < n; p->count++)
        p->ring[p->count] = (uint16_t)(first + 2 * p->count);
    *pp = p;
    return 0;
}

void ports_free(struct ports *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p);
}

size_t ports_count(struct ports *p)
{
    size_t n;

    pthread_mutex_lock(&p->lock);
    n = p->count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

uint16_t ports_take(struct ports *p)
{
    uint16_t port = 0;

    pthread_mutex_lock(&p->lock);
    if (p->count) {
        port = p->ring[p->head];
        p->head = (p->head + 1) % p->size;
        p->count--;
    }
    pthread_mutex_unlock(&p->lock);
    return port;
}

void ports_give(struct ports *p, uint16_t port)
{
    pthread_mutex_lock(&p->lock);
    if (p->count < p->size) {
        p->ring[(p->head + p->count) % p->size] = port;
        p->count++;
    }
    pthread_mutex_unlock(&p->lock);
}
