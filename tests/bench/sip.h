/**
 * Just enough SIP (RFC 3261) and digest (RFC 7616) for a load tool that is a
 * phone at one end and a Jigasi at the other. Shares no code with the
 * gateway, so that a mistake there does not hide behind the same one here.
 */
#ifndef BENCH_SIP_H
#define BENCH_SIP_H

#include <stdbool.h>
#include <stddef.h>
#include <netinet/in.h>

enum { SIP_HEADERS = 48, SIP_BUF = 4096 };

/** Bytes inside a buffer of somebody else's. */
struct str {
    const char *p;
    size_t n;
};

struct sip_msg {
    struct str method; /* of a request, else empty */
    struct str uri;
    unsigned status; /* of a response, else 0 */
    struct {
        struct str name;
        struct str value;
    } h[SIP_HEADERS];
    size_t n_headers;
    struct str body;
};

/** What a server challenged us with and what we answer from. */
struct sip_auth {
    const char *user;
    const char *password;
    char realm[128];
    char nonce[256];
    char opaque[128];
    bool sha256;
    bool qop;
    bool proxy; /* 407: answer in Proxy-Authorization */
    unsigned nc;
};

/** What an SDP says, or is to say, about one audio stream. */
struct sip_sdp {
    struct sockaddr_in rtp;
    const char *codec; /* its name in SDP */
    unsigned clock;    /* Hz */
    int codec_pt;      /* payload type of that codec, -1 none */
    int dtmf_pt;       /* telephone-event/8000, -1 none */
};

/** Parse a datagram. Returns 0, or EBADMSG. Slices point into p. */
int sip_parse(struct sip_msg *m, const char *p, size_t n);

/** Value of the first header of that name (or compact form), else empty. */
struct str sip_header(const struct sip_msg *m, const char *name, char compact);

bool str_is(struct str s, const char *text);
/** Find text inside; NULL when it is not there. */
const char *str_find(struct str s, const char *text);
/** Copy as C string, cut to size. */
void str_copy(struct str s, char *buf, size_t size);

/** Sequence number and method of CSeq. */
unsigned sip_cseq(const struct sip_msg *m, struct str *method);

/** Index after the letter in our own tag ("p17" → 17) of From or To; -1. */
long sip_tag_index(struct str header, char letter);

/** Take over a challenge of a 401 or 407. Returns 0 or EBADMSG. */
int sip_auth_challenge(struct sip_auth *a, const struct sip_msg *m);

/** Append the credentials header. Returns bytes written, 0: no challenge. */
size_t sip_auth_header(struct sip_auth *a, const char *method, const char *uri,
                       char *buf, size_t size);

/** Look for this codec. Returns 0, or EBADMSG: no address or no such codec. */
int sip_sdp_parse(struct sip_sdp *sdp, struct str body, const char *codec);
size_t sip_sdp_make(char *buf, size_t size, const struct sip_sdp *sdp);

/** Begin a response: status line and the headers copied from a request;
 *  to_tag is added to To when it has none yet. No end of headers. */
size_t sip_response(char *buf, size_t size, const struct sip_msg *m,
                    unsigned status, const char *reason, const char *to_tag);

#endif
