#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/setting.h"

/* Documentation addresses (RFC 5737, RFC 3849): routed by the default
 * route, and by nothing else. */
static const char outside_v4[] = "192.0.2.1";
static const char outside_v6[] = "2001:db8::1";

union address {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t fill(union address *a, const char *ip)
{
    memset(a, 0, sizeof(*a));
    if (inet_pton(AF_INET, ip, &a->v4.sin_addr) == 1) {
        a->sa.sa_family = AF_INET;
        return sizeof(a->v4);
    }
    if (inet_pton(AF_INET6, ip, &a->v6.sin6_addr) == 1) {
        a->sa.sa_family = AF_INET6;
        return sizeof(a->v6);
    }
    return 0;
}

static bool print(const struct sockaddr *sa, char *out, size_t size)
{
    union address a;

    if (sa->sa_family == AF_INET) {
        memcpy(&a.v4, sa, sizeof(a.v4));
        return inet_ntop(AF_INET, &a.v4.sin_addr, out, (socklen_t)size);
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(&a.v6, sa, sizeof(a.v6));
        return inet_ntop(AF_INET6, &a.v6.sin6_addr, out, (socklen_t)size);
    }
    return false;
}

bool address_is_ip(const char *text)
{
    union address a;

    return fill(&a, text) != 0;
}

bool address_is_any(const char *ip)
{
    union address a;

    if (fill(&a, ip) == sizeof(a.v4))
        return a.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return a.sa.sa_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&a.v6.sin6_addr);
}

static int parse_interface(const char *spec, int *family, const char **name)
{
    static const struct {
        const char *prefix;
        int family;
    } forms[] = {
        {"interface:ipv4/", AF_INET},
        {"interface:ipv6/", AF_INET6},
    };

    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(forms[i].prefix);

        if (strncmp(spec, forms[i].prefix, n) == 0) {
            *family = forms[i].family;
            *name = spec + n;
            return strlen(*name) > 0 && strlen(*name) < IFNAMSIZ ? 0 : EINVAL;
        }
    }
    return EINVAL;
}

bool address_is_interface(const char *text)
{
    const char *name;
    int family;

    return parse_interface(text, &family, &name) == 0;
}

/* Link-local IPv6 needs a scope that neither SIP nor SDP can carry. */
static bool usable(const struct ifaddrs *i)
{
    union address a;

    if (!i->ifa_addr)
        return false;
    if (i->ifa_addr->sa_family == AF_INET)
        return true;
    if (i->ifa_addr->sa_family != AF_INET6)
        return false;
    memcpy(&a.v6, i->ifa_addr, sizeof(a.v6));
    return !IN6_IS_ADDR_LINKLOCAL(&a.v6.sin6_addr);
}

static void list_all(const struct ifaddrs *i, char *have, size_t size)
{
    size_t n = 0;

    have[0] = '\0';
    for (; i && n < size; i = i->ifa_next) {
        char ip[INET6_ADDRSTRLEN];

        if (usable(i) && print(i->ifa_addr, ip, sizeof(ip)))
            n += (size_t)snprintf(have + n, size - n, "%s%s (%s)",
                                  n ? ", " : "", i->ifa_name, ip);
    }
}

int address_of_interface(char **ip, const char *spec, char *have, size_t size)
{
    struct ifaddrs *list;
    const char *name;
    int family, err = ENODEV;
    char text[INET6_ADDRSTRLEN];

    if (parse_interface(spec, &family, &name))
        return ENODEV;
    if (getifaddrs(&list))
        return errno;
    list_all(list, have, size);
    for (const struct ifaddrs *i = list; i && err; i = i->ifa_next) {
        if (strcmp(i->ifa_name, name) != 0)
            continue;
        err = EADDRNOTAVAIL;
        if (usable(i) && i->ifa_addr->sa_family == family &&
            print(i->ifa_addr, text, sizeof(text)))
            err = (*ip = strdup(text)) ? 0 : ENOMEM;
        if (err == ENOMEM)
            break;
    }
    freeifaddrs(list);
    return err;
}

static int route_to(char **ip, const char *outside)
{
    union address a;
    socklen_t len = fill(&a, outside);
    char text[INET6_ADDRSTRLEN];
    int fd, err = 0;

    a.v4.sin_port = htons(5060); /* the port is at one place in both */
    fd = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ENETUNREACH;
    if (connect(fd, &a.sa, len) || getsockname(fd, &a.sa, &len) ||
        !print(&a.sa, text, sizeof(text)))
        err = ENETUNREACH;
    close(fd);
    if (err)
        return err;
    *ip = strdup(text);
    return *ip ? 0 : ENOMEM;
}

int address_of_default_route(char **ip)
{
    int err = route_to(ip, outside_v4);

    return err == ENETUNREACH ? route_to(ip, outside_v6) : err;
}

int address_try(const char *ip)
{
    union address a;
    socklen_t len = fill(&a, ip);
    int fd = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int err;

    if (fd < 0)
        return errno;
    err = bind(fd, &a.sa, len) ? errno : 0;
    close(fd);
    return err;
}
