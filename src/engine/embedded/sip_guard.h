/**
 * Keeps the hostile Internet off the SIP side, before a request costs any
 * state: what one source (an IPv4 address, an IPv6 /64) may send, how often
 * it is challenged, and who is banned.
 *
 * | Verdict          | What to do                                          |
 * |------------------|-----------------------------------------------------|
 * | SIP_GUARD_PASS   | go on: process, or send the 401                     |
 * | SIP_GUARD_DROP   | drop without a reply and without a log line         |
 * | SIP_GUARD_SILENT | drop likewise, log one line: from now on the source |
 * |                  | is not answered for a while                         |
 * | SIP_GUARD_BANNED | drop likewise, log one line: it was banned just now |
 *
 * A source that authenticated is exempt from everything but the count of
 * wrong credentials, for hold_ms after it last did: UDP sources are easily
 * forged, and nobody shall get a phone banned by writing in its name. Sources
 * that need no credentials (trusted networks, the trunk) are not shown to the
 * guard at all. It is the caller who writes log lines, for fail2ban in one
 * form.
 *
 * The table is bounded; when it is full the source heard of least recently
 * is forgotten, banned and authenticated ones last.
 *
 * Not thread-safe. Times are ms on a clock that does not go back.
 */
#ifndef ENGINE_EMBEDDED_SIP_GUARD_H
#define ENGINE_EMBEDDED_SIP_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"

struct sip_guard;

enum sip_guard_verdict {
    SIP_GUARD_PASS,
    SIP_GUARD_DROP,
    SIP_GUARD_SILENT,
    SIP_GUARD_BANNED
};

/** Limits; sip_guard_defaults holds what the manual says. */
struct sip_guard_config {
    size_t sources;        /* remembered at once, at least 16 */
    size_t message_max;    /* bytes of a request */
    unsigned rate;         /* requests a second, long-term … */
    unsigned burst;        /* … and at once */
    unsigned overrun_ban;  /* requests above the rate in a minute: ban */
    unsigned failures;     /* wrong credentials in a minute answered by 401 */
    unsigned failures_ban; /* wrong credentials in a row: ban */
    uint32_t quiet_ms;     /* silence after a challenge nobody answered;
                              doubles each time, up to an hour */
    uint32_t ban_ms;       /* first ban; doubles each time … */
    uint32_t ban_max_ms;   /* … up to this */
    uint32_t hold_ms;      /* an authenticated source is exempt this long */
};

extern const struct sip_guard_config sip_guard_defaults;

/** @return 0, EINVAL, ENOMEM or EIO (no random hash key). */
int sip_guard_alloc(struct sip_guard **gp, const struct sip_guard_config *gc);
void sip_guard_free(struct sip_guard *g);

/**
 * A request came in that no transaction knows.
 *
 * @param user_agent  Its User-Agent, may be empty. Known scanners are banned.
 * @param size        Bytes of the message.
 * @param why         Set to a word for the log line ("scanner", "flood" …),
 *                    always with SIP_GUARD_SILENT and SIP_GUARD_BANNED;
 *                    to NULL with SIP_GUARD_PASS; may be NULL.
 */
enum sip_guard_verdict sip_guard_admit(struct sip_guard *g,
                                       const struct sockaddr *from,
                                       struct slice user_agent, size_t size,
                                       uint64_t now, const char **why);

/**
 * May a request without credentials be challenged? Once, then not until the
 * quiet time is over. A request sent again is challenged again.
 *
 * @param transaction  What is the same in a retransmission: the branch of
 *                     the top Via (RFC 3261 section 8.1.1.7).
 */
enum sip_guard_verdict sip_guard_challenge(struct sip_guard *g,
                                           const struct sockaddr *from,
                                           struct slice transaction,
                                           uint64_t now);

/** The credentials were wrong; SIP_GUARD_PASS: answer 401 once more. */
enum sip_guard_verdict sip_guard_failed(struct sip_guard *g,
                                        const struct sockaddr *from,
                                        uint64_t now);

/** The credentials were right: all is forgiven. */
void sip_guard_authenticated(struct sip_guard *g, const struct sockaddr *from,
                             uint64_t now);

/** Figures for metrics. */
struct sip_guard_figures {
    uint64_t dropped; /* requests, since the start */
    uint64_t bans;    /* since the start */
    size_t sources;   /* now in the table */
};
void sip_guard_figures(const struct sip_guard *g,
                       struct sip_guard_figures *out);

#endif
