#include "sip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <openssl/evp.h>

bool str_is(struct str s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

const char *str_find(struct str s, const char *text)
{
    return s.p && s.n ? memmem(s.p, s.n, text, strlen(text)) : NULL;
}

void str_copy(struct str s, char *buf, size_t size)
{
    size_t n = s.n < size ? s.n : size - 1;

    memcpy(buf, s.p ? s.p : "", n);
    buf[n] = '\0';
}

static struct str trim(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct str){p, (size_t)(end - p)};
}

static int start_line(struct sip_msg *m, const char *p, const char *end)
{
    const char *sp;

    if (end - p > 12 && memcmp(p, "SIP/2.0 ", 8) == 0) {
        m->status = (unsigned)strtoul(p + 8, NULL, 10);
        return m->status >= 100 && m->status < 700 ? 0 : EBADMSG;
    }
    sp = memchr(p, ' ', (size_t)(end - p));
    if (!sp)
        return EBADMSG;
    m->method = (struct str){p, (size_t)(sp - p)};
    p = sp + 1;
    sp = memchr(p, ' ', (size_t)(end - p));
    if (!sp || !m->method.n)
        return EBADMSG;
    m->uri = (struct str){p, (size_t)(sp - p)};
    return 0;
}

int sip_parse(struct sip_msg *m, const char *p, size_t n)
{
    const char *end = p + n, *eol = memmem(p, n, "\r\n", 2);

    memset(m, 0, sizeof(*m));
    if (!eol || start_line(m, p, eol))
        return EBADMSG;
    for (p = eol + 2; p < end; p = eol + 2) {
        const char *colon;

        eol = memmem(p, (size_t)(end - p), "\r\n", 2);
        if (!eol)
            return EBADMSG;
        if (eol == p) {
            m->body = (struct str){p + 2, (size_t)(end - p - 2)};
            return 0;
        }
        colon = memchr(p, ':', (size_t)(eol - p));
        if (!colon || m->n_headers == SIP_HEADERS)
            return EBADMSG;
        m->h[m->n_headers].name = trim(p, colon);
        m->h[m->n_headers++].value = trim(colon + 1, eol);
    }
    return EBADMSG;
}

static bool named(struct str s, const char *name, char compact)
{
    if (s.n == 1 && compact)
        return (s.p[0] | 0x20) == compact;
    return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

struct str sip_header(const struct sip_msg *m, const char *name, char compact)
{
    for (size_t i = 0; i < m->n_headers; i++)
        if (named(m->h[i].name, name, compact))
            return m->h[i].value;
    return (struct str){"", 0};
}

unsigned sip_cseq(const struct sip_msg *m, struct str *method)
{
    struct str v = sip_header(m, "CSeq", 0);
    char num[16];
    const char *sp = v.n ? memchr(v.p, ' ', v.n) : NULL;

    *method = (struct str){"", 0};
    if (!sp)
        return 0;
    str_copy((struct str){v.p, (size_t)(sp - v.p)}, num, sizeof(num));
    *method = trim(sp, v.p + v.n);
    return (unsigned)strtoul(num, NULL, 10);
}

long sip_tag_index(struct str header, char letter)
{
    const char *tag = str_find(header, ";tag=");
    char num[16];

    if (!tag || tag + 5 >= header.p + header.n || tag[5] != letter)
        return -1;
    tag += 6;
    str_copy((struct str){tag, (size_t)(header.p + header.n - tag)}, num,
             sizeof(num));
    return strtol(num, NULL, 10);
}

/* ---- digest ---- */

/* Value of name=value or name="value" in a challenge. */
static void param(struct str s, const char *name, char *buf, size_t size)
{
    char key[32];
    const char *end = s.p + s.n, *p, *stop;

    snprintf(key, sizeof(key), "%s=", name);
    buf[0] = '\0';
    p = str_find(s, key);
    while (p && p > s.p && p[-1] != ' ' && p[-1] != ',')
        p = str_find((struct str){p + 1, (size_t)(end - p - 1)}, key);
    if (!p)
        return;
    p += strlen(key);
    if (p < end && *p == '"') {
        p++;
        stop = memchr(p, '"', (size_t)(end - p));
    } else {
        stop = memchr(p, ',', (size_t)(end - p));
    }
    if (!stop)
        stop = end;
    str_copy((struct str){p, (size_t)(stop - p)}, buf, size);
}

int sip_auth_challenge(struct sip_auth *a, const struct sip_msg *m)
{
    struct str v;
    char text[64];

    a->proxy = m->status == 407;
    v = a->proxy ? sip_header(m, "Proxy-Authenticate", 0)
                 : sip_header(m, "WWW-Authenticate", 0);
    param(v, "realm", a->realm, sizeof(a->realm));
    param(v, "nonce", a->nonce, sizeof(a->nonce));
    param(v, "opaque", a->opaque, sizeof(a->opaque));
    param(v, "algorithm", text, sizeof(text));
    a->sha256 = strcasecmp(text, "SHA-256") == 0;
    param(v, "qop", text, sizeof(text));
    a->qop = text[0] != '\0';
    a->nc = 0;
    return a->nonce[0] ? 0 : EBADMSG;
}

static void hash(const struct sip_auth *a, const char *text, char hex[65])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    EVP_Digest(text, strlen(text), md, &n,
               a->sha256 ? EVP_sha256() : EVP_md5(), NULL);
    for (unsigned i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", md[i]);
}

size_t sip_auth_header(struct sip_auth *a, const char *method, const char *uri,
                       char *buf, size_t size)
{
    char text[1024], ha1[65], ha2[65], answer[65], more[160] = "";
    const char *cnonce = "5ad1ed5eed";

    if (!a->nonce[0])
        return 0;
    a->nc++;
    snprintf(text, sizeof(text), "%s:%s:%s", a->user, a->realm, a->password);
    hash(a, text, ha1);
    snprintf(text, sizeof(text), "%s:%s", method, uri);
    hash(a, text, ha2);
    if (a->qop) {
        snprintf(text, sizeof(text), "%s:%s:%08x:%s:auth:%s", ha1, a->nonce,
                 a->nc, cnonce, ha2);
        snprintf(more, sizeof(more), ", qop=auth, nc=%08x, cnonce=\"%s\"",
                 a->nc, cnonce);
    } else {
        snprintf(text, sizeof(text), "%s:%s:%s", ha1, a->nonce, ha2);
    }
    hash(a, text, answer);
    return (size_t)snprintf(
        buf, size,
        "%sAuthorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", "
        "uri=\"%s\", response=\"%s\", algorithm=%s%s%s%s%s\r\n",
        a->proxy ? "Proxy-" : "", a->user, a->realm, a->nonce, uri, answer,
        a->sha256 ? "SHA-256" : "MD5", more, a->opaque[0] ? ", opaque=\"" : "",
        a->opaque, a->opaque[0] ? "\"" : "");
}

/* ---- SDP ---- */

/* Payload types that hold without an rtpmap (RFC 3551 section 6). */
static bool is_static(long pt, const char *codec)
{
    static const char *const names[] = {
        [0] = "PCMU", [8] = "PCMA", [9] = "G722"};

    return pt >= 0 && (size_t)pt < sizeof(names) / sizeof(*names) &&
           names[pt] && strcasecmp(names[pt], codec) == 0;
}

static void sdp_line(struct sip_sdp *sdp, const char *line)
{
    char address[64], name[32];
    unsigned port, clock;
    int pt, skip;

    if (sscanf(line, "c=IN IP4 %63[0-9.]", address) == 1)
        inet_pton(AF_INET, address, &sdp->rtp.sin_addr);
    if (sscanf(line, "m=audio %u RTP/AVP%n", &port, &skip) == 1) {
        sdp->rtp.sin_port = htons((uint16_t)port);
        for (char *p = (char *)line + skip; *p == ' ';) {
            long n = strtol(p, &p, 10);

            if (is_static(n, sdp->codec) && sdp->codec_pt < 0)
                sdp->codec_pt = (int)n;
        }
    }
    if (sscanf(line, "a=rtpmap:%d %31[^/]/%u", &pt, name, &clock) != 3)
        return;
    if (strcasecmp(name, sdp->codec) == 0 && sdp->codec_pt < 0)
        sdp->codec_pt = pt;
    if (strcasecmp(name, "telephone-event") == 0 && clock == 8000)
        sdp->dtmf_pt = pt;
}

int sip_sdp_parse(struct sip_sdp *sdp, struct str body, const char *codec)
{
    char text[2048], *save = NULL;

    memset(sdp, 0, sizeof(*sdp));
    sdp->rtp.sin_family = AF_INET;
    sdp->codec = codec;
    sdp->codec_pt = sdp->dtmf_pt = -1;
    str_copy(body, text, sizeof(text));
    for (char *l = strtok_r(text, "\r\n", &save); l;
         l = strtok_r(NULL, "\r\n", &save))
        sdp_line(sdp, l);
    return sdp->rtp.sin_port && sdp->codec_pt >= 0 ? 0 : EBADMSG;
}

size_t sip_sdp_make(char *buf, size_t size, const struct sip_sdp *sdp)
{
    char address[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &sdp->rtp.sin_addr, address, sizeof(address));
    return (size_t)snprintf(
        buf, size,
        "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
        "m=audio %u RTP/AVP %d %d\r\na=rtpmap:%d %s/%u%s\r\n"
        "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n"
        "a=ptime:20\r\na=sendrecv\r\n",
        address, address, ntohs(sdp->rtp.sin_port), sdp->codec_pt,
        sdp->dtmf_pt, sdp->codec_pt, sdp->codec, sdp->clock,
        sdp->clock == 48000 ? "/2" : "", sdp->dtmf_pt, sdp->dtmf_pt);
}

size_t sip_response(char *buf, size_t size, const struct sip_msg *m,
                    unsigned status, const char *reason, const char *to_tag)
{
    size_t n =
        (size_t)snprintf(buf, size, "SIP/2.0 %u %s\r\n", status, reason);

    for (size_t i = 0; i < m->n_headers && n < size; i++) {
        struct str name = m->h[i].name, v = m->h[i].value;
        bool to = named(name, "To", 't');

        if (!to && !named(name, "Via", 'v') && !named(name, "From", 'f') &&
            !named(name, "Call-ID", 'i') && !named(name, "CSeq", 0))
            continue;
        n += (size_t)snprintf(buf + n, size - n, "%.*s: %.*s%s%s\r\n",
                              (int)name.n, name.p, (int)v.n, v.p,
                              to && !str_find(v, ";tag=") ? ";tag=" : "",
                              to && !str_find(v, ";tag=") ? to_tag : "");
    }
    return n < size ? n : size - 1;
}
