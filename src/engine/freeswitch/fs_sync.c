/*
 * What FreeSWITCH has, against what we know: at each connection, whenever
 * events were lost, and as a slow audit. Channels are listed, and dumped
 * where the list alone does not tell enough; then everything that changed is
 * told at once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

static void finish(struct fs_node *node);

/* One of the answers came. */
static void answer_came(struct fs_node *node)
{
    if (--node->waiting == 0)
        finish(node);
}

static void ask(struct fs_node *node, const char *line, esl_done_h *h,
                uint64_t ref)
{
    if (!fs_node_send(node, line, FS_JOB_MS, h, node, ref))
        node->waiting++;
}

/* ---- channels ---- */

static struct fs_found *found_add(struct fs_node *node, const char *uuid)
{
    struct fs_found *f = calloc(1, sizeof(*f));

    if (!f || slice_copy(slice_of(uuid), f->uuid, sizeof(f->uuid))) {
        free(f);
        return NULL;
    }
    f->next = node->found;
    node->found = f;
    return f;
}

static void found_clear(struct fs_node *node)
{
    while (node->found) {
        struct fs_found *f = node->found;

        node->found = f->next;
        free(f->dump);
        free(f);
    }
}

static void dump_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_node *node = arg;
    struct fs_found *f = node->found;

    while (f && (uint64_t)(uintptr_t)f != ref)
        f = f->next;
    if (f && ok)
        f->dump = strndup(text.p, text.len);
    if (f)
        f->unknown = !f->dump && (ok || !text.len);
    if (!text.len) /* no answer in time */
        node->again = true;
    answer_came(node);
}

/* What plays at it, of an earlier program: <target>path</target>. */
static void bugs_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    static const char open[] = "<function>displace</function>";
    static const char target[] = "<target>";
    struct fs_node *node = arg;
    struct fs_found *f = node->found;
    const char *p, *end = text.p + text.len;

    while (f && (uint64_t)(uintptr_t)f != ref)
        f = f->next;
    p = f && ok ? memmem(text.p, text.len, open, sizeof(open) - 1) : NULL;
    if (p)
        p = memmem(p, (size_t)(end - p), target, sizeof(target) - 1);
    if (p) {
        const char *path = p + sizeof(target) - 1;
        const char *stop = memchr(path, '<', (size_t)(end - path));

        if (stop)
            slice_copy((struct slice){path, (size_t)(stop - path)}, f->playing,
                       sizeof(f->playing));
    }
    answer_came(node);
}

void fs_sync_played(struct fs_node *node, const char *uuid, const char *path)
{
    for (struct fs_found *f = node->found; f; f = f->next) {
        if (!strcmp(f->uuid, uuid) && !strcmp(f->playing, path))
            f->playing[0] = '\0';
    }
}

static void ask_of(struct fs_node *node, const char *what, esl_done_h *h,
                   const struct fs_found *f)
{
    const char *const words[] = {what, f->uuid};
    char line[128];

    if (!esl_line(line, sizeof(line), words, 2))
        ask(node, line, h, (uint64_t)(uintptr_t)f);
}

static void dump(struct fs_node *node, const char *uuid, bool is_new)
{
    struct fs_found *f = found_add(node, uuid);

    if (!f)
        return;
    f->unknown = true; /* until it is asked */
    ask_of(node, "uuid_dump", dump_h, f);
    if (is_new)
        ask_of(node, "uuid_buglist", bugs_h, f);
}

static void unlist_h(struct fs_leg *leg, void *arg)
{
    leg->listed = false;
}

/* A leg whose originate is under way may not be in the list yet. */
static void dump_known_h(struct fs_leg *leg, void *arg)
{
    struct fs_node *node = arg;

    if (!leg->dialling && (node->fresh || !leg->listed))
        dump(node, leg->uuid, false);
}

/* In JSON a quote within a value is escaped, so this is always a key. */
static void channels_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    static const char key[] = "\"uuid\":\"";
    struct fs_node *node = arg;
    const char *p = text.p, *end = text.p + text.len;

    if (!ok) {
        answer_came(node);
        return;
    }
    fs_legs_each(node->fs, node, unlist_h, NULL);
    while ((p = memmem(p, (size_t)(end - p), key, sizeof(key) - 1))) {
        const char *quote;
        char uuid[ESL_UUID_MAX];
        struct fs_leg *leg;

        p += sizeof(key) - 1;
        quote = memchr(p, '"', (size_t)(end - p));
        if (!quote || slice_copy((struct slice){p, (size_t)(quote - p)}, uuid,
                                 sizeof(uuid)))
            break;
        leg = fs_leg_find_uuid(node->fs, uuid);
        if (leg)
            leg->listed = true;
        else
            dump(node, uuid, true);
    }
    fs_legs_each(node->fs, node, dump_known_h, node);
    answer_came(node);
}

/* ---- the rest ---- */

static void contacts_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    if (!ok) /* no such profile: nobody is registered there */
        text.len = 0;
    fs_contacts_read(arg, (enum engine_side)ref, text);
    answer_came(arg);
}

static void status_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    if (ok)
        fs_status_read(arg, text);
    answer_came(arg);
}

/* The half of the time that the answer took is not seen: some ms. */
static void uptime_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_node *node = arg;
    uint64_t ms;

    while (text.len && text.p[text.len - 1] == '\n')
        text.len--;
    if (ok && !slice_to_u64(text, 0, UINT32_MAX, &ms)) {
        node->uptime = (uint32_t)ms;
        node->uptime_at = timers_now(node->fs->timers);
    }
    answer_came(node);
}

static void ask_status(struct fs_node *node)
{
    ask(node, "sofia xmlstatus", status_h, 0);
    ask(node, "sofia xmlstatus profile external reg", contacts_h,
        ENGINE_EXTERNAL);
    ask(node, "sofia xmlstatus profile internal reg", contacts_h,
        ENGINE_INTERNAL);
}

static void refresh_h(void *arg)
{
    struct fs_node *node = arg;

    if (node->waiting || !node->up) {
        node->again = node->again || node->waiting;
        return;
    }
    ask_status(node);
}

void fs_refresh(struct fs_node *node)
{
    enum { REFRESH_MS = 200 }; /* several changes are one question */

    if (!timer_running(&node->refresh_timer))
        timer_start(node->fs->timers, &node->refresh_timer, REFRESH_MS,
                    refresh_h, node);
}

void fs_sync(struct fs_node *node, bool fresh)
{
    if (node->waiting) {
        node->again = true;
        return;
    }
    node->fresh = node->fresh || fresh;
    node->again = false;
    ask(node, "uptime ms", uptime_h, 0);
    ask(node, "show channels as json", channels_h, 0);
    ask_status(node);
}

void fs_sync_forget(struct fs_node *node)
{
    found_clear(node);
    node->waiting = 0;
    node->again = false;
}

/* ---- what it means ---- */

/* A leg that we knew, after events were lost. */
static void known(struct fs_leg *leg, const struct fs_found *f,
                  const struct esl_event *ev)
{
    struct fs_leg *peer = fs_bridged_to(leg->fs, ev);

    if (f->unknown)
        return;
    if (!f->dump) {
        fs_leg_gone(leg, leg->killed ? ENGINE_END_LOCAL : ENGINE_END_ENGINE, 0,
                    0, "");
        return;
    }
    if (leg->killed) {
        if (leg->kills)
            fs_leg_kill(leg, "NORMAL_CLEARING");
        else
            fs_leg_kill_soon(leg);
        return;
    }
    if (fs_is_ringing(ev))
        fs_leg_ringing(leg);
    if (fs_is_answered(ev) && !leg->answered && !leg->dialling)
        fs_leg_answered(leg);
    if (peer && leg->inbound)
        fs_leg_bridged(leg, peer);
    fs_keylog_read(leg, ev);
}

static void resend_h(struct fs_leg *leg, void *arg)
{
    fs_leg_resend(leg);
    fs_play_resume(leg);
    if (leg->answered)
        fs_watch_resume(leg);
}

/* Participants before the legs that were dialled for them: for one who is
   gone nobody is dialled again. */
static void compare_known(struct fs_node *node)
{
    struct fs_leg *leg;
    struct esl_event ev;

    for (int round = 0; round < 2; round++) {
        for (struct fs_found *f = node->found; f; f = f->next) {
            leg = fs_leg_find_uuid(node->fs, f->uuid);
            esl_event_open(&ev, slice_of(f->dump ? f->dump : ""));
            if (leg && leg->inbound == !round)
                known(leg, f, &ev);
            else if (round == 0 && !leg && f->dump)
                fs_offer_is_uninvited(node, f->uuid, &ev);
        }
    }
}

static void finish(struct fs_node *node)
{
    const struct engine_event up = {.type = ENGINE_UP, .node = node->index};
    bool fresh = node->fresh, was_up = node->up;

    node->fresh = false;
    node->up = true;
    if (!was_up)
        fs_tell(node->fs, &up);
    fs_status_tell(node);
    if (fresh) /* first: what is told next may have prompts played */
        fs_legs_each(node->fs, node, resend_h, NULL);
    compare_known(node);
    fs_adopt(node);
    found_clear(node);
    if (node->again)
        fs_sync(node, false);
}
