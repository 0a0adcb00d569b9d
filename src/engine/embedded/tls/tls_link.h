/**
 * One connection of a TLS front: the outer end, encrypted, the inner end, in
 * the clear on loopback, and what flows between. For the front's thread.
 */
#ifndef ENGINE_EMBEDDED_TLS_LINK_H
#define ENGINE_EMBEDDED_TLS_LINK_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct tls_link;

/** Told to the owner of a link. */
struct tls_link_handler {
    /* The inner end has its address; nothing was sent there yet. */
    void (*ready)(struct tls_link *l, void *arg);
    /* Something came, from either end. */
    void (*heard)(struct tls_link *l, void *arg);
    /* It ended, and frees itself after the call. */
    void (*end)(struct tls_link *l, const char *why, void *arg);
    void *arg;
};

struct tls_link {
    struct sockaddr_storage outer;
    struct sockaddr_in inner; /* our end of the inner connection */
    bool secured;             /* the handshake is done */
    /* the owner's: tls_table.h */
    struct tls_link *prev;
    struct tls_link *next;
    struct tls_link *next_outer;
    struct tls_link *next_inner;
    bool ready; /* inner is known */
    bool kept;  /* not given up for another */
    /* private */
    struct event_base *base;
    struct bufferevent *out;
    struct bufferevent *in;
    uint16_t inner_port;
    const struct tls_link_handler *h;
};

/**
 * Begin the handshake on a connected socket, as server or client as ssl is.
 * Takes fd and ssl, on failure too. The inner connection is made when the
 * handshake is done. The handler must outlive the link. A server's end is
 * closed when it was idle for long.
 *
 * @return 0, ENOMEM or another errno value.
 */
int tls_link_alloc(struct tls_link **lp, struct event_base *base, int fd,
                   SSL *ssl, const struct sockaddr *outer, uint16_t inner_port,
                   const struct tls_link_handler *h);
void tls_link_free(struct tls_link *l);

/** The session; the link's. */
SSL *tls_link_ssl(const struct tls_link *l);

/** For the handler of the end: the oldest error of OpenSSL's, 0: none. */
unsigned long tls_link_error(const struct tls_link *l);

#endif
