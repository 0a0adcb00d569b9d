#include "call/room.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/slice.h"
#include "base/utf8.h"

static bool is_general(uint32_t cp, uint32_t mask)
{
    return uc_is_general_category_withtable((ucs4_t)cp, mask);
}

static bool is_room_sign(uint32_t cp)
{
    return cp < 0x80 && cp && strchr("-_+~!", (int)cp);
}

static int room_check(const char *p, size_t len, const char **why)
{
    bool letter = false;

    for (size_t i = 0; i < len;) {
        uint32_t cp;
        size_t n = utf8_decode(p + i, len - i, &cp);

        if (!n) {
            *why = "the room is not UTF-8";
            return EINVAL;
        }
        i += n;
        if (is_general(cp, UC_CATEGORY_MASK_L)) {
            letter = true;
        } else if (is_general(cp, UC_CATEGORY_MASK_M)) {
            if (!letter) {
                *why = "the room has a combining mark without a letter";
                return EINVAL;
            }
        } else if (is_general(cp, UC_CATEGORY_MASK_N) || is_room_sign(cp)) {
            letter = false;
        } else {
            *why = "the room has characters other than letters, digits and "
                   "-_+~!";
            return EINVAL;
        }
    }
    return 0;
}

static int room_lower(struct room *r, const char *p, size_t len,
                      const char **why)
{
    size_t n = 0;
    uint8_t *low =
        u8_tolower((const uint8_t *)p, len, NULL, UNINORM_NFC, NULL, &n);
    int err = 0;

    if (!low) {
        *why = "out of memory";
        return ENOMEM;
    }
    if (slice_copy((struct slice){(const char *)low, n}, r->name,
                   sizeof(r->name))) {
        *why = "the room is longer than 128 bytes";
        err = EINVAL;
    }
    free(low);
    return err;
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* RFC 1123 2.1: labels of letters, digits and inner hyphens. */
static bool is_host_name(const char *name)
{
    size_t label = 0;

    for (const char *p = name; *p; p++) {
        if (*p == '.') {
            if (!label || p[-1] == '-')
                return false;
            label = 0;
            continue;
        }
        if (!is_host_char(*p) || (!label && *p == '-') || ++label > 63)
            return false;
    }
    return label && name[strlen(name) - 1] != '-';
}

static int domain_parse(struct room *r, struct slice s, const char **why)
{
    if (slice_copy(s, r->domain, sizeof(r->domain))) {
        *why = "the domain is longer than 253 bytes or holds a NUL";
        return EINVAL;
    }
    for (char *p = r->domain; *p; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    }
    if (!is_host_name(r->domain)) {
        *why = "what follows the first dot is no host name";
        return EINVAL;
    }
    return 0;
}

int room_parse(struct room *r, const char *p, size_t len, const char **why)
{
    const char *dot = len ? memchr(p, '.', len) : NULL;
    size_t n = dot ? (size_t)(dot - p) : len;
    int err;

    memset(r, 0, sizeof(*r));
    *why = "";
    if (!n) {
        *why = "the room is empty";
        return EINVAL;
    }
    if (n > ROOM_NAME_MAX) {
        *why = "the room is longer than 128 bytes";
        return EINVAL;
    }
    err = room_check(p, n, why);
    if (!err)
        err = room_lower(r, p, n, why);
    if (!err && dot)
        err = domain_parse(r, (struct slice){dot + 1, len - n - 1}, why);
    if (err)
        memset(r, 0, sizeof(*r));
    return err;
}

int room_headers_dialled(struct room_headers *h, const struct room *r,
                         const char *muc_domain)
{
    int n;

    memset(h, 0, sizeof(*h));
    if (r->domain[0])
        slice_copy(slice_of(r->domain), h->domain_base,
                   sizeof(h->domain_base));
    if (r->domain[0] || !muc_domain[0])
        n = snprintf(h->room, sizeof(h->room), "%s", r->name);
    else
        n = snprintf(h->room, sizeof(h->room), "%s@%s", r->name, muc_domain);
    return n > 0 && (size_t)n < sizeof(h->room) ? 0 : EINVAL;
}

/* The tenant in muc.TENANT.DOMAIN; empty when it is none. */
static struct slice tenant_of(const char *host, const char *xmpp_domain,
                              const char *muc_domain)
{
    const char *dot = strchr(muc_domain, '.');
    struct slice prefix = slice_of("muc");
    size_t host_len = strlen(host), domain_len = strlen(xmpp_domain);
    struct slice none = {"", 0};

    if (dot)
        prefix = (struct slice){muc_domain, (size_t)(dot - muc_domain)};
    if (!domain_len || host_len < prefix.len + 1 + 1 + 1 + domain_len)
        return none;
    if (strncasecmp(host, prefix.p, prefix.len) || host[prefix.len] != '.')
        return none;
    if (strcasecmp(host + host_len - domain_len, xmpp_domain) ||
        host[host_len - domain_len - 1] != '.')
        return none;
    return (struct slice){host + prefix.len + 1,
                          host_len - prefix.len - domain_len - 2};
}

int room_headers_conference(struct room_headers *h, const char *conference,
                            const char *xmpp_domain, const char *muc_domain)
{
    const char *at = strrchr(conference, '@');
    struct slice tenant = {"", 0};

    memset(h, 0, sizeof(*h));
    if (!conference[0] ||
        slice_copy(slice_of(conference), h->room, sizeof(h->room)))
        return EINVAL;
    if (at)
        tenant = tenant_of(at + 1, xmpp_domain, muc_domain);
    if (!tenant.len)
        return 0;
    if (slice_copy(tenant, h->tenant, sizeof(h->tenant)))
        return EINVAL;
    return slice_copy(slice_of(xmpp_domain), h->domain_base,
                      sizeof(h->domain_base))
               ? EINVAL
               : 0;
}
