/**
 * The certificate that TLS connections are answered with. A renewed file is
 * read again at the next connection; one that cannot be used leaves the last
 * good one in force.
 */
#ifndef ENGINE_EMBEDDED_TLS_CONTEXT_H
#define ENGINE_EMBEDDED_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "base/log.h"

/** Name of the file in the folder: private key, certificate, its chain, all
 *  PEM; the name that FreeSWITCH uses, too. */
#define TLS_CERTIFICATE_FILE "agent.pem"

struct tls_context;

/**
 * Read DIR/agent.pem. TLS 1.2 or newer is spoken (RFC 8996), and no client
 * certificate asked for.
 *
 * @return 0, or an errno value; why is logged.
 */
int tls_context_alloc(struct tls_context **cp, const char *dir,
                      struct log *log);
void tls_context_free(struct tls_context *c);

/** A server's end of a new connection; NULL when there is no memory. */
SSL *tls_context_session(struct tls_context *c);

#endif
