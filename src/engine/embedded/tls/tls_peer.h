/**
 * Whom a TLS client talks to: the server's chain must lead to a root that is
 * trusted here, and its certificate bear the name that was asked for (RFC
 * 5922 section 7).
 */
#ifndef ENGINE_EMBEDDED_TLS_PEER_H
#define ENGINE_EMBEDDED_TLS_PEER_H

#include <openssl/ssl.h>
#include <stddef.h>

enum { TLS_PEER_WHY_SIZE = 320 };

/** What was wrong with a certificate, kept while the session lives. */
struct tls_peer_fault {
    int error;       /* X509_V_…, 0: nothing */
    char names[128]; /* that the certificate is for, where that was it */
};

/**
 * A client's end of a connection that is to be made: TLS 1.2 or newer, SNI,
 * chain and name checked. Wildcards are taken for a whole first label (RFC
 * 9525 section 6.3): RFC 5922 forbids them, but providers have them.
 *
 * @param name     Host name, or an IP address: then the certificate must name
 *                 that, and there is no SNI (RFC 6066 section 3).
 * @param ca_file  PEM file with the roots that are trusted; "": the system's.
 * @param fault    Zeroed here; must outlive the session.
 * @param why      Set on failure, for operators.
 * @return 0, ENOENT (no usable roots) or ENOMEM.
 */
int tls_peer_session(SSL **sp, const char *name, const char *ca_file,
                     struct tls_peer_fault *fault,
                     char why[TLS_PEER_WHY_SIZE]);

/**
 * Why there was no handshake, and what to do about it.
 *
 * @param error  Of OpenSSL's queue, 0: none.
 */
void tls_peer_why(const struct tls_peer_fault *fault, unsigned long error,
                  char why[TLS_PEER_WHY_SIZE]);

#endif
