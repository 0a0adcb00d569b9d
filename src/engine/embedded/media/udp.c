#include "engine/embedded/media/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"

enum {
    BUFFER_SIZE = 32 * 1024, /* half a second and more of G.711 */
    TRAFFIC_CLASS = 0xb8,    /* DSCP 46, EF */
};

/* A socket works without any of these: failures are left unsaid. */
static void options_set(int fd, sa_family_t family)
{
    int size = BUFFER_SIZE;
    int class = TRAFFIC_CLASS;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class));
    else
        setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof(class));
}

static int socket_open(int *fdp, struct sockaddr_storage *local, uint16_t port)
{
    int fd =
        socket(local->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int err;

    if (fd < 0)
        return errno;
    options_set(fd, local->ss_family);
    address_port_set(local, port);
    if (bind(fd, (struct sockaddr *)local, address_len(local))) {
        err = errno;
        close(fd);
        return err;
    }
    *fdp = fd;
    return 0;
}

static int pair_open(int fd[2], struct sockaddr_storage *local, uint16_t port)
{
    int err = socket_open(&fd[0], local, port);

    if (err)
        return err;
    err = socket_open(&fd[1], local, (uint16_t)(port + 1));
    if (err)
        close(fd[0]);
    return err;
}

int udp_open(int fd[2], uint16_t *port, struct ports *ports,
             const struct sockaddr_storage *address)
{
    struct sockaddr_storage local = *address;

    for (size_t left = ports_count(ports); left; left--) {
        uint16_t candidate = ports_take(ports);
        int err;

        if (!candidate)
            break;
        err = pair_open(fd, &local, candidate);
        if (!err) {
            *port = candidate;
            return 0;
        }
        ports_give(ports, candidate);
        if (err != EADDRINUSE && err != EACCES)
            return err;
    }
    return EAGAIN;
}

int udp_connect(int fd, const struct sockaddr_storage *to)
{
    return connect(fd, (const struct sockaddr *)to, address_len(to)) ? errno
                                                                     : 0;
}

void udp_disconnect(int fd)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    connect(fd, &none, sizeof(none));
}

void udp_stamp(int fd, bool on)
{
    int flag = on;

    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &flag, sizeof(flag));
}

ssize_t udp_receive(int fd, uint8_t *packet, size_t size,
                    struct sockaddr_storage *from, struct timespec *stamp)
{
    union {
        struct cmsghdr head; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof(*stamp))];
    } control;
    struct iovec iov = {packet, size};
    struct msghdr m = {.msg_name = from,
                       .msg_namelen = sizeof(*from),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(fd, &m, MSG_TRUNC);
    const struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);

    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS &&
        c->cmsg_len == CMSG_LEN(sizeof(*stamp)))
        memcpy(stamp, CMSG_DATA(c), sizeof(*stamp));
    else
        *stamp = (struct timespec){0};
    return n;
}
