/**
 * What kind of address it is that phones are told.
 */
#ifndef DOCTOR_ADDRESS_KIND_H
#define DOCTOR_ADDRESS_KIND_H

#include <stdbool.h>

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_PRIVATE, /* RFC 1918, RFC 4193 */
    ADDRESS_CARRIER, /* RFC 6598: a provider's NAT */
    ADDRESS_LOOPBACK,
    ADDRESS_LINK_LOCAL,    /* RFC 3927, RFC 4291 */
    ADDRESS_DOCUMENTATION, /* RFC 5737, RFC 3849: out of an example */
    ADDRESS_NO_HOST,       /* multicast, broadcast, 0.0.0.0, :: */
    ADDRESS_NONE,          /* no IP address */
};

enum address_kind address_kind(const char *ip);

/** "a private address" and the like. */
const char *address_kind_text(enum address_kind kind);

/** Whether it is reached only from within a site. */
bool address_is_inside(enum address_kind kind);

#endif
