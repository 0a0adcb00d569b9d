#include "config/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};

static int parse_address(uint8_t out[16], struct slice text, bool *v4)
{
    char buf[INET6_ADDRSTRLEN];

    if (slice_copy(text, buf, sizeof(buf)))
        return EINVAL;
    *v4 = inet_pton(AF_INET, buf, out + 12) == 1;
    if (*v4)
        memcpy(out, v4_prefix, sizeof(v4_prefix));
    else if (inet_pton(AF_INET6, buf, out) != 1)
        return EINVAL;
    return 0;
}

static bool bit(const uint8_t *p, unsigned i)
{
    return p[i / 8] >> (7 - i % 8) & 1;
}

int network_parse(struct network *n, struct slice text)
{
    const char *slash = text.len ? memchr(text.p, '/', text.len) : NULL;
    struct slice ip = text;
    uint64_t bits = 128;
    bool v4;

    if (slash)
        ip.len = (size_t)(slash - text.p);
    if (parse_address(n->address, ip, &v4))
        return EINVAL;
    if (slash) {
        struct slice rest = {slash + 1, text.len - ip.len - 1};

        if (slice_to_u64(rest, 0, v4 ? 32 : 128, &bits))
            return EINVAL;
        bits += v4 ? 96 : 0;
    }
    n->bits = (unsigned)bits;
    for (unsigned i = n->bits; i < 128; i++)
        if (bit(n->address, i))
            return EINVAL;
    return 0;
}

static bool separates(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

bool network_next(struct slice *list, struct slice *entry)
{
    while (list->len && separates(*list->p)) {
        list->p++;
        list->len--;
    }
    entry->p = list->p;
    entry->len = 0;
    while (list->len && !separates(*list->p)) {
        list->p++;
        list->len--;
        entry->len++;
    }
    return entry->len > 0;
}

static int address_bytes(uint8_t out[16], const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        const void *v = sa;
        const struct sockaddr_in *sin = v;

        memcpy(out, v4_prefix, sizeof(v4_prefix));
        memcpy(out + 12, &sin->sin_addr, 4);
        return 0;
    }
    if (sa->sa_family == AF_INET6) {
        const void *v = sa;
        const struct sockaddr_in6 *sin6 = v;

        memcpy(out, &sin6->sin6_addr, 16);
        return 0;
    }
    return EINVAL;
}

static bool covers(const struct network *n, const uint8_t a[16])
{
    for (unsigned i = 0; i < n->bits; i++)
        if (bit(n->address, i) != bit(a, i))
            return false;
    return true;
}

bool network_list_has(const char *list, const struct sockaddr *sa)
{
    struct slice rest = slice_of(list), entry;
    uint8_t a[16];

    if (address_bytes(a, sa))
        return false;
    while (network_next(&rest, &entry)) {
        struct network n;

        if (!network_parse(&n, entry) && covers(&n, a))
            return true;
    }
    return false;
}
