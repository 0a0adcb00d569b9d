#include "engine/embedded/sip_guard.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/embedded/sip_guard_table.h"

enum {
    MINUTE_MS = 60 * 1000,
    QUIET_MAX_MS = 60 * MINUTE_MS,
    REPEAT_MS = 32 * 1000, /* 64*T1: a request over UDP is sent again … */
    REPEATS_MAX = 10,      /* … so many times (RFC 3261 section 17.1.2.2) */
    TOKEN = 1000,
    AGENT_MAX = 256, /* bytes of User-Agent looked at */
};

const struct sip_guard_config sip_guard_defaults = {
    .sources = 8192,
    .message_max = 32 * 1024,
    .rate = 20,
    .burst = 60,
    .overrun_ban = 600,
    .failures = 3,
    .failures_ban = 10,
    .quiet_ms = MINUTE_MS,
    .ban_ms = 10 * MINUTE_MS,
    .ban_max_ms = 24 * 60 * MINUTE_MS,
    .hold_ms = 2 * 60 * MINUTE_MS, /* twice the longest registration */
};

/* What scanners call themselves, somewhere in User-Agent. */
static const char *const scanners[] = {
    "friendly-scanner", "friendly-request", "sipvicious", "sundayddr",
    "sip-scan",         "sipscan",          "sipcli",     "pplsip",
};

struct sip_guard {
    struct sip_guard_config cfg;
    struct sip_guard_table *table;
    uint64_t dropped;
    uint64_t bans;
};

int sip_guard_alloc(struct sip_guard **gp, const struct sip_guard_config *gc)
{
    struct sip_guard *g;
    int err;

    if (!gc->message_max || !gc->rate || !gc->burst || !gc->overrun_ban ||
        !gc->failures_ban || gc->ban_ms > gc->ban_max_ms)
        return EINVAL;
    g = calloc(1, sizeof(*g));
    if (!g)
        return ENOMEM;
    g->cfg = *gc;
    err = sip_guard_table_alloc(&g->table, gc->sources);
    if (err)
        free(g);
    else
        *gp = g;
    return err;
}

void sip_guard_free(struct sip_guard *g)
{
    if (!g)
        return;
    sip_guard_table_free(g->table);
    free(g);
}

void sip_guard_figures(const struct sip_guard *g,
                       struct sip_guard_figures *out)
{
    out->dropped = g->dropped;
    out->bans = g->bans;
    out->sources = sip_guard_table_count(g->table);
}

/* ---- what becomes of a request ---- */

static enum sip_guard_verdict drop(struct sip_guard *g,
                                   enum sip_guard_verdict v)
{
    g->dropped++;
    return v;
}

/* Log it the first time in a minute. */
static enum sip_guard_verdict limit(struct sip_guard *g,
                                    struct sip_guard_source *s)
{
    bool told = s->told;

    s->told = true;
    return drop(g, told ? SIP_GUARD_DROP : SIP_GUARD_SILENT);
}

/* ms doubled so many times, up to a limit. */
static uint64_t doubled(uint64_t ms, unsigned times, uint64_t max)
{
    while (times-- && ms < max)
        ms *= 2;
    return ms < max ? ms : max;
}

static enum sip_guard_verdict ban(struct sip_guard *g,
                                  struct sip_guard_source *s, uint64_t now)
{
    s->banned_until =
        now + doubled(g->cfg.ban_ms, s->bans++, g->cfg.ban_max_ms);
    s->failures_row = 0;
    sip_guard_table_touch(g->table, s, now);
    g->bans++;
    return drop(g, SIP_GUARD_BANNED);
}

static struct sip_guard_source *find(struct sip_guard *g,
                                     const struct sockaddr *from, uint64_t now)
{
    struct sip_guard_source *s = sip_guard_table_get(g->table, from, now);

    if (!s)
        return NULL;
    if (!s->begun) {
        s->begun = true;
        s->tokens = (uint64_t)g->cfg.burst * TOKEN;
        s->tokens_at = now;
        s->minute_at = now;
    }
    if (now - s->minute_at >= MINUTE_MS) {
        s->minute_at = now;
        s->overruns = 0;
        s->failures = 0;
        s->told = false;
    }
    return s;
}

static bool is_scanner(struct slice agent)
{
    if (agent.len > AGENT_MAX)
        agent.len = AGENT_MAX;
    for (size_t i = 0; i < sizeof(scanners) / sizeof(*scanners); i++) {
        size_t len = strlen(scanners[i]);

        for (size_t at = 0; at + len <= agent.len; at++)
            if (strncasecmp(agent.p + at, scanners[i], len) == 0)
                return true;
    }
    return false;
}

static bool take_token(struct sip_guard *g, struct sip_guard_source *s,
                       uint64_t now)
{
    uint64_t full = (uint64_t)g->cfg.burst * TOKEN;
    uint64_t passed = now - s->tokens_at;

    /* A thousandth of a request a millisecond, times the rate. */
    s->tokens_at = now;
    if (passed >= full || s->tokens + passed * g->cfg.rate > full)
        s->tokens = full;
    else
        s->tokens += passed * g->cfg.rate;
    if (s->tokens < TOKEN)
        return false;
    s->tokens -= TOKEN;
    return true;
}

enum sip_guard_verdict sip_guard_admit(struct sip_guard *g,
                                       const struct sockaddr *from,
                                       struct slice user_agent, size_t size,
                                       uint64_t now, const char **why)
{
    struct sip_guard_source *s = find(g, from, now);
    const char *unused;

    if (!why)
        why = &unused;
    *why = NULL;
    if (!s)
        return drop(g, SIP_GUARD_DROP);
    if (size > g->cfg.message_max) {
        *why = "oversize";
        return limit(g, s);
    }
    if (s->known_until > now)
        return SIP_GUARD_PASS;
    if (s->banned_until > now || s->silent_until > now)
        return drop(g, SIP_GUARD_DROP);
    if (is_scanner(user_agent)) {
        *why = "scanner";
        return ban(g, s, now);
    }
    if (take_token(g, s, now))
        return SIP_GUARD_PASS;
    *why = "flood";
    return ++s->overruns >= g->cfg.overrun_ban ? ban(g, s, now) : limit(g, s);
}

enum sip_guard_verdict sip_guard_challenge(struct sip_guard *g,
                                           const struct sockaddr *from,
                                           struct slice transaction,
                                           uint64_t now)
{
    struct sip_guard_source *s = find(g, from, now);
    uint64_t hash = sip_guard_table_hash(g->table, transaction);
    bool told;

    if (!s)
        return drop(g, SIP_GUARD_DROP);
    if (s->known_until > now)
        return SIP_GUARD_PASS;
    if (transaction.len && s->challenged == hash &&
        now - s->challenged_at < REPEAT_MS && s->repeats < REPEATS_MAX) {
        s->repeats++;
        return SIP_GUARD_PASS;
    }
    if (s->quiet_until > now) {
        told = s->quiet_told;
        s->quiet_told = true;
        return drop(g, told ? SIP_GUARD_DROP : SIP_GUARD_SILENT);
    }
    s->quiet_until =
        now + doubled(g->cfg.quiet_ms, s->unanswered++, QUIET_MAX_MS);
    s->quiet_told = false;
    s->challenged = hash;
    s->challenged_at = now;
    s->repeats = 0;
    return SIP_GUARD_PASS;
}

/* A challenge was answered, rightly or not. */
static void answered(struct sip_guard_source *s)
{
    s->unanswered = 0;
    s->quiet_until = 0;
}

enum sip_guard_verdict sip_guard_failed(struct sip_guard *g,
                                        const struct sockaddr *from,
                                        uint64_t now)
{
    struct sip_guard_source *s = find(g, from, now);

    if (!s)
        return drop(g, SIP_GUARD_DROP);
    answered(s);
    s->failures++;
    s->failures_row++;
    if (s->failures_row >= g->cfg.failures_ban) {
        if (s->known_until <= now)
            return ban(g, s, now);
        s->known_until = 0; /* someone guesses from a phone's address */
    }
    if (s->failures <= g->cfg.failures)
        return SIP_GUARD_PASS;
    s->silent_until = s->minute_at + MINUTE_MS;
    return limit(g, s);
}

void sip_guard_authenticated(struct sip_guard *g, const struct sockaddr *from,
                             uint64_t now)
{
    struct sip_guard_source *s = find(g, from, now);

    if (!s)
        return;
    answered(s);
    s->failures_row = 0;
    s->silent_until = 0;
    s->banned_until = 0;
    s->bans = 0;
    s->known_until = now + g->cfg.hold_ms;
    sip_guard_table_touch(g->table, s, now);
}
