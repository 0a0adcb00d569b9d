/**
 * SRV records (RFC 2782): where a service of a domain is, as DNS tells.
 * Pure: what is read came from outside, and is bounded and checked.
 */
#ifndef ENGINE_EMBEDDED_SRV_H
#define ENGINE_EMBEDDED_SRV_H

#include <stddef.h>
#include <stdint.h>

enum { SRV_MAX = 16, SRV_TARGET_SIZE = 256 };

struct srv {
    uint16_t priority; /* lower ones first */
    uint16_t weight;   /* share of those of one priority */
    uint16_t port;
    char target[SRV_TARGET_SIZE]; /* host name; "": there is no service */
};

/**
 * Read the SRV records of a DNS answer; more than fit, and those whose target
 * is no host name or whose port is 0, are passed over.
 *
 * @return 0, ENODATA (there is none) or EBADMSG (not a DNS message).
 */
int srv_read(struct srv out[SRV_MAX], size_t *n, const unsigned char *msg,
             size_t len);

/** A random number from 0 to most. */
typedef uint32_t srv_random_h(uint32_t most);

/** Put them in the order in which they are to be tried. */
void srv_order(struct srv *list, size_t n, srv_random_h *random);

#endif
