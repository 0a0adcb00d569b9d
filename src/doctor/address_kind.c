#include "doctor/address_kind.h"

#include <stddef.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/netlist.h"

static const char *const texts[] = {
    [ADDRESS_PUBLIC] = "a public address",
    [ADDRESS_PRIVATE] = "a private address",
    [ADDRESS_CARRIER] = "an address of a provider's NAT",
    [ADDRESS_LOOPBACK] = "a loopback address",
    [ADDRESS_LINK_LOCAL] = "a link-local address",
    [ADDRESS_DOCUMENTATION] = "an address out of documentation",
    [ADDRESS_NO_HOST] = "the address of no single host",
    [ADDRESS_NONE] = "no IP address",
};

static const struct {
    const char *networks;
    enum address_kind kind;
} blocks[] = {
    {"127.0.0.0/8 ::1", ADDRESS_LOOPBACK},
    {"10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7", ADDRESS_PRIVATE},
    {"100.64.0.0/10", ADDRESS_CARRIER},
    {"169.254.0.0/16 fe80::/10", ADDRESS_LINK_LOCAL},
    {"192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32",
     ADDRESS_DOCUMENTATION},
    {"0.0.0.0/8 224.0.0.0/3 :: ff00::/8", ADDRESS_NO_HOST},
};

static bool inside(const char *networks, union address_ref a)
{
    struct netlist *nl = NULL;
    bool match = !netlist_parse(&nl, networks, NULL) && netlist_match(nl, a);

    netlist_free(nl);
    return match;
}

enum address_kind address_kind(const char *ip)
{
    struct sockaddr_storage a;

    if (address_read(&a, ip, 0))
        return ADDRESS_NONE;
    for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
        if (inside(blocks[i].networks, &a))
            return blocks[i].kind;
    return ADDRESS_PUBLIC;
}

const char *address_kind_text(enum address_kind kind)
{
    return texts[kind];
}

bool address_is_inside(enum address_kind kind)
{
    return kind == ADDRESS_PRIVATE || kind == ADDRESS_CARRIER ||
           kind == ADDRESS_LINK_LOCAL;
}
