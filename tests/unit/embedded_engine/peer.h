/**
 * A SIP peer over a raw socket: composes requests and replies as text
 * and looks at what comes back. Shares nothing with the engine.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum { PEER_MESSAGE_MAX = 70000, PEER_WAIT_MS = 3000 };

struct peer {
    int fd;
    unsigned port;
    struct sockaddr_in to;
    bool tcp;
    char stream[PEER_MESSAGE_MAX]; /* TCP: received, not yet looked at */
    size_t stream_len;
    bool deaf;                 /* does not answer OPTIONS outside of dialogs */
    char in[PEER_MESSAGE_MAX]; /* last message received */
    /* dialog */
    char call_id[64];
    char tag[32];        /* ours */
    char remote_tag[64]; /* theirs */
    unsigned cseq;
    char branch[48]; /* of our last request */
    char nonce[128]; /* of the last challenge */
    unsigned nc;
};

/** What a request is made of; zero members have sensible defaults. */
struct request {
    const char *method;
    const char *uri;   /* request URI */
    const char *from;  /* "\"Name\" <sip:user@host>" */
    const char *to;    /* "<sip:…>" */
    const char *extra; /* more header lines, each ended by \r\n */
    const char *type;  /* Content-Type */
    const char *body;
    const char *user; /* digest user … */
    const char *password;
    bool same_cseq;   /* ACK, CANCEL, retransmission */
    bool same_branch; /* CANCEL, retransmission */
    bool no_contact;
};

/** Open a socket on 127.0.0.1 (or ip) that talks to a port of ours. */
void peer_open(struct peer *p, const char *ip, unsigned port);
/** The same over one TCP connection, opened by us. */
void peer_open_tcp(struct peer *p, const char *ip, unsigned port);
void peer_close(struct peer *p);

/** Begin a new dialog: new Call-ID and tag. */
void peer_new_call(struct peer *p);

void peer_request(struct peer *p, const struct request *rq);
void peer_send_raw(struct peer *p, const char *data, size_t len);

/** Receive the next message within ms; NULL when none came. OPTIONS outside
 *  of dialogs are answered on the way. */
const char *peer_receive(struct peer *p, int ms);

/** Receive until a message begins so, failing the test after 3 s. */
const char *peer_expect(struct peer *p, const char *start);

/** Fail when a message that begins so comes within ms. */
void peer_expect_none(struct peer *p, const char *start, int ms);

/** Reply to the request received last. */
void peer_reply(struct peer *p, const char *status, const char *extra,
                const char *type, const char *body);

/** Value of a header in the last message; "" when there is none. Kept until
 *  the next call. */
const char *peer_header(const struct peer *p, const char *name);

/** Take nonce from the 401 received last, and To tag from any response. */
void peer_take_nonce(struct peer *p);
void peer_take_tag(struct peer *p);

/** Send a request, answer the 401 with credentials, expect a final answer
 *  that begins so. */
void peer_authenticated(struct peer *p, const struct request *rq,
                        const char *expect);

/** An SDP body for port 30000 of 127.0.0.1; formats as in "0 8 101". */
const char *peer_sdp(const char *formats, const char *direction);

#endif
