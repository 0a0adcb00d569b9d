#include "base/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    pthread_mutex_t lock;
    struct mail *head;
    struct mail **tail;
    int fd;
};

int mailbox_alloc(struct mailbox **mbp)
{
    struct mailbox *mb = calloc(1, sizeof(*mb));

    if (!mb)
        return ENOMEM;
    mb->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (mb->fd < 0) {
        int err = errno;

        free(mb);
        return err;
    }
    mb->tail = &mb->head;
    pthread_mutex_init(&mb->lock, NULL);
    *mbp = mb;
    return 0;
}

void mailbox_free(struct mailbox *mb)
{
    if (!mb)
        return;
    close(mb->fd);
    pthread_mutex_destroy(&mb->lock);
    free(mb);
}

int mailbox_fd(const struct mailbox *mb)
{
    return mb->fd;
}

void mailbox_post(struct mailbox *mb, struct mail *m)
{
    bool was_empty;

    m->next = NULL;
    pthread_mutex_lock(&mb->lock);
    was_empty = !mb->head;
    *mb->tail = m;
    mb->tail = &m->next;
    pthread_mutex_unlock(&mb->lock);
    if (was_empty) {
        uint64_t one = 1;
        ssize_t n = write(mb->fd, &one, sizeof(one));

        (void)n; /* fails only at 2^64 - 1 unread wake-ups */
    }
}

struct mail *mailbox_take(struct mailbox *mb)
{
    uint64_t count;
    ssize_t n = read(mb->fd, &count, sizeof(count));
    struct mail *list;

    (void)n; /* nothing to read is no error: the list decides */
    pthread_mutex_lock(&mb->lock);
    list = mb->head;
    mb->head = NULL;
    mb->tail = &mb->head;
    pthread_mutex_unlock(&mb->lock);
    return list;
}
