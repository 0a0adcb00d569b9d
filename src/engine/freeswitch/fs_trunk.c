/* Whether FreeSWITCH is registered at the trunk, in words for operators. */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

enum trunk_verdict { TRUNK_UNDER_WAY, TRUNK_REGISTERED, TRUNK_FAILED };

/* Other states are on the way to one of these. */
static const struct {
    const char *state;
    enum trunk_verdict verdict;
} verdicts[] = {
    {"REGED", TRUNK_REGISTERED},  {"FAILED", TRUNK_FAILED},
    {"FAIL_WAIT", TRUNK_FAILED},  {"TIMEOUT", TRUNK_FAILED},
    {"UNREGISTER", TRUNK_FAILED},
};

static enum trunk_verdict verdict_of(const char *state)
{
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        if (!strcmp(state, verdicts[i].state))
            return verdicts[i].verdict;
    }
    return TRUNK_UNDER_WAY;
}

void fs_trunk_read(struct fs_node *node, const char *state)
{
    slice_copy(slice_of(state), node->trunk.state, sizeof(node->trunk.state));
}

void fs_trunk_event(struct fs_node *node, const struct esl_event *ev)
{
    struct fs_trunk *t = &node->trunk;
    struct slice raw = esl_event_raw(ev, "Status");
    uint64_t status;

    esl_event_get(ev, "State", t->state, sizeof(t->state));
    if (!raw.p || slice_to_u64(raw, 100, 999, &status))
        return;
    t->status = (unsigned)status;
    esl_event_get(ev, "Phrase", t->phrase, sizeof(t->phrase));
}

/* sofia-sip's own: credentials were asked for again. */
enum { NO_MATCHING_CHALLENGE = 904 };

static void why_not(const struct fs_trunk *t, const struct config *cfg,
                    char *out, size_t size)
{
    const char *server = cfg->trunk_server;

    if (t->status == 503 && !strcmp(t->phrase, "DNS Error"))
        snprintf(out, size, "SIPGW_SIP_SERVER=%s has no address", server);
    else if (t->status == 401 || t->status == 407 ||
             t->status == NO_MATCHING_CHALLENGE)
        snprintf(out, size,
                 "%s does not accept SIPGW_SIP_USERNAME and "
                 "SIPGW_SIP_PASSWORD",
                 server);
    else if (t->status == 408)
        snprintf(out, size, "%s does not answer", server);
    else if (t->status)
        snprintf(out, size, "%s answers %u %s", server, t->status, t->phrase);
    else /* it failed before we came */
        snprintf(out, size, "%s: the next try tells why", server);
}

void fs_trunk_tell(struct fs_node *node)
{
    const struct config *cfg = node->fs->cfg;
    struct fs_trunk *t = &node->trunk;
    enum trunk_verdict verdict = verdict_of(t->state);
    char text[sizeof(t->told)];
    const struct engine_event ev = {
        .type = ENGINE_TRUNK,
        .node = node->index,
        .trunk = {verdict == TRUNK_REGISTERED, text},
    };

    if (verdict == TRUNK_UNDER_WAY)
        return;
    if (verdict == TRUNK_REGISTERED)
        snprintf(text, sizeof(text), "%s@%s at %s", cfg->trunk_user,
                 cfg->trunk_domain, cfg->trunk_server);
    else
        why_not(t, cfg, text, sizeof(text));
    if (!strcmp(t->told, text))
        return;
    slice_copy(slice_of(text), t->told, sizeof(t->told));
    fs_tell(node->fs, &ev);
}
