#include "peer.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static unsigned serial;

static void open_socket(struct peer *p, const char *ip, unsigned port,
                        int type)
{
    struct sockaddr_in me = {.sin_family = AF_INET};
    socklen_t len = sizeof(me);

    memset(p, 0, sizeof(*p));
    assert_int_equal(inet_pton(AF_INET, ip, &me.sin_addr), 1);
    p->fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_true(p->fd >= 0);
    assert_int_equal(bind(p->fd, (struct sockaddr *)&me, sizeof(me)), 0);
    p->to.sin_family = AF_INET;
    p->to.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, "127.0.0.1", &p->to.sin_addr);
    p->tcp = type == SOCK_STREAM;
    if (p->tcp)
        assert_int_equal(
            connect(p->fd, (struct sockaddr *)&p->to, sizeof(p->to)), 0);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&me, &len), 0);
    p->port = ntohs(me.sin_port);
    peer_new_call(p);
}

void peer_open(struct peer *p, const char *ip, unsigned port)
{
    open_socket(p, ip, port, SOCK_DGRAM);
}

void peer_open_tcp(struct peer *p, const char *ip, unsigned port)
{
    open_socket(p, ip, port, SOCK_STREAM);
}

void peer_close(struct peer *p)
{
    close(p->fd);
}

void peer_new_call(struct peer *p)
{
    serial++;
    snprintf(p->call_id, sizeof(p->call_id), "call-%u-%u@peer", p->port,
             serial);
    snprintf(p->tag, sizeof(p->tag), "t%u", serial);
    *p->remote_tag = '\0';
    p->cseq = 0;
}

void peer_send_raw(struct peer *p, const char *data, size_t len)
{
    assert_int_equal(
        sendto(p->fd, data, len, 0, (struct sockaddr *)&p->to, sizeof(p->to)),
        len);
}

static void md5(char out[33], const char *text)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n;

    EVP_Digest(text, strlen(text), sum, &n, EVP_md5(), NULL);
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void credentials(struct peer *p, const struct request *rq,
                        const char *uri, char *out, size_t size)
{
    char text[1024], a1[33], a2[33], response[33];

    snprintf(text, sizeof(text), "%s:meet.jitsi:%s", rq->user, rq->password);
    md5(a1, text);
    snprintf(text, sizeof(text), "%s:%s", rq->method, uri);
    md5(a2, text);
    p->nc++;
    snprintf(text, sizeof(text), "%s:%s:%08x:cafe:auth:%s", a1, p->nonce,
             p->nc, a2);
    md5(response, text);
    snprintf(out, size,
             "Authorization: Digest username=\"%s\", realm=\"meet.jitsi\", "
             "nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=MD5, "
             "cnonce=\"cafe\", qop=auth, nc=%08x\r\n",
             rq->user, p->nonce, uri, response, p->nc);
}

void peer_request(struct peer *p, const struct request *rq)
{
    static char text[PEER_MESSAGE_MAX];
    const char *uri = rq->uri ? rq->uri : "sip:1000@meet.jitsi";
    const char *body = rq->body ? rq->body : "";
    char auth[1024] = "", contact[96] = "", type[128] = "", to_tag[80] = "";
    int n;

    if (!rq->same_cseq)
        p->cseq++;
    if (!rq->same_branch)
        snprintf(p->branch, sizeof(p->branch), "z9hG4bK-%u-%u", p->port,
                 ++serial);
    if (rq->user)
        credentials(p, rq, uri, auth, sizeof(auth));
    if (!rq->no_contact)
        snprintf(contact, sizeof(contact),
                 "Contact: <sip:peer@127.0.0.1:%u%s>\r\n", p->port,
                 p->tcp ? ";transport=tcp" : "");
    if (rq->type)
        snprintf(type, sizeof(type), "Content-Type: %s\r\n", rq->type);
    if (*p->remote_tag)
        snprintf(to_tag, sizeof(to_tag), ";tag=%s", p->remote_tag);
    n = snprintf(text, sizeof(text),
                 "%s %s SIP/2.0\r\n"
                 "Via: SIP/2.0/%s 127.0.0.1:%u;branch=%s;rport\r\n"
                 "From: %s;tag=%s\r\n"
                 "To: %s%s\r\n"
                 "Call-ID: %s\r\n"
                 "CSeq: %u %s\r\n"
                 "Max-Forwards: 70\r\n"
                 "%s%s%s%s"
                 "Content-Length: %zu\r\n\r\n%s",
                 rq->method, uri, p->tcp ? "TCP" : "UDP", p->port, p->branch,
                 rq->from ? rq->from : "\"Peer\" <sip:user@meet.jitsi>",
                 p->tag, rq->to ? rq->to : "<sip:1000@meet.jitsi>", to_tag,
                 p->call_id, p->cseq, rq->method, contact, auth,
                 rq->extra ? rq->extra : "", type, strlen(body), body);
    peer_send_raw(p, text, (size_t)n);
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool is_ping(const struct peer *p)
{
    return strncmp(p->in, "OPTIONS ", 8) == 0 &&
           !strstr(peer_header(p, "To"), "tag=");
}

/* The first whole message of the stream, into p->in. */
static bool next_of_stream(struct peer *p)
{
    const char *end, *length;
    size_t n;

    p->stream[p->stream_len] = '\0';
    end = strstr(p->stream, "\r\n\r\n");
    if (!end)
        return false;
    length = strstr(p->stream, "\r\nContent-Length:");
    n = (size_t)(end + 4 - p->stream);
    if (length && length < end)
        n += strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    if (n > p->stream_len)
        return false;
    memcpy(p->in, p->stream, n);
    p->in[n] = '\0';
    p->stream_len -= n;
    memmove(p->stream, p->stream + n, p->stream_len);
    return true;
}

/* Whether a message came with what can be read now. */
static bool read_some(struct peer *p)
{
    char *to = p->tcp ? p->stream + p->stream_len : p->in;
    size_t room = PEER_MESSAGE_MAX - 1 - (p->tcp ? p->stream_len : 0);
    ssize_t n = recv(p->fd, to, room, 0);

    if (n < 0)
        return false;
    if (p->tcp) {
        assert_true(n > 0); /* not closed */
        p->stream_len += (size_t)n;
        return next_of_stream(p);
    }
    p->in[n] = '\0';
    return true;
}

const char *peer_receive(struct peer *p, int ms)
{
    int64_t end = now_ms() + ms;

    for (;;) {
        struct pollfd pfd = {.fd = p->fd, .events = POLLIN};
        int64_t left = end - now_ms();

        if (!p->tcp || !next_of_stream(p)) {
            if (left < 0 || poll(&pfd, 1, (int)left) <= 0)
                return NULL;
            if (!read_some(p))
                continue;
        }
        if (!is_ping(p))
            return p->in;
        if (!p->deaf)
            peer_reply(p, "200 OK", NULL, NULL, NULL);
    }
}

const char *peer_expect(struct peer *p, const char *start)
{
    int64_t end = now_ms() + PEER_WAIT_MS;
    char last[256] = "nothing";

    while (now_ms() < end) {
        const char *in = peer_receive(p, (int)(end - now_ms()));

        if (!in)
            break;
        if (strncmp(in, start, strlen(start)) == 0)
            return in;
        snprintf(last, sizeof(last), "%.*s", (int)strcspn(in, "\r\n"), in);
    }
    fail_msg("expected \"%s\", last came: %s", start, last);
    return NULL;
}

void peer_expect_none(struct peer *p, const char *start, int ms)
{
    int64_t end = now_ms() + ms;

    while (now_ms() < end) {
        const char *in = peer_receive(p, (int)(end - now_ms()));

        if (in && strncmp(in, start, strlen(start)) == 0)
            fail_msg("came though it must not: %.60s", in);
    }
}

const char *peer_header(const struct peer *p, const char *name)
{
    static char value[2048];
    size_t n = strlen(name);

    for (const char *line = strstr(p->in, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        const char *h = line + 2;

        if (strncasecmp(h, name, n) == 0 && h[n] == ':') {
            h += n + 1;
            h += strspn(h, " ");
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(h, "\r\n"), h);
            return value;
        }
    }
    return "";
}

static size_t copy_lines(const struct peer *p, const char *name, char *out,
                         size_t size)
{
    const char *v = peer_header(p, name);

    return (size_t)snprintf(out, size, "%s: %s\r\n", name, v);
}

void peer_reply(struct peer *p, const char *status, const char *extra,
                const char *type, const char *body)
{
    static char text[PEER_MESSAGE_MAX];
    size_t n = (size_t)snprintf(text, sizeof(text), "SIP/2.0 %s\r\n", status);
    const char *to = peer_header(p, "To");
    bool tagged = strstr(to, "tag=") || strncmp(status, "100", 3) == 0;

    n += copy_lines(p, "Via", text + n, sizeof(text) - n);
    n += copy_lines(p, "From", text + n, sizeof(text) - n);
    n += copy_lines(p, "Call-ID", text + n, sizeof(text) - n);
    n += copy_lines(p, "CSeq", text + n, sizeof(text) - n);
    n += (size_t)snprintf(text + n, sizeof(text) - n, "To: %s%s%s\r\n",
                          peer_header(p, "To"),
                          tagged ? "" : ";tag=", tagged ? "" : p->tag);
    n += (size_t)snprintf(text + n, sizeof(text) - n,
                          "Contact: <sip:peer@127.0.0.1:%u%s>\r\n%s", p->port,
                          p->tcp ? ";transport=tcp" : "", extra ? extra : "");
    if (type)
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "Content-Type: %s\r\n", type);
    n += (size_t)snprintf(text + n, sizeof(text) - n,
                          "Content-Length: %zu\r\n\r\n%s",
                          body ? strlen(body) : 0, body ? body : "");
    peer_send_raw(p, text, n);
}

void peer_take_nonce(struct peer *p)
{
    const char *v = strstr(peer_header(p, "WWW-Authenticate"), "nonce=\"");

    assert_non_null(v);
    v += strlen("nonce=\"");
    snprintf(p->nonce, sizeof(p->nonce), "%.*s", (int)strcspn(v, "\""), v);
    p->nc = 0;
}

void peer_take_tag(struct peer *p)
{
    const char *v = strstr(peer_header(p, "To"), "tag=");

    assert_non_null(v);
    snprintf(p->remote_tag, sizeof(p->remote_tag), "%s", v + 4);
}

static void ack_refusal(struct peer *p, const struct request *rq)
{
    struct request ack = *rq;

    if (strcmp(rq->method, "INVITE") != 0)
        return;
    ack.method = "ACK";
    ack.user = NULL;
    ack.type = ack.body = ack.extra = NULL;
    ack.same_cseq = ack.same_branch = true;
    peer_request(p, &ack);
}

void peer_authenticated(struct peer *p, const struct request *rq,
                        const char *expect)
{
    struct request plain = *rq;

    if (!*p->nonce) {
        plain.user = NULL;
        peer_request(p, &plain);
        peer_expect(p, "SIP/2.0 401");
        peer_take_nonce(p);
        ack_refusal(p, &plain);
    }
    peer_request(p, rq);
    peer_expect(p, expect);
}

const char *peer_sdp(const char *formats, const char *direction)
{
    static char body[512];

    snprintf(body, sizeof(body),
             "v=0\r\no=peer 1 %u IN IP4 127.0.0.1\r\ns=-\r\n"
             "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP %s\r\n"
             "%s%sa=%s\r\n",
             ++serial, formats,
             strstr(formats, "101") ? "a=rtpmap:101 telephone-event/8000\r\n"
                                    : "",
             strstr(formats, "96") ? "a=rtpmap:96 opus/48000/2\r\n" : "",
             direction);
    return body;
}
