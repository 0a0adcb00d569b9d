#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "config/setting.h"

/* Documentation addresses (RFC 5737, RFC 3849): routed by the default
 * route, and by nothing else. */
static const char outside_v4[] = "192.0.2.1";
static const char outside_v6[] = "2001:db8::1";

enum { OUTSIDE_PORT = 5060 };

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

bool interface_is_spec(const char *text)
{
    const char *name;
    int family;

    return parse_interface(text, &family, &name) == 0;
}

/* Write the address of an interface; false: it has none of use. Link-local
   IPv6 needs a scope that neither SIP nor SDP can carry. */
static bool usable(const struct ifaddrs *i, char ip[ADDRESS_IP_SIZE])
{
    struct sockaddr_storage a;

    if (!i->ifa_addr || address_copy(&a, i->ifa_addr))
        return false;
    address_ip(&a, ip);
    return a.ss_family == AF_INET ||
           !IN6_IS_ADDR_LINKLOCAL(
               &((struct sockaddr_in6 *)(void *)&a)->sin6_addr);
}

static void list_all(const struct ifaddrs *i, char *have, size_t size)
{
    size_t n = 0;

    have[0] = '\0';
    for (; i && n < size; i = i->ifa_next) {
        char ip[ADDRESS_IP_SIZE];

        if (usable(i, ip))
            n += (size_t)snprintf(have + n, size - n, "%s%s (%s)",
                                  n ? ", " : "", i->ifa_name, ip);
    }
}

int interface_address(char **ip, const char *spec, char *have, size_t size)
{
    struct ifaddrs *list;
    const char *name;
    int family, err = ENODEV;
    char text[ADDRESS_IP_SIZE];

    if (parse_interface(spec, &family, &name))
        return ENODEV;
    if (getifaddrs(&list))
        return errno;
    list_all(list, have, size);
    for (const struct ifaddrs *i = list; i && err; i = i->ifa_next) {
        if (strcmp(i->ifa_name, name) != 0)
            continue;
        err = EADDRNOTAVAIL;
        if (usable(i, text) && i->ifa_addr->sa_family == family)
            err = (*ip = strdup(text)) ? 0 : ENOMEM;
        if (err == ENOMEM)
            break;
    }
    freeifaddrs(list);
    return err;
}

static int route_to(char **ip, const char *outside)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);
    char text[ADDRESS_IP_SIZE];
    int fd, err = 0;

    address_read(&a, outside, OUTSIDE_PORT);
    fd = socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ENETUNREACH;
    if (connect(fd, (struct sockaddr *)&a, address_len(&a)) ||
        getsockname(fd, (struct sockaddr *)&a, &len))
        err = ENETUNREACH;
    close(fd);
    if (err)
        return err;
    *ip = strdup(address_ip(&a, text));
    return *ip ? 0 : ENOMEM;
}

int interface_default_address(char **ip)
{
    int err = route_to(ip, outside_v4);

    return err == ENETUNREACH ? route_to(ip, outside_v6) : err;
}
