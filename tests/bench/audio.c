/* Audio of the calls: each packet tells whose it is, so that loss, mix-ups,
 * damage, reordering and gaps are seen by the receiver. */
#include "load.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    BATCH = 64,
    BATCHES_MAX = 32,
    EVENT = RTP + 4,
    KEY_PACKETS = 6, /* of an event without end bit (120 ms) … */
    KEY_ENDS = 3,    /* … then with it (RFC 4733, 2.5.1.4) … */
    KEY_PAUSE = 3,   /* … then audio before the next key */
    KEY_STEPS = KEY_PACKETS + KEY_ENDS + KEY_PAUSE,
};

/* What a G.711 packet of ours holds; in host order, it never leaves us. */
struct mark {
    char magic[4];
    uint32_t call;
    uint8_t end; /* who sent it */
    uint8_t window;
    uint8_t zero[2];
    uint32_t n;
    uint64_t sent_ns;
};

enum { FILL = PACKET - RTP - (int)sizeof(struct mark) };

static uint8_t fill[512];

static const uint8_t *fill_of(uint32_t call, unsigned end, uint32_t n)
{
    return fill + ((call * 7 + n * 13 + end * 101) & 255);
}

static int rtp_socket(struct load *l, enum end_name end, unsigned slot,
                      struct in_addr address)
{
    struct sockaddr_in *self = &l->rtp_self[end][slot];
    socklen_t len = sizeof(*self);
    int on = 1, size = 4 << 20, fd;

    *self = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = address};
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)self, len) ||
        getsockname(fd, (struct sockaddr *)self, &len))
        err(2, "RTP socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    return fd;
}

void audio_open(struct load *l, const struct in_addr address[2])
{
    srandom(4733);
    for (size_t i = 0; i < sizeof(fill); i++)
        fill[i] = (uint8_t)random();
    for (unsigned end = PHONE; end <= JIGASI; end++)
        for (unsigned i = 0; i < SLOTS; i++)
            l->rtp[end][i] =
                rtp_socket(l, (enum end_name)end, i, address[end]);
}

void audio_start(struct load *l, struct call *c, enum end_name end,
                 struct sockaddr_in to, int pt)
{
    struct flow *f = &c->leg[end].flow;

    f->to = to;
    f->pt = pt;
    l->call_of_port[end][ntohs(to.sin_port)] = (uint16_t)(c - l->calls + 1);
    if (f->on)
        return;
    f->on = true;
    f->ssrc = (uint32_t)random();
    f->seq = (uint16_t)random();
    f->ts = (uint32_t)random();
}

void audio_key(struct call *c, const char *keys)
{
    c->leg[PHONE].flow.keying = (struct keying){.keys = keys};
}

/* ---- sending ---- */

static void put_head(uint8_t *p, struct flow *f, bool marker, unsigned pt,
                     uint32_t ts)
{
    uint16_t seq = htons(f->seq++);

    ts = htonl(ts);
    p[0] = 0x80;
    p[1] = (uint8_t)((marker ? 0x80 : 0) | pt);
    memcpy(p + 2, &seq, 2);
    memcpy(p + 4, &ts, 4);
    memcpy(p + 8, &f->ssrc, 4);
}

static size_t put_mark(const struct load *l, uint8_t *payload, uint32_t call,
                       unsigned end, uint32_t n, uint64_t ns)
{
    const struct mark m = {.magic = "JGB",
                           .call = call,
                           .end = (uint8_t)end,
                           .window = l->window,
                           .n = n,
                           .sent_ns = ns};

    memcpy(payload, &m, sizeof(m));
    memcpy(payload + sizeof(m), fill_of(call, end, n), FILL);
    return sizeof(m) + FILL;
}

static size_t put_audio(const struct load *l, uint8_t *p, uint32_t call,
                        unsigned end, struct flow *f, uint64_t ns)
{
    uint32_t n = f->n++;
    size_t len;

    put_head(p, f, n == 0, (unsigned)f->pt, f->ts);
    if (l->voice[end])
        len = listen_say(l, call, (enum end_name)end, n, p + RTP);
    else
        len = put_mark(l, p + RTP, call, end, n, ns);
    if (l->window) {
        f->sent++;
        if (f->sent_at && ns - f->sent_at > f->send_gap)
            f->send_gap = ns - f->sent_at;
    }
    f->sent_at = ns;
    return RTP + len;
}

/* One packet of a key press instead of audio; 0: a pause, send audio. */
static size_t put_key(uint8_t *p, struct flow *f, uint64_t ns)
{
    static const char events[] = "0123456789*#";
    struct keying *k = &f->keying;
    const char *event = k->keys ? strchr(events, *k->keys) : NULL;
    unsigned step = k->step++;
    bool end = step >= KEY_PACKETS;
    uint16_t duration;

    if (!event || !*event)
        return 0;
    if (k->step == KEY_STEPS) {
        k->step = 0;
        if (!*++k->keys)
            k->keys = NULL;
    }
    if (step >= KEY_PACKETS + KEY_ENDS)
        return 0;
    if (step == 0)
        k->event_ts = f->ts;
    if (step == 0 && !k->keys[1])
        k->press_ns = ns;
    if (step == KEY_PACKETS && !k->keys[1])
        k->end_ns = ns;
    put_head(p, f, step == 0, DTMF_PT, k->event_ts);
    duration = htons((uint16_t)((end ? KEY_PACKETS : step + 1) * 160));
    p[RTP] = (uint8_t)(event - events);
    p[RTP + 1] = (uint8_t)((end ? 0x80 : 0) | 10);
    memcpy(p + RTP + 2, &duration, 2);
    return EVENT;
}

static void send_batch(int fd, struct mmsghdr *m, unsigned n)
{
    unsigned done = 0;

    while (done < n) {
        int got = sendmmsg(fd, m + done, n - done, 0);

        if (got <= 0) {
            if (errno != EINTR && errno != EAGAIN)
                done++; /* ICMP error of a closed port: skip one */
            continue;
        }
        done += (unsigned)got;
    }
}

static void send_slot(struct load *l, enum end_name end, unsigned slot)
{
    static uint8_t data[BATCH][PACKET_MAX];
    uint32_t units = codecs[l->codec[end]].clock / 1000 * VOICE_MS;
    struct mmsghdr m[BATCH] = {0};
    struct iovec iov[BATCH];
    unsigned n = 0;
    uint64_t ns = now_ns();

    for (size_t i = slot; i < l->n_calls; i += SLOTS) {
        struct flow *f = &l->calls[i].leg[end].flow;
        size_t len = 0;

        if (!f->on)
            continue;
        if (f->keying.keys)
            len = put_key(data[n], f, ns);
        if (!len)
            len = put_audio(l, data[n], (uint32_t)i, end, f, ns);
        f->ts += units;
        iov[n] = (struct iovec){data[n], len};
        m[n].msg_hdr = (struct msghdr){.msg_name = &f->to,
                                       .msg_namelen = sizeof(f->to),
                                       .msg_iov = &iov[n],
                                       .msg_iovlen = 1};
        if (++n == BATCH) {
            send_batch(l->rtp[end][slot], m, n);
            n = 0;
            ns = now_ns();
        }
    }
    if (n)
        send_batch(l->rtp[end][slot], m, n);
}

void audio_tick(struct load *l)
{
    send_slot(l, PHONE, l->slot);
    send_slot(l, JIGASI, l->slot);
    l->slot = (l->slot + 1) % SLOTS;
}

void audio_window(struct load *l, bool on)
{
    l->window = on;
    if (on)
        l->window_ns = now_ns();
    else
        l->window_end_ns = now_ns();
    for (size_t i = 0; on && i < l->n_calls; i++)
        for (unsigned end = PHONE; end <= JIGASI; end++)
            l->calls[i].leg[end].flow.sent_at = 0;
}

/* ---- receiving ---- */

static uint64_t stamp_of(struct msghdr *h)
{
    struct timespec ts;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&ts, CMSG_DATA(c), sizeof(ts));
        return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
    }
    return now_ns();
}

/* Loss of marked packets is what was sent and not received. */
void flow_follow(struct flow *f, const uint8_t *p, uint32_t n, unsigned units,
                 uint64_t at)
{
    uint32_t ts, ssrc;
    uint16_t seq;
    int32_t step = (int32_t)(n - f->last_n);

    memcpy(&seq, p + 2, 2);
    memcpy(&ts, p + 4, 4);
    memcpy(&ssrc, p + 8, 4);
    seq = ntohs(seq);
    ts = ntohl(ts);
    if (f->started && step <= 0) {
        if (step > -64 && f->seen >> -step & 1) {
            f->wrong++; /* the same packet twice */
            return;
        }
        f->late++;
        f->received++;
        f->seen |= step > -64 ? 1ull << -step : 0;
        return;
    }
    f->received++;
    if (f->started) {
        f->seen = step < 64 ? f->seen << step | 1 : 1;
        if (at - f->received_at > f->gap)
            f->gap = at - f->received_at;
        if (ssrc != f->last_ssrc ||
            (uint16_t)(seq - f->last_seq) != (uint16_t)step ||
            ts - f->last_ts != (uint32_t)step * units)
            f->breaks++;
        f->missing += (uint32_t)step - 1;
    }
    f->started = true;
    f->seen |= 1;
    f->received_at = at;
    f->last_n = n;
    f->last_seq = seq;
    f->last_ts = ts;
    f->last_ssrc = ssrc;
}

static void note_transit(struct load *l, uint64_t ns)
{
    uint64_t step = ns / 1000 / TRANSIT_STEP_US;

    l->transit[step < TRANSIT_STEPS ? step : TRANSIT_STEPS]++;
    if (ns > l->transit_max)
        l->transit_max = ns;
}

static void packet(struct load *l, enum end_name end, unsigned slot,
                   const uint8_t *p, size_t len,
                   const struct sockaddr_in *from, uint64_t at)
{
    struct mark m;
    struct flow *f;

    /* Our ports are not in pairs: the one above may be another call's, and
       gets reports that are not for it (RFC 3550 section 11). */
    if (len >= 2 && p[1] >= 192 && p[1] <= 223)
        return;
    if (l->voice[end]) {
        listen_packet(l, end, slot, p, len, from, at);
        return;
    }
    memcpy(&m, p + RTP, sizeof(m));
    if (len != PACKET || memcmp(m.magic, "JGB", 4) != 0 ||
        m.call >= l->n_calls) {
        l->strangers += l->window && at >= l->window_ns;
        return;
    }
    if (!m.window)
        return;
    f = &l->calls[m.call].leg[end].flow;
    if (m.end == (uint8_t)end || m.call % SLOTS != slot ||
        from->sin_port != f->to.sin_port ||
        from->sin_addr.s_addr != f->to.sin_addr.s_addr ||
        (p[1] & 0x7f) != f->pt ||
        memcmp(p + RTP + sizeof(m), fill_of(m.call, m.end, m.n), FILL) != 0) {
        f->wrong++;
        return;
    }
    flow_follow(f, p, m.n, PACKET - RTP, at);
    if (at > m.sent_ns)
        note_transit(l, at - m.sent_ns);
}

static int read_batch(struct load *l, enum end_name end, unsigned slot)
{
    static uint8_t data[BATCH][2048];
    static char control[BATCH][64];
    struct sockaddr_in from[BATCH];
    struct mmsghdr m[BATCH];
    struct iovec iov[BATCH];
    int n;

    for (unsigned i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){data[i], sizeof(data[i])};
        m[i].msg_hdr = (struct msghdr){
            .msg_name = &from[i],
            .msg_namelen = sizeof(from[i]),
            .msg_iov = &iov[i],
            .msg_iovlen = 1,
            .msg_control = control[i],
            .msg_controllen = sizeof(control[i]),
        };
    }
    n = recvmmsg(l->rtp[end][slot], m, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        packet(l, end, slot, data[i], m[i].msg_len, &from[i],
               stamp_of(&m[i].msg_hdr));
    return n;
}

void audio_read(struct load *l)
{
    for (unsigned end = PHONE; end <= JIGASI; end++)
        for (unsigned slot = 0; slot < SLOTS; slot++)
            /* after a stall of ours there may be much to catch up with */
            for (unsigned i = 0; i < BATCHES_MAX; i++)
                if (read_batch(l, (enum end_name)end, slot) < BATCH)
                    break;
}
