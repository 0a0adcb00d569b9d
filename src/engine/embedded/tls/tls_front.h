/**
 * SIP over TLS (RFC 3261 section 26.2.1), in front of the SIP stack's own
 * TCP: a thread that ends TLS and hands the bytes on over loopback, one inner
 * connection for each outer one. The stack's own TLS is not used: that of
 * Debian's version sends no certificate chain and may block.
 *
 * The SIP thread sees a connection from 127.0.0.1; whose it is, it asks here.
 */
#ifndef ENGINE_EMBEDDED_TLS_FRONT_H
#define ENGINE_EMBEDDED_TLS_FRONT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/log.h"

struct tls_front;

struct tls_front_config {
    const char *ip;      /* to listen at */
    uint16_t port;       /* likewise, not 0 */
    const char *dir;     /* holds agent.pem */
    uint16_t inner_port; /* of the SIP stack, TCP on 127.0.0.1 */
    struct log *log;
};

/**
 * Read the certificate, listen, start the thread.
 * @return 0, or an errno value; why is logged.
 */
int tls_front_alloc(struct tls_front **fp, const struct tls_front_config *c);

/** End all connections and the thread. */
void tls_front_free(struct tls_front *f);

/**
 * Who is behind a connection, and the other way round. From any thread.
 * @return false when there is no such connection (any more).
 */
bool tls_front_outer(struct tls_front *f, const struct sockaddr *inner,
                     struct sockaddr_storage *outer);
bool tls_front_inner(struct tls_front *f, const struct sockaddr *outer,
                     struct sockaddr_storage *inner);

/** Who is behind a connection is known: it has a registration or a call.
 *  When there are too many, those that are not kept are given up for others,
 *  the one that was silent for longest first. From any thread. */
void tls_front_keep(struct tls_front *f, const struct sockaddr *outer);

#endif
