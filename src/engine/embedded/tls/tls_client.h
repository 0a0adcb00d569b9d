/**
 * One SIP connection over TLS that we open, to a server whose certificate is
 * looked at (tls_peer.h): the other way round of tls_front.h. A thread dials
 * and ends TLS; once that is done the bytes flow over a connection on
 * loopback from here to the SIP stack's own TCP port, which so sees no
 * difference to one that was accepted.
 *
 * Nothing is dialled anew by itself: whoever asked is told that it ended.
 */
#ifndef ENGINE_EMBEDDED_TLS_CLIENT_H
#define ENGINE_EMBEDDED_TLS_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/log.h"
#include "engine/embedded/tls/tls_peer.h"

struct tls_client;

/** On the client's thread: tls_client_look() tells something new. */
typedef void tls_client_h(void *arg);

struct tls_client_config {
    const char *ip;      /* to leave from */
    const char *name;    /* of the server, as its certificate must have it */
    const char *ca_file; /* see tls_peer_session() */
    uint16_t inner_port; /* of the SIP stack, TCP on 127.0.0.1 */
    struct log *log;
    tls_client_h *h;
    void *arg;
};

enum tls_client_state {
    TLS_CLIENT_CLOSED, /* by us, or not dialled yet */
    TLS_CLIENT_DIALLING,
    TLS_CLIENT_UP,
    TLS_CLIENT_LOST, /* it ended, or never was: why */
};

struct tls_client_view {
    enum tls_client_state state;
    struct sockaddr_storage outer; /* whom we dialled */
    struct sockaddr_storage local; /* our end of that; valid when up */
    struct sockaddr_in inner;      /* what the SIP stack sees; likewise */
    char why[TLS_PEER_WHY_SIZE];   /* for operators */
};

/** Start the thread; nothing is dialled. @return 0, or an errno value. */
int tls_client_alloc(struct tls_client **cp,
                     const struct tls_client_config *cfg);

/** End connection and thread. NULL is let be. */
void tls_client_free(struct tls_client *c);

/** Dial, in place of the connection there was. From any thread. */
void tls_client_dial(struct tls_client *c, const struct sockaddr_storage *to);

/** End the connection. From any thread. */
void tls_client_close(struct tls_client *c);

/** How it stands. From any thread. */
void tls_client_look(struct tls_client *c, struct tls_client_view *v);

/**
 * Who is behind an inner address, and the other way round; as
 * tls_front_outer(). From any thread.
 * @return false when there is no such connection.
 */
bool tls_client_outer(struct tls_client *c, const struct sockaddr *inner,
                      struct sockaddr_storage *outer);
bool tls_client_inner(struct tls_client *c, const struct sockaddr *outer,
                      struct sockaddr_storage *inner);

#endif
