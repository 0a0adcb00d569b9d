#include "base/netlist.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { V4_PREFIX = 96, ADDRESS_BYTES = 16 };

/* Addresses of both families as IPv6, IPv4 mapped. */
struct network {
    uint8_t address[ADDRESS_BYTES];
    unsigned prefix; /* bits, 0 to 128; IPv4: 96 at least */
};

struct netlist {
    size_t n;
    struct network net[NETLIST_MAX];
};

static const struct {
    const char *name;
    const char *networks;
} names[] = {
    {"none", ""},
    {"rfc1918.auto", "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"},
    {"rfc6598.auto", "100.64.0.0/10"},
    {"loopback.auto", "127.0.0.0/8,::1"},
};

/* 16 bytes, or false: neither IPv4 nor IPv6. */
static bool to_bytes(uint8_t out[ADDRESS_BYTES], union address_ref a)
{
    if (a.sa->sa_family == AF_INET) {
        memset(out, 0, 10);
        memset(out + 10, 0xff, 2);
        memcpy(out + 12, &a.v4->sin_addr, 4);
        return true;
    }
    if (a.sa->sa_family == AF_INET6)
        memcpy(out, &a.v6->sin6_addr, ADDRESS_BYTES);
    return a.sa->sa_family == AF_INET6;
}

static int parse_network(struct network *net, struct slice entry)
{
    const char *slash = memchr(entry.p, '/', entry.len);
    struct slice host = entry;
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_storage sa;
    unsigned base; /* of the family's widest prefix, mapped */
    uint64_t bits;

    if (slash)
        host.len = (size_t)(slash - entry.p);
    if (slice_copy(host, text, sizeof(text)) || address_read(&sa, text, 0) ||
        !to_bytes(net->address, &sa))
        return EINVAL;
    base = sa.ss_family == AF_INET ? V4_PREFIX : 0;
    net->prefix = 128;
    if (!slash)
        return 0;
    entry.p = slash + 1;
    entry.len -= host.len + 1;
    if (slice_to_u64(entry, 0, 128 - base, &bits))
        return EINVAL;
    net->prefix = base + (unsigned)bits;
    return 0;
}

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Cut the next entry off the text; empty at the end. */
static struct slice next_entry(const char **text)
{
    struct slice entry;

    while (is_separator(**text))
        (*text)++;
    entry = (struct slice){*text, 0};
    while (**text && !is_separator(**text)) {
        (*text)++;
        entry.len++;
    }
    return entry;
}

static const char *named(struct slice entry)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (slice_is_nocase(entry, names[i].name))
            return names[i].networks;
    return NULL;
}

/* Append what the text lists; names only at the first level. */
static int append(struct netlist *nl, const char *text, bool names_too,
                  struct slice *fault)
{
    struct slice entry;

    while (entry = next_entry(&text), entry.len) {
        const char *networks = names_too ? named(entry) : NULL;
        int err;

        if (networks)
            err = append(nl, networks, false, NULL);
        else if (nl->n == NETLIST_MAX)
            err = E2BIG;
        else
            err = parse_network(&nl->net[nl->n], entry);
        if (err) {
            if (fault)
                *fault = entry;
            return err;
        }
        if (!networks)
            nl->n++;
    }
    return 0;
}

int netlist_parse(struct netlist **nlp, const char *text, struct slice *fault)
{
    struct netlist *nl = calloc(1, sizeof(*nl));
    int err;

    if (!nl)
        return ENOMEM;
    err = append(nl, text, true, fault);
    if (err)
        netlist_free(nl);
    else
        *nlp = nl;
    return err;
}

void netlist_free(struct netlist *nl)
{
    free(nl);
}

/* ::/0 is all of IPv6, not of IPv4 too. */
static bool is_v4(const uint8_t address[ADDRESS_BYTES])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    if (memcmp(a, b, whole) != 0)
        return false;
    return !rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool netlist_match(const struct netlist *nl, union address_ref a)
{
    uint8_t address[ADDRESS_BYTES];

    if (!nl || !to_bytes(address, a))
        return false;
    for (size_t i = 0; i < nl->n; i++)
        if ((nl->net[i].prefix >= V4_PREFIX || !is_v4(address)) &&
            same_bits(address, nl->net[i].address, nl->net[i].prefix))
            return true;
    return false;
}
