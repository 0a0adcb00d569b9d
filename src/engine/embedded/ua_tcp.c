/* Bounds what TCP connections may hold that are idle, or on which a message
   takes for ever. sofia-sip keeps each for as long as its far side likes, so
   they are looked for among the descriptors of the process. A connection is
   only shut down here: sofia-sip, on this same thread, hears of its end and
   closes it. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "engine/embedded/ua.h"

enum {
    SWEEP_MS = 2000,
    CROWD = 256,           /* connections that are many … */
    IDLE_MS = 600000,      /* idle for so long: shut */
    CROWD_IDLE_MS = 20000, /* … when there are many (pings come each 15 s) */
    CROWD_MUTE_MS = 2000,  /* … that never said anything */
    CROWD_SHARE = 4,       /* many is also this part of all descriptors */
    MESSAGE_MS = 32000,    /* for a message from its first byte to its last:
                              64*T1, as a transaction has */
};

/* What a look remembers of a connection until the next. */
struct ua_tcp_seen {
    ino_t socket;   /* a descriptor is soon another's */
    uint64_t since; /* a message may be under way, and no answer sent */
};

enum kind { NOT_OURS, PLAIN, BEHIND_TLS };

static enum kind kind_of(const struct ua *ua, const struct sockaddr *sa)
{
    char ip[ADDRESS_IP_SIZE];
    unsigned port = address_port(sa);

    address_ip(sa, ip);
    for (size_t i = 0; i < 2; i++) {
        if (ua->sides[i].port == port && strcmp(ua->sides[i].ip, ip) == 0)
            return PLAIN;
    }
    return port == ua->sides[UA_TLS].inner_port && strcmp(ip, "127.0.0.1") == 0
               ? BEHIND_TLS
               : NOT_OURS;
}

/* Whether a descriptor is a SIP connection; info is set when it is. */
static enum kind connection(const struct ua *ua, int fd, struct tcp_info *info)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof(sa), size = sizeof(*info);
    int type = 0, listens = 1;
    socklen_t int_size = sizeof(int);
    enum kind kind;

    if (getsockname(fd, (struct sockaddr *)&sa, &len) ||
        (sa.ss_family != AF_INET && sa.ss_family != AF_INET6))
        return NOT_OURS;
    kind = kind_of(ua, (struct sockaddr *)&sa);
    if (kind == NOT_OURS ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_size) ||
        type != SOCK_STREAM ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &int_size) ||
        listens)
        return NOT_OURS;
    memset(info, 0, sizeof(*info));
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) ? NOT_OURS
                                                              : kind;
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

static struct ua_tcp_seen *seen(struct ua *ua, int fd)
{
    struct ua_tcp_seen *more = ua->tcp_seen;
    size_t n = (size_t)fd + 1;

    if (n > ua->n_tcp_seen) {
        n += n / 2;
        more = reallocarray(more, n, sizeof(*more));
        if (!more)
            return NULL;
        memset(more + ua->n_tcp_seen, 0, (n - ua->n_tcp_seen) * sizeof(*more));
        ua->tcp_seen = more;
        ua->n_tcp_seen = n;
    }
    return more + fd;
}

/* Whether bytes come and come and make no message. Every message is answered,
   or is an answer or an ACK to what we sent, or its sender is not worth an
   answer; and pings are answered (RFC 5626 section 4.4.1). Where a pause was
   longer than it allows, no message is under way. */
static bool dribbles(struct ua *ua, int fd, const struct tcp_info *info)
{
    struct ua_tcp_seen *c = seen(ua, fd);
    uint64_t now = ua_now(), sent = 0;
    struct stat st;

    if (!c || fstat(fd, &st))
        return false;
    if (c->socket != st.st_ino ||
        info->tcpi_last_data_recv > UA_TCP_PAUSE_MS + SWEEP_MS / 2) {
        c->socket = st.st_ino;
        c->since = now;
    }
    if (info->tcpi_bytes_sent && info->tcpi_last_data_sent < now)
        sent = now - info->tcpi_last_data_sent;
    if (sent > c->since)
        c->since = sent;
    return now - c->since > MESSAGE_MS;
}

static void sweep_h(void *arg)
{
    struct ua *ua = arg;
    bool crowd = ua->tcp_connections > ua->tcp_crowd;
    size_t count = 0, shut = 0, cut = 0;
    struct tcp_info info;
    struct dirent *e;
    uint64_t fd;

    rewinddir(ua->descriptors);
    while ((e = readdir(ua->descriptors))) {
        enum kind kind;
        bool endless, silent;

        if (slice_to_u64(slice_of(e->d_name), 3, INT32_MAX, &fd))
            continue;
        kind = connection(ua, (int)fd, &info);
        if (kind == NOT_OURS)
            continue;
        endless = dribbles(ua, (int)fd, &info);
        silent = kind == PLAIN && idle(&info, crowd);
        if (endless || silent)
            shutdown((int)fd, SHUT_RDWR);
        count += kind == PLAIN;
        cut += endless;
        shut += silent;
    }
    ua->tcp_connections = count;
    if (shut)
        log_line(ua->log, LOG_WARN, NULL,
                 "shut idle TCP connections: %zu of %zu", shut, count);
    if (cut)
        log_line(ua->log, LOG_WARN, NULL,
                 "shut connections on which a message took longer than "
                 "%d s: %zu",
                 MESSAGE_MS / 1000, cut);
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
    free(ua->tcp_seen);
    ua->tcp_seen = NULL;
    ua->n_tcp_seen = 0;
}
