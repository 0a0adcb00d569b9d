/* Signalling of both ends: phones place calls, Jigasi answers them. */
#include "load.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { T1_MS = 500, GIVE_UP_MS = 8000 };

static const char letter[] = {[PHONE] = 'p', [JIGASI] = 'j'};

static void add(char *buf, size_t size, size_t *n, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void add(char *buf, size_t size, size_t *n, const char *fmt, ...)
{
    va_list ap;
    int got;

    va_start(ap, fmt);
    got = vsnprintf(buf + *n, size - *n, fmt, ap);
    va_end(ap);
    *n += got > 0 ? (size_t)got : 0;
    if (*n >= size)
        errx(2, "message too long");
}

static void put(const struct source *s, const struct sockaddr_in *to,
                const char *buf, size_t n)
{
    ssize_t got =
        sendto(s->fd, buf, n, 0, (const struct sockaddr *)to, sizeof(*to));

    (void)got; /* lost like any datagram: retransmission or time-out */
}

static size_t call_index(const struct load *l, const struct call *c)
{
    return (size_t)(c - l->calls);
}

static struct call *call_at(struct load *l, long i)
{
    return i >= 0 && (size_t)i < l->n_calls ? &l->calls[i] : NULL;
}

static void body_end(char *buf, size_t size, size_t *n, const char *type,
                     const char *body)
{
    if (*body)
        add(buf, size, n, "Content-Type: %s\r\n", type);
    add(buf, size, n, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
}

static void failed(struct load *l, struct call *c, unsigned status,
                   const char *what)
{
    if (c->failed)
        return;
    c->failed = true;
    if (l->failed++ < 5)
        warnx("call %zu: %s %u", call_index(l, c), what, status);
    if (status < 700)
        l->first_status[status]++;
}

int codec_pt(enum media_codec codec)
{
    static const int pt[MEDIA_CODECS] = {[MEDIA_PCMU] = 0,
                                         [MEDIA_PCMA] = 8,
                                         [MEDIA_G722] = 9,
                                         [MEDIA_OPUS] = OPUS_PT};

    return pt[codec];
}

/* What an end says of the audio of a call. */
static void sdp_put(const struct load *l, enum end_name end, size_t call,
                    int pt, char *buf, size_t size)
{
    const struct codec *codec = &codecs[l->codec[end]];
    const struct sip_sdp sdp = {.rtp = l->rtp_self[end][call % SLOTS],
                                .codec = codec->name,
                                .clock = codec->clock,
                                .codec_pt = pt,
                                .dtmf_pt = DTMF_PT};

    sip_sdp_make(buf, size, &sdp);
}

/* ---- registration ---- */

void source_open(struct load *l, enum end_name end, struct sockaddr_in self,
                 struct sockaddr_in peer, const char *user,
                 const char *password)
{
    struct source *s = &l->sources[end][l->n_sources[end]];
    struct epoll_event ev = {.events = EPOLLIN};
    char address[INET_ADDRSTRLEN];
    socklen_t len = sizeof(self);
    int size = 4 << 20;

    s->end = end;
    s->peer = peer;
    s->auth.user = user;
    s->auth.password = password;
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&self, len) ||
        getsockname(s->fd, (struct sockaddr *)&self, &len))
        err(2, "SIP socket");
    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    s->self = self;
    inet_ntop(AF_INET, &self.sin_addr, address, sizeof(address));
    snprintf(s->contact, sizeof(s->contact), "%s:%u", address,
             ntohs(self.sin_port));
    ev.data.u64 = 0x1000u + (unsigned)end * SOURCES + l->n_sources[end]++;
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &ev))
        err(2, "epoll");
}

static void source_register(struct load *l, struct source *s)
{
    char buf[SIP_BUF], uri[128];
    size_t n = 0;

    snprintf(uri, sizeof(uri), "sip:%s", l->domain);
    s->cseq++;
    add(buf, sizeof(buf), &n,
        "REGISTER %s SIP/2.0\r\n"
        "Via: SIP/2.0/UDP %s;rport;branch=z9hG4bKr%u\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=r\r\n"
        "To: <sip:%s@%s>\r\nCall-ID: register@%s\r\nCSeq: %u REGISTER\r\n"
        "Contact: <sip:%s@%s>\r\nExpires: 600\r\n",
        uri, s->contact, s->cseq, s->auth.user, l->domain, s->auth.user,
        l->domain, s->contact, s->cseq, s->auth.user, s->contact);
    n += sip_auth_header(&s->auth, "REGISTER", uri, buf + n, sizeof(buf) - n);
    body_end(buf, sizeof(buf), &n, "", "");
    put(s, &s->peer, buf, n);
    s->register_at = now_ms() + 1000;
}

static void on_registered(struct load *l, struct source *s,
                          const struct sip_msg *m)
{
    const char *p;
    unsigned long expires = 60;

    if ((m->status == 401 || m->status == 407) && s->refused++ < 2 &&
        sip_auth_challenge(&s->auth, m) == 0) {
        source_register(l, s);
        return;
    }
    if (m->status != 200)
        errx(1, "REGISTER as %s: %u", s->auth.user, m->status);
    p = str_find(sip_header(m, "Contact", 'm'), "expires=");
    if (p)
        expires = strtoul(p + 8, NULL, 10);
    s->refused = 0;
    s->registered = true;
    s->register_at = now_ms() + 500 * (expires ? expires : 2);
}

/* ---- requests in a call ---- */

static void leg_send(struct leg *g, const char *buf, size_t n, unsigned cseq)
{
    if (n > sizeof(g->out))
        errx(2, "message too long");
    memcpy(g->out, buf, n);
    g->out_len = n;
    g->out_cseq = cseq;
    g->out_wait = T1_MS;
    g->out_at = now_ms() + T1_MS;
    put(g->src, &g->to, buf, n);
}

static size_t leg_head(struct leg *g, char *buf, size_t size,
                       const char *method, unsigned cseq)
{
    size_t n = 0;

    add(buf, size, &n,
        "%s %s SIP/2.0\r\n"
        "Via: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s%u%s\r\n"
        "Max-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
        "CSeq: %u %s\r\n",
        method, g->target, g->src->contact, strstr(g->local, ";tag=") + 5,
        cseq, method, g->local, g->remote, g->call_id, cseq, method);
    return n;
}

static void leg_request(struct leg *g, const char *method, const char *type,
                        const char *body)
{
    char buf[SIP_BUF];
    size_t n;

    g->challenges = 0;
    n = leg_head(g, buf, sizeof(buf), method, ++g->cseq);
    if (g->src->end == PHONE)
        n += sip_auth_header(&g->src->auth, method, g->target, buf + n,
                             sizeof(buf) - n);
    body_end(buf, sizeof(buf), &n, type, body);
    leg_send(g, buf, n, g->cseq);
}

static void send_invite(struct load *l, struct call *c)
{
    struct leg *g = &c->leg[PHONE];
    char buf[SIP_BUF], sdp[600];
    size_t n;

    sdp_put(l, PHONE, call_index(l, c), codec_pt(l->codec[PHONE]), sdp,
            sizeof(sdp));
    g->invite = ++g->cseq;
    n = leg_head(g, buf, sizeof(buf), "INVITE", g->cseq);
    if (g->challenges || l->reuse_nonce)
        n += sip_auth_header(&g->src->auth, "INVITE", g->target, buf + n,
                             sizeof(buf) - n);
    add(buf, sizeof(buf), &n, "Contact: <sip:%s@%s>\r\n", g->src->auth.user,
        g->src->contact);
    body_end(buf, sizeof(buf), &n, "application/sdp", sdp);
    leg_send(g, buf, n, g->cseq);
}

static void send_ack(struct leg *g, const struct sip_msg *m, unsigned cseq)
{
    char buf[SIP_BUF], to[sizeof(g->remote)];
    size_t n = 0;

    str_copy(sip_header(m, "To", 't'), to, sizeof(to));
    /* RFC 3261, 17.1.1.3: the branch of the INVITE, unless it is a 2xx */
    add(buf, sizeof(buf), &n,
        "ACK %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s%u%s\r\n"
        "Max-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
        "CSeq: %u ACK\r\nContent-Length: 0\r\n\r\n",
        g->target, g->src->contact, strstr(g->local, ";tag=") + 5, cseq,
        m->status < 300 ? "ACK" : "INVITE", g->local, to, g->call_id, cseq);
    put(g->src, &g->to, buf, n);
}

void call_start(struct load *l, struct call *c)
{
    struct leg *g = &c->leg[PHONE];
    size_t i = call_index(l, c);

    g->src = &l->sources[PHONE][i % l->n_sources[PHONE]];
    g->to = g->src->peer;
    g->state = LEG_CALLING;
    snprintf(g->target, sizeof(g->target), "sip:%s%zu@%s", l->room, i,
             l->domain);
    snprintf(g->call_id, sizeof(g->call_id), "c%zu.%llu@callgen", i,
             (unsigned long long)now_us());
    snprintf(g->local, sizeof(g->local), "\"Bench %zu\" <sip:%s@%s>;tag=p%zu",
             i, g->src->auth.user, l->domain, i);
    snprintf(g->remote, sizeof(g->remote), "<sip:%s%zu@%s>", l->room, i,
             l->domain);
    c->started = now_us();
    send_invite(l, c);
}

void call_end(struct call *c)
{
    struct leg *g = &c->leg[PHONE];

    if (g->state != LEG_UP)
        return;
    g->state = LEG_ENDING;
    leg_request(g, "BYE", "", "");
}

static void leg_done(struct load *l, struct call *c, enum end_name end)
{
    struct leg *g = &c->leg[end];

    if (g->state == LEG_DONE)
        return;
    g->state = LEG_DONE;
    g->out_at = 0;
    g->flow.on = false;
    if (c->leg[!end].state == LEG_DONE && !c->failed)
        l->done++;
}

/* ---- responses ---- */

static void note_up(struct load *l, struct call *c)
{
    if (!c->answered || !c->joined)
        return;
    l->up++;
    samples_add(&l->setup, (double)(c->answered - c->started) / 1000);
    samples_add(&l->join, (double)(c->joined - c->started) / 1000);
}

static void on_answer(struct load *l, struct call *c, const struct sip_msg *m)
{
    struct leg *g = &c->leg[PHONE];
    struct str contact = sip_header(m, "Contact", 'm');
    const char *lt = str_find(contact, "<"), *gt = str_find(contact, ">");
    struct sip_sdp sdp;

    if (lt && gt > lt)
        str_copy((struct str){lt + 1, (size_t)(gt - lt - 1)}, g->target,
                 sizeof(g->target));
    str_copy(sip_header(m, "To", 't'), g->remote, sizeof(g->remote));
    send_ack(g, m, g->invite);
    if (g->state != LEG_CALLING)
        return;
    g->out_at = 0;
    g->state = LEG_UP;
    c->answered = now_us();
    if (sip_sdp_parse(&sdp, m->body, codecs[l->codec[PHONE]].name))
        failed(l, c, m->status, "unusable SDP in");
    else
        audio_start(l, c, PHONE, sdp.rtp, sdp.codec_pt);
    note_up(l, c);
}

static void on_invite_response(struct load *l, struct call *c,
                               const struct sip_msg *m)
{
    struct leg *g = &c->leg[PHONE];

    if (m->status < 200) {
        if (g->state == LEG_CALLING)
            g->out_at = 0;
        return;
    }
    if (m->status < 300) {
        on_answer(l, c, m);
        return;
    }
    send_ack(g, m, g->invite);
    if (g->state != LEG_CALLING)
        return;
    if ((m->status == 401 || m->status == 407) && g->challenges++ < 3 &&
        sip_auth_challenge(&g->src->auth, m) == 0) {
        send_invite(l, c);
        return;
    }
    failed(l, c, m->status, "refused with");
    c->leg[JIGASI].state = LEG_DONE;
    leg_done(l, c, PHONE);
}

static void on_response(struct load *l, struct source *s,
                        const struct sip_msg *m)
{
    struct str method;
    unsigned cseq = sip_cseq(m, &method);
    struct call *c;
    struct leg *g;

    if (str_is(method, "REGISTER")) {
        if (cseq == s->cseq)
            on_registered(l, s, m);
        return;
    }
    c = call_at(l, sip_tag_index(sip_header(m, "From", 'f'), letter[s->end]));
    if (!c)
        return;
    g = &c->leg[s->end];
    if (str_is(method, "INVITE")) {
        if (s->end == PHONE && cseq == g->invite)
            on_invite_response(l, c, m);
        return;
    }
    if (m->status < 200 || cseq != g->out_cseq)
        return;
    g->out_at = 0;
    if (m->status >= 300)
        failed(l, c, m->status, "request in dialog refused with");
    if (str_is(method, "BYE"))
        leg_done(l, c, s->end);
}

/* ---- requests that reach us ---- */

static void reply(const struct source *s, const struct sockaddr_in *from,
                  const struct sip_msg *m, unsigned status, const char *reason)
{
    char buf[SIP_BUF];
    size_t n = sip_response(buf, sizeof(buf), m, status, reason, "none");

    body_end(buf, sizeof(buf), &n, "", "");
    put(s, from, buf, n);
}

static struct call *call_of_room(struct load *l, const struct sip_msg *m)
{
    struct str room = sip_header(m, "X-Room-Name", 0);
    const char *p;
    char num[16];

    if (!room.n)
        room = m->uri;
    p = str_find(room, l->room);
    if (!p)
        return NULL;
    p += strlen(l->room);
    str_copy((struct str){p, (size_t)(room.p + room.n - p)}, num, sizeof(num));
    return num[0] >= '0' && num[0] <= '9' ? call_at(l, strtol(num, NULL, 10))
                                          : NULL;
}

static void leg_answer(struct load *l, struct call *c, struct leg *g,
                       const struct sip_msg *m)
{
    char buf[SIP_BUF], sdp[600], *tag = strstr(g->local, ";tag=") + 5;
    size_t n;
    struct str method;

    sdp_put(l, g->src->end, call_index(l, c), g->flow.pt, sdp, sizeof(sdp));
    n = sip_response(buf, sizeof(buf), m, 200, "OK", tag);
    add(buf, sizeof(buf), &n, "Contact: <sip:%s@%s>\r\n", g->src->auth.user,
        g->src->contact);
    body_end(buf, sizeof(buf), &n, "application/sdp", sdp);
    leg_send(g, buf, n, sip_cseq(m, &method));
}

/* The first INVITE at the Jigasi end: 180 and 200 at once. */
static void on_invite(struct load *l, struct source *s,
                      const struct sockaddr_in *from, const struct sip_msg *m)
{
    struct call *c = call_of_room(l, m);
    struct leg *g = c ? &c->leg[JIGASI] : NULL;
    struct str contact = sip_header(m, "Contact", 'm'), method;
    const char *lt = str_find(contact, "<"), *gt = str_find(contact, ">");
    struct sip_sdp sdp;
    char buf[SIP_BUF], id[sizeof(g->call_id)], tag[24];
    size_t n;

    str_copy(sip_header(m, "Call-ID", 'i'), id, sizeof(id));
    if (!g || !lt || gt < lt ||
        sip_sdp_parse(&sdp, m->body, codecs[l->codec[JIGASI]].name)) {
        l->refused++;
        reply(s, from, m, 488, "Not Acceptable Here");
        return;
    }
    if (strcmp(id, g->call_id) == 0)
        return; /* retransmitted: the 200 is on its way */
    l->extra_invites += g->state != LEG_NEW;
    g->src = s;
    g->to = *from;
    g->state = LEG_CALLING;
    g->flow.pt = sdp.codec_pt;
    memcpy(g->call_id, id, sizeof(g->call_id));
    g->invite = sip_cseq(m, &method);
    str_copy((struct str){lt + 1, (size_t)(gt - lt - 1)}, g->target,
             sizeof(g->target));
    str_copy(sip_header(m, "From", 'f'), g->remote, sizeof(g->remote));
    snprintf(g->local, sizeof(g->local), "<sip:%s@%s>;tag=j%zu", s->auth.user,
             l->domain, call_index(l, c));
    snprintf(tag, sizeof(tag), "j%zu", call_index(l, c));
    n = sip_response(buf, sizeof(buf), m, 180, "Ringing", tag);
    add(buf, sizeof(buf), &n, "Contact: <sip:%s@%s>\r\n", s->auth.user,
        s->contact);
    body_end(buf, sizeof(buf), &n, "", "");
    put(s, from, buf, n);
    leg_answer(l, c, g, m);
    audio_start(l, c, JIGASI, sdp.rtp, sdp.codec_pt);
}

static void on_ack(struct load *l, struct call *c, enum end_name end)
{
    struct leg *g = &c->leg[end];

    g->out_at = 0;
    if (end != JIGASI || g->state != LEG_CALLING)
        return;
    g->state = LEG_UP;
    c->joined = now_us();
    note_up(l, c);
}

/* The gateway told Jigasi of a key: note when, and agree as Jigasi does. */
static void on_info(struct call *c, const struct sip_msg *m)
{
    const char *id = str_find(m->body, "\"id\"");
    const char *audio = str_find(m->body, "\"audio\"");
    char text[256], uuid[64] = "", json[200];

    if (!id || !audio || !str_find(m->body, "muteRequest"))
        return;
    if (c->key_waiting && c->leg[PHONE].flow.keying.press_ns && !c->info_ns)
        c->info_ns = now_ns();
    str_copy((struct str){id, (size_t)(m->body.p + m->body.n - id)}, text,
             sizeof(text));
    if (sscanf(text, "\"id\" : \"%63[^\"]", uuid) != 1)
        sscanf(text, "\"id\":\"%63[^\"]", uuid);
    snprintf(json, sizeof(json),
             "{\"type\":\"muteResponse\",\"id\":\"%s\",\"status\":\"OK\","
             "\"data\":{\"audio\":%s}}",
             uuid,
             memmem(audio, (size_t)(m->body.p + m->body.n - audio), "true", 4)
                 ? "true"
                 : "false");
    leg_request(&c->leg[JIGASI], "INFO", "application/json", json);
}

static void on_request(struct load *l, struct source *s,
                       const struct sockaddr_in *from, const struct sip_msg *m)
{
    struct str to = sip_header(m, "To", 't');
    struct call *c = call_at(l, sip_tag_index(to, letter[s->end]));
    struct sip_sdp sdp;

    if (str_is(m->method, "INVITE") && !str_find(to, ";tag=")) {
        on_invite(l, s, from, m);
    } else if (str_is(m->method, "ACK")) {
        if (c)
            on_ack(l, c, s->end);
    } else if (!c) {
        reply(s, from, m, 200, "OK"); /* OPTIONS, or late */
    } else if (str_is(m->method, "INVITE")) {
        if (sip_sdp_parse(&sdp, m->body, codecs[l->codec[s->end]].name) == 0)
            audio_start(l, c, s->end, sdp.rtp, sdp.codec_pt);
        leg_answer(l, c, &c->leg[s->end], m);
    } else {
        reply(s, from, m, 200, "OK");
        if (str_is(m->method, "INFO") && s->end == JIGASI)
            on_info(c, m);
        if (str_is(m->method, "BYE")) {
            if (c->leg[PHONE].state < LEG_ENDING)
                failed(l, c, 0,
                       s->end == PHONE ? "phone was hung up on"
                                       : "Jigasi was hung up on");
            leg_done(l, c, s->end);
        }
    }
}

void source_read(struct load *l, struct source *s)
{
    char buf[SIP_BUF];
    struct sockaddr_in from;
    struct sip_msg m;

    for (int i = 0; i < 64; i++) {
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(s->fd, buf, sizeof(buf), 0,
                             (struct sockaddr *)&from, &len);

        if (n < 0)
            return;
        if (sip_parse(&m, buf, (size_t)n)) {
            warnx("unreadable message, %zd bytes", n);
            continue;
        }
        if (m.status)
            on_response(l, s, &m);
        else
            on_request(l, s, &from, &m);
    }
}

/* ---- time ---- */

static void leg_poll(struct load *l, struct call *c, enum end_name end,
                     uint64_t now)
{
    struct leg *g = &c->leg[end];

    if (!g->out_at || now < g->out_at)
        return;
    if (g->out_wait > GIVE_UP_MS) {
        failed(l, c, 0, "no answer to our last message");
        leg_done(l, c, end);
        return;
    }
    g->out_wait *= 2;
    g->out_at = now + g->out_wait;
    put(g->src, &g->to, g->out, g->out_len);
}

void calls_poll(struct load *l)
{
    uint64_t now = now_ms();

    for (unsigned end = PHONE; end <= JIGASI; end++)
        for (size_t i = 0; i < l->n_sources[end]; i++)
            if (l->sources[end][i].peer.sin_port &&
                now >= l->sources[end][i].register_at)
                source_register(l, &l->sources[end][i]);
    for (size_t i = 0; i < l->n_calls; i++)
        for (unsigned end = PHONE; end <= JIGASI; end++)
            leg_poll(l, &l->calls[i], (enum end_name)end, now);
}
