/**
 * Networks: "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", and lists of them.
 */
#ifndef CONFIG_NETWORK_H
#define CONFIG_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"

struct network {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2) */
    unsigned bits;       /* of the 128 */
};

/**
 * Parse an address, or address/bits. Bits beyond the prefix must be zero.
 * @return 0 or EINVAL.
 */
int network_parse(struct network *n, struct slice text);

/**
 * Take the next entry of a list separated by commas or blanks off its front.
 * @return true and the entry, false at the end.
 */
bool network_next(struct slice *list, struct slice *entry);

/** Whether an IPv4 or IPv6 socket address lies in any network of a list
 *  (as in JIGATE_TRUSTED_NETWORKS; what cannot be parsed is left out). */
bool network_list_has(const char *list, const struct sockaddr *sa);

#endif
