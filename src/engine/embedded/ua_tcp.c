/* Bounds what idle TCP connections may hold. sofia-sip keeps each for as long
   as its far side likes, so they are looked for among the descriptors of the
   process. A connection is only shut down here: sofia-sip, on this same
   thread, hears of its end and closes it. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/embedded/ua.h"

enum {
    SWEEP_MS = 2000,
    CROWD = 256,           /* connections that are many … */
    IDLE_MS = 600000,      /* idle for so long: shut */
    CROWD_IDLE_MS = 20000, /* … when there are many (pings come each 15 s) */
    CROWD_MUTE_MS = 2000,  /* … that never said anything */
    CROWD_SHARE = 4,       /* many is also this part of all descriptors */
};

static bool is_ours(const struct ua *ua, const struct sockaddr *sa)
{
    char ip[ADDRESS_IP_SIZE];
    unsigned port = address_port(sa);

    address_ip(sa, ip);
    for (size_t i = 0; i < 2; i++) {
        if (ua->sides[i].port == port && strcmp(ua->sides[i].ip, ip) == 0)
            return true;
    }
    return false;
}

/* Whether a descriptor is a SIP connection; info is set when it is. */
static bool connection(const struct ua *ua, int fd, struct tcp_info *info)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof(sa), size = sizeof(*info);
    int type = 0, listens = 1;
    socklen_t int_size = sizeof(int);

    if (getsockname(fd, (struct sockaddr *)&sa, &len) ||
        (sa.ss_family != AF_INET && sa.ss_family != AF_INET6) ||
        !is_ours(ua, (struct sockaddr *)&sa))
        return false;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_size) ||
        type != SOCK_STREAM ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &int_size) ||
        listens)
        return false;
    memset(info, 0, sizeof(*info));
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) == 0;
}

static bool idle(const struct tcp_info *info, bool crowd)
{
    uint32_t ms = info->tcpi_last_data_recv;

    if (crowd && !info->tcpi_bytes_received)
        return ms > CROWD_MUTE_MS;
    if (info->tcpi_bytes_sent && info->tcpi_last_data_sent < ms)
        ms = info->tcpi_last_data_sent;
    return ms > (crowd ? CROWD_IDLE_MS : IDLE_MS);
}

static void sweep_h(void *arg)
{
    struct ua *ua = arg;
    bool crowd = ua->tcp_connections > ua->tcp_crowd;
    size_t count = 0, shut = 0;
    struct tcp_info info;
    struct dirent *e;
    uint64_t fd;

    rewinddir(ua->descriptors);
    while ((e = readdir(ua->descriptors))) {
        if (slice_to_u64(slice_of(e->d_name), 3, INT32_MAX, &fd) ||
            !connection(ua, (int)fd, &info))
            continue;
        count++;
        if (idle(&info, crowd)) {
            shutdown((int)fd, SHUT_RDWR);
            shut++;
        }
    }
    ua->tcp_connections = count;
    if (shut)
        log_line(ua->log, LOG_WARN, NULL,
                 "shut idle TCP connections: %zu of %zu", shut, count);
    ua_timer(ua, &ua->tcp_timer, SWEEP_MS, sweep_h, ua);
}

void ua_tcp_start(struct ua *ua)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};

    ua->descriptors = opendir("/proc/self/fd");
    if (!ua->descriptors) {
        log_line(ua->log, LOG_WARN, NULL,
                 "cannot read /proc/self/fd: %s; idle TCP connections stay "
                 "open",
                 strerror(errno));
        return;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    ua->tcp_crowd = limit.rlim_cur / CROWD_SHARE < CROWD
                        ? (size_t)(limit.rlim_cur / CROWD_SHARE)
                        : CROWD;
    ua_timer(ua, &ua->tcp_timer, SWEEP_MS, sweep_h, ua);
}

void ua_tcp_stop(struct ua *ua)
{
    timer_stop(&ua->tcp_timer);
    if (ua->descriptors)
        closedir(ua->descriptors);
    ua->descriptors = NULL;
}
