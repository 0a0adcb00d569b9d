/**
 * Rooms: what a caller dialled, checked, and the headers that tell Jigasi
 * where to go.
 */
#ifndef CALL_ROOM_H
#define CALL_ROOM_H

#include <stddef.h>

enum {
    ROOM_NAME_MAX = 128,   /* bytes of a room name */
    ROOM_DOMAIN_MAX = 253, /* bytes of a host name, RFC 1035 2.3.4 */
    ROOM_TENANT_MAX = 63,
    ROOM_VALUE_MAX = 511, /* bytes of a room header's value */
};

/** A dialled room; domain is "" when none was given. */
struct room {
    char name[ROOM_NAME_MAX + 1];
    char domain[ROOM_DOMAIN_MAX + 1];
};

/**
 * Parse `room` or `room.domain`, split at the first dot. The room is made
 * lower case (Unicode, NFC): letters, digits and -_+~! of UTF-8, combining
 * marks where they follow a letter, at most ROOM_NAME_MAX bytes. The domain
 * is a host name (RFC 1123 2.1), made lower case.
 *
 * @param p    Any bytes, NUL included.
 * @param why  Set to what is wrong, for a log line, when not 0.
 * @return 0, EINVAL, or ENOMEM.
 */
int room_parse(struct room *r, const char *p, size_t len, const char **why);

/** Values of the headers to Jigasi; "" means: do not send it. */
struct room_headers {
    char room[ROOM_VALUE_MAX + 1];
    char domain_base[ROOM_DOMAIN_MAX + 1];
    char tenant[ROOM_TENANT_MAX + 1];
};

/**
 * Headers for a dialled room: with a domain the bare room and the domain
 * base; else the full JID where the MUC domain is known, else the bare room.
 *
 * @param muc_domain  XMPP_MUC_DOMAIN, "" when not set.
 * @return 0 or EINVAL (too long together).
 */
int room_headers_dialled(struct room_headers *h, const struct room *r,
                         const char *muc_domain);

/**
 * Headers for what a conference mapper returned, verbatim. A tenant's room,
 * `room@muc.TENANT.DOMAIN`, also gets domain base and tenant: Jigasi cannot
 * take the JID apart without them.
 *
 * @param xmpp_domain  XMPP_DOMAIN, "" when not set.
 * @param muc_domain   XMPP_MUC_DOMAIN, "" when not set.
 * @return 0 or EINVAL (empty, too long).
 */
int room_headers_conference(struct room_headers *h, const char *conference,
                            const char *xmpp_domain, const char *muc_domain);

#endif
