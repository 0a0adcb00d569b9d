#include "engine/embedded/media/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const struct sockaddr_in *in4(const struct sockaddr_storage *a)
{
    return (const struct sockaddr_in *)a;
}

static const struct sockaddr_in6 *in6(const struct sockaddr_storage *a)
{
    return (const struct sockaddr_in6 *)a;
}

bool address_same_host(const struct sockaddr_storage *a,
                       const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET)
        return in4(a)->sin_addr.s_addr == in4(b)->sin_addr.s_addr;
    return a->ss_family == AF_INET6 &&
           IN6_ARE_ADDR_EQUAL(&in6(a)->sin6_addr, &in6(b)->sin6_addr);
}

uint16_t address_port(const struct sockaddr_storage *a)
{
    return ntohs(a->ss_family == AF_INET6 ? in6(a)->sin6_port
                                          : in4(a)->sin_port);
}

bool address_equal(const struct sockaddr_storage *a,
                   const struct sockaddr_storage *b)
{
    return address_same_host(a, b) && address_port(a) == address_port(b);
}

bool address_usable(const struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET) {
        in_addr_t host = ntohl(in4(a)->sin_addr.s_addr);

        return in4(a)->sin_port && host != INADDR_ANY && !IN_MULTICAST(host) &&
               host != INADDR_BROADCAST;
    }
    if (a->ss_family == AF_INET6)
        return in6(a)->sin6_port &&
               !IN6_IS_ADDR_UNSPECIFIED(&in6(a)->sin6_addr) &&
               !IN6_IS_ADDR_MULTICAST(&in6(a)->sin6_addr);
    return false;
}

socklen_t address_len(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                    : sizeof(struct sockaddr_in);
}

void address_port_set(struct sockaddr_storage *a, uint16_t port)
{
    if (a->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)a)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)a)->sin_port = htons(port);
}

const char *address_text(const struct sockaddr_storage *a,
                         char buf[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "none";

    if (a->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &in6(a)->sin6_addr, host, sizeof(host));
        snprintf(buf, ADDRESS_TEXT_MAX, "[%s]:%u", host,
                 (unsigned)ntohs(in6(a)->sin6_port));
    } else if (a->ss_family == AF_INET) {
        inet_ntop(AF_INET, &in4(a)->sin_addr, host, sizeof(host));
        snprintf(buf, ADDRESS_TEXT_MAX, "%s:%u", host,
                 (unsigned)ntohs(in4(a)->sin_port));
    } else {
        snprintf(buf, ADDRESS_TEXT_MAX, "none");
    }
    return buf;
}
