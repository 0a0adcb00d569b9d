/**
 * Addresses of a host name, or of a service there (RFC 3263 section 4.2),
 * looked up beside the caller: the C library blocks for as long as name
 * servers do, and the SIP thread must not.
 */
#ifndef ENGINE_EMBEDDED_RESOLVE_H
#define ENGINE_EMBEDDED_RESOLVE_H

#include <stddef.h>
#include <sys/socket.h>

enum { RESOLVE_MAX = 8, RESOLVE_HOST_SIZE = 256, RESOLVE_SERVICE_SIZE = 32 };

struct resolve;

/**
 * Begin a look-up.
 *
 * @param host     Name, or address without brackets; copied.
 * @param service  "_sip._udp" and its like: SRV records of the name tell hosts
 *                 and ports, in the order to be tried; where there are none,
 *                 and for an address, host and port are meant as they are.
 *                 NULL or "": they are so always. Copied.
 * @param port    Goes into the addresses.
 * @param family  AF_INET or AF_INET6: only those are wanted.
 * @return 0, EINVAL (too long), ENOMEM, or EAGAIN (no thread).
 */
int resolve_start(struct resolve **rp, const char *host, const char *service,
                  unsigned port, int family);

/**
 * Ask what came of it; does not wait.
 *
 * @param n  Set to the number of addresses, in the order to be tried.
 * @return 0, EAGAIN (not yet), or EHOSTUNREACH (no such name or service, no
 * address of that family, or no name server).
 */
int resolve_result(struct resolve *r, struct sockaddr_storage out[RESOLVE_MAX],
                   size_t *n);

/** Why it failed, for operators; "" while it has not. */
const char *resolve_error(const struct resolve *r);

/** Forget it, finished or not. NULL is let be. */
void resolve_free(struct resolve *r);

#endif
