/*
 * A bare UDP relay, the bound for the gateway: what the kernel asks for each
 * packet when nothing but forwarding is done. It works like the gateway's
 * pass-through must: a socket of its own for each leg, epoll, one receive
 * and one send a packet.
 *
 * relay ADDRESS PORT CALLS: call i has its legs at PORT + 4 i and two above.
 * What comes in at one leg leaves from the other, to where that one last
 * heard from. Prints "ready"; ends when its standard input does.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct leg {
    int fd;
    struct sockaddr_in far; /* port 0: not heard from */
};

static int leg_open(int epoll, struct leg *legs, size_t i, struct in_addr at,
                    unsigned port)
{
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = at};
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = i};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    self.sin_port = htons((uint16_t)port);
    if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev))
        err(2, "port %u", port);
    legs[i].fd = fd;
    return fd;
}

static void forward(struct leg *from, const struct leg *to)
{
    char buf[2048];
    socklen_t len = sizeof(from->far);
    ssize_t n = recvfrom(from->fd, buf, sizeof(buf), 0,
                         (struct sockaddr *)&from->far, &len);

    if (n < 0 || !to->far.sin_port)
        return;
    n = sendto(to->fd, buf, (size_t)n, 0, (const struct sockaddr *)&to->far,
               sizeof(to->far));
    (void)n; /* lost, as a datagram may be */
}

int main(int argc, char **argv)
{
    struct epoll_event ev[64], in = {.events = EPOLLIN, .data.u64 = ~0ull};
    struct rlimit files;
    struct in_addr at;
    struct leg *legs;
    unsigned port, calls;
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (argc != 4 || inet_pton(AF_INET, argv[1], &at) != 1)
        errx(2, "usage: relay ADDRESS PORT CALLS");
    port = (unsigned)strtoul(argv[2], NULL, 10);
    calls = (unsigned)strtoul(argv[3], NULL, 10);
    if (!calls || port + 4ull * calls > 65535)
        errx(2, "ports: %u + 4 x %u", port, calls);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    legs = calloc(2u * calls, sizeof(*legs));
    if (!legs || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &in))
        err(2, "start");
    for (size_t i = 0; i < 2u * calls; i++)
        leg_open(epoll, legs, i, at, port + 2 * (unsigned)i);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = epoll_wait(epoll, ev, 64, -1);

        for (int i = 0; i < n; i++) {
            if (ev[i].data.u64 == ~0ull)
                return 0;
            forward(&legs[ev[i].data.u64], &legs[ev[i].data.u64 ^ 1]);
        }
    }
}
