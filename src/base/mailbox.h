/**
 * Messages from many threads to one. Sending never blocks for longer than a
 * list append; the receiver waits on a file descriptor.
 */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

struct mailbox;

/** First member of every message. Whoever receives a message owns it. */
struct mail {
    struct mail *next;
};

/** Make an empty mailbox. Returns 0 or an errno value. */
int mailbox_alloc(struct mailbox **mbp);

/** Free an empty mailbox that no thread sends to any more. */
void mailbox_free(struct mailbox *mb);

/** Readable while mail waits (an eventfd, non-blocking). */
int mailbox_fd(const struct mailbox *mb);

/** Append a message, from any thread. */
void mailbox_post(struct mailbox *mb, struct mail *m);

/** Take all waiting mail, oldest first, as a list; NULL when none. */
struct mail *mailbox_take(struct mailbox *mb);

#endif
