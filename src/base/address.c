#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NETWORK_BYTES = 8 }; /* of an IPv6 address: what a host is given */

static struct sockaddr_in *in4(struct sockaddr_storage *a)
{
    return (struct sockaddr_in *)(void *)a;
}

static struct sockaddr_in6 *in6(struct sockaddr_storage *a)
{
    return (struct sockaddr_in6 *)(void *)a;
}

int address_read(struct sockaddr_storage *out, const char *ip, uint16_t port)
{
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, ip, &in4(out)->sin_addr) == 1)
        out->ss_family = AF_INET;
    else if (inet_pton(AF_INET6, ip, &in6(out)->sin6_addr) == 1)
        out->ss_family = AF_INET6;
    else
        return EINVAL;
    address_port_set(out, port);
    return 0;
}

bool address_is_ip(const char *text)
{
    struct sockaddr_storage a;

    return address_read(&a, text, 0) == 0;
}

bool address_is_any_ip(const char *text)
{
    struct sockaddr_storage a;

    return address_read(&a, text, 0) == 0 && address_is_any(&a);
}

int address_copy(struct sockaddr_storage *out, union address_ref a)
{
    memset(out, 0, sizeof(*out));
    if (a.sa->sa_family == AF_INET) {
        in4(out)->sin_addr = a.v4->sin_addr;
    } else if (a.sa->sa_family == AF_INET6) {
        in6(out)->sin6_addr = a.v6->sin6_addr;
        in6(out)->sin6_scope_id = a.v6->sin6_scope_id;
    } else {
        return EAFNOSUPPORT;
    }
    out->ss_family = a.sa->sa_family;
    address_port_set(out, address_port(a));
    return 0;
}

socklen_t address_len(union address_ref a)
{
    return a.sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                       : sizeof(struct sockaddr_in);
}

uint16_t address_port(union address_ref a)
{
    return ntohs(a.sa->sa_family == AF_INET6 ? a.v6->sin6_port
                                             : a.v4->sin_port);
}

void address_port_set(struct sockaddr_storage *a, uint16_t port)
{
    if (a->ss_family == AF_INET6)
        in6(a)->sin6_port = htons(port);
    else
        in4(a)->sin_port = htons(port);
}

/* All of an IPv4 address, the first bytes of an IPv6 one. */
static bool same(union address_ref a, union address_ref b, size_t v6_bytes)
{
    if (a.sa->sa_family != b.sa->sa_family)
        return false;
    if (a.sa->sa_family == AF_INET)
        return a.v4->sin_addr.s_addr == b.v4->sin_addr.s_addr;
    return a.sa->sa_family == AF_INET6 &&
           memcmp(&a.v6->sin6_addr, &b.v6->sin6_addr, v6_bytes) == 0;
}

bool address_same_host(union address_ref a, union address_ref b)
{
    return same(a, b, sizeof(struct in6_addr));
}

bool address_same_network(union address_ref a, union address_ref b)
{
    return same(a, b, NETWORK_BYTES);
}

bool address_equal(union address_ref a, union address_ref b)
{
    return address_same_host(a, b) && address_port(a) == address_port(b);
}

bool address_is_any(union address_ref a)
{
    if (a.sa->sa_family == AF_INET)
        return a.v4->sin_addr.s_addr == htonl(INADDR_ANY);
    return a.sa->sa_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&a.v6->sin6_addr);
}

bool address_is_group(union address_ref a)
{
    if (a.sa->sa_family == AF_INET)
        return ntohl(a.v4->sin_addr.s_addr) >= INADDR_UNSPEC_GROUP;
    return a.sa->sa_family == AF_INET6 &&
           IN6_IS_ADDR_MULTICAST(&a.v6->sin6_addr);
}

bool address_usable(union address_ref a)
{
    return (a.sa->sa_family == AF_INET || a.sa->sa_family == AF_INET6) &&
           address_port(a) && !address_is_any(a) && !address_is_group(a);
}

const char *address_ip(union address_ref a, char buf[ADDRESS_IP_SIZE])
{
    if (a.sa->sa_family == AF_INET)
        inet_ntop(AF_INET, &a.v4->sin_addr, buf, ADDRESS_IP_SIZE);
    else if (a.sa->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &a.v6->sin6_addr, buf, ADDRESS_IP_SIZE);
    else
        snprintf(buf, ADDRESS_IP_SIZE, "none");
    return buf;
}

const char *address_text(union address_ref a, char buf[ADDRESS_TEXT_SIZE])
{
    char ip[ADDRESS_IP_SIZE];
    unsigned port = address_port(a);

    address_ip(a, ip);
    if (a.sa->sa_family == AF_INET6)
        snprintf(buf, ADDRESS_TEXT_SIZE, "[%s]:%u", ip, port);
    else if (a.sa->sa_family == AF_INET)
        snprintf(buf, ADDRESS_TEXT_SIZE, "%s:%u", ip, port);
    else
        snprintf(buf, ADDRESS_TEXT_SIZE, "%s", ip);
    return buf;
}

int address_try(const char *ip, uint16_t port, int type)
{
    struct sockaddr_storage sa;
    int fd, on = 1, err = address_read(&sa, ip, port);

    if (err)
        return err;
    fd = socket(sa.ss_family, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&sa, address_len(&sa)))
        err = errno;
    close(fd);
    return err;
}
