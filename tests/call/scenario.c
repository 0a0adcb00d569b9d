#include "tests/call/scenario.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/call/scripted.h"

/* ---- the directory ---- */

void lookup_answer(struct scenario *t, const struct directory_answer *a)
{
    struct directory_query *q = t->queries;
    directory_h *h;

    while (q < t->queries + QUERIES_MAX && !q->h)
        q++;
    assert_true(q < t->queries + QUERIES_MAX);
    h = q->h;
    q->h = NULL;
    h(a, q->arg);
}

void lookup_room(struct scenario *t, const char *room)
{
    struct directory_answer a = {DIRECTORY_FOUND, "", room, "", "", false};

    lookup_answer(t, &a);
}

void lookup_unknown(struct scenario *t)
{
    struct directory_answer a = {DIRECTORY_UNKNOWN, "", "", "", "", false};

    lookup_answer(t, &a);
}

void lookup_failed(struct scenario *t)
{
    struct directory_answer a = {DIRECTORY_FAILED, "", "", "", "", false};

    lookup_answer(t, &a);
}

/* ---- the monitor ---- */

static const char *const monitor_names[] = {
    [MONITOR_ENGINE] = "engine",     [MONITOR_PROFILE] = "profile",
    [MONITOR_CONTACT] = "contact",   [MONITOR_STARTED] = "started",
    [MONITOR_STATE] = "state",       [MONITOR_ENDED] = "ended",
    [MONITOR_REFUSED] = "refused",   [MONITOR_QUALITY] = "quality",
    [MONITOR_DRAINING] = "draining", [MONITOR_TRUNK] = "trunk",
};

static void monitor_h(const struct monitor_event *ev, void *arg)
{
    struct scenario *t = arg;
    char *line = t->told[t->n_told++];

    assert_true(t->n_told < LINES_MAX);
    t->n_started += ev->type == MONITOR_STARTED;
    t->n_ended += ev->type == MONITOR_ENDED;
    if (ev->type == MONITOR_CONTACT)
        snprintf(line, TOLD_SIZE, "contact %s%s", ev->contact->id,
                 ev->contact->gone ? " gone" : "");
    else
        snprintf(line, TOLD_SIZE, "%s%s%s", monitor_names[ev->type],
                 ev->state ? " " : "", ev->state ? ev->state : "");
    if (ev->type == MONITOR_ENGINE || ev->type == MONITOR_PROFILE ||
        ev->type == MONITOR_TRUNK)
        snprintf(line, TOLD_SIZE, "%s%s %s", monitor_names[ev->type],
                 ev->type == MONITOR_PROFILE && ev->side ? " internal" : "",
                 ev->up ? "up" : "down");
}

void expect_monitor(struct scenario *t, const char *line)
{
    assert_true(t->n_told > 0);
    assert_string_equal(t->told[t->n_told - 1], line);
}

size_t monitored(struct scenario *t, const char *line)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_told; i++)
        n += !strcmp(t->told[i], line);
    return n;
}

/* ---- life ---- */

static void config_defaults(struct config *cfg)
{
    *cfg = (struct config){
        .jigasi_uri = "jigasi@meet.jitsi",
        .jigasi_user = "jigasi",
        .sip_domain = "meet.jitsi",
        .jigasi_server = "freeswitch.meet.jitsi",
        .internal_ip = "192.0.2.200",
        .registration_user = "user",
        .trunk_user = "jigate",
        .dialout_allow = "",
        .dialout_caller_id = "",
        .ivr_number = "1000",
        .meeting_lookup = "direct",
        .xmpp_domain = "meet.jitsi",
        .xmpp_muc_domain = "",
        .header_room = "X-Room-Name",
        .header_domain_base = "X-Domain-Base",
        .header_password = "Jitsi-Conference-Room-Pass",
        .header_token = "Jitsi-Auth-Token",
        .header_tenant = "Jitsi-Conference-Domain-Tenant",
        .header_visitor = "Jitsi-Visitor",
        .keys = "*6=mute,*9=hand,*1=help,*0=status",
        .retry_interval_s = 30,
        .max_wait_min = 60,
        .media_timeout_s = 60,
        .drain_timeout_s = 60,
    };
}

static int make_calls(struct scenario *t)
{
    struct calls_deps deps = {.cfg = &t->cfg,
                              .engine = &t->engine,
                              .timers = t->timers,
                              .directory = &t->directory,
                              .log = t->log,
                              .monitor_h = monitor_h,
                              .monitor_arg = t};

    return calls_alloc(&t->calls, &deps);
}

int scenario_setup(void **state)
{
    struct scenario *t = calloc(1, sizeof(*t));

    if (!t)
        return -1;
    t->engine.ops = &scripted_engine_ops;
    t->directory.ops = &scripted_directory_ops;
    t->now = 1000000;
    config_defaults(&t->cfg);
    t->log_fd = memfd_create("log", 0);
    if (t->log_fd < 0 || log_alloc(&t->log, t->log_fd, LOG_DEBUG) ||
        timers_alloc(&t->timers, t->now) || make_calls(t))
        return -1;
    *state = t;
    contact_new(t, "j1");
    return 0;
}

int scenario_teardown(void **state)
{
    struct scenario *t = *state;

    calls_free(t->calls);
    assert_true(timers_wait(t->timers) == UINT64_MAX); /* no timer is left */
    timers_free(t->timers);
    log_free(t->log);
    close(t->log_fd);
    free(t);
    return 0;
}

struct config *config_of(struct scenario *t)
{
    return &t->cfg;
}

struct calls *calls_of(struct scenario *t)
{
    return t->calls;
}

int restart_calls(struct scenario *t)
{
    calls_free(t->calls);
    t->calls = NULL;
    return make_calls(t);
}

/* ---- events ---- */

static void tell(struct scenario *t, const struct engine_event *ev)
{
    calls_event(ev, t->calls);
}

void contact_set(struct scenario *t, unsigned node, const char *id,
                 bool reachable, uint64_t order)
{
    struct engine_event ev = {.type = ENGINE_CONTACT, .node = node};

    ev.contact.id = id;
    ev.contact.user = "jigasi";
    ev.contact.uri = id;
    ev.contact.reachable = reachable;
    ev.contact.order = order;
    tell(t, &ev);
}

void contact_new(struct scenario *t, const char *id)
{
    contact_set(t, 0, id, true, ++t->order);
}

void contact_gone(struct scenario *t, const char *id)
{
    struct engine_event ev = {.type = ENGINE_CONTACT};

    ev.contact.id = id;
    ev.contact.user = "jigasi";
    ev.contact.uri = id;
    ev.contact.gone = true;
    tell(t, &ev);
}

void node_down(struct scenario *t, unsigned node)
{
    tell(t, &(struct engine_event){.type = ENGINE_DOWN, .node = node});
}

void node_up(struct scenario *t, unsigned node)
{
    tell(t, &(struct engine_event){.type = ENGINE_UP, .node = node});
}

void offer_from(struct scenario *t, const struct engine_offer *given,
                unsigned node)
{
    struct engine_offer o = *given;
    struct engine_event ev = {.type = ENGINE_OFFERED, .node = node};
    struct leg *leg = &t->phones[t->n_phones++];
    char call[ENGINE_CALL_ID_MAX];

    assert_true(t->n_phones < LEGS_MAX);
    snprintf(call, sizeof(call), "c%u", t->n_phones);
    o.call = call;
    if (!o.to_host)
        o.to_host = "meet.jitsi";
    if (!o.caller_name)
        o.caller_name = "Alice";
    if (!o.caller_number)
        o.caller_number = "4711";
    if (!o.address)
        o.address = "192.0.2.1";
    t->phone = t->n_phones;
    leg->there = true;
    leg->node = node;
    leg->source = o.source;
    snprintf(leg->to, sizeof(leg->to), "%.*s", (int)o.to_len, o.to);
    ev.leg = PHONE_LEGS + t->n_phones;
    ev.offered = o;
    tell(t, &ev);
}

void offer(struct scenario *t, const char *to)
{
    struct engine_offer o = {.to = to, .to_len = strlen(to)};

    offer_from(t, &o, 0);
}

void phone_registered(struct scenario *t, const char *id, bool reachable,
                      uint64_t order)
{
    struct engine_event ev = {.type = ENGINE_CONTACT};

    ev.contact.id = id;
    ev.contact.user = "user";
    ev.contact.uri = id;
    ev.contact.reachable = reachable;
    ev.contact.order = order;
    tell(t, &ev);
}

static struct engine_event leg_event(struct scenario *t,
                                     enum engine_event_type type,
                                     engine_leg id)
{
    struct engine_event ev = {.type = type, .leg = id};

    ev.node = leg_of(t, id)->node;
    return ev;
}

static engine_leg phone_id(const struct scenario *t)
{
    return PHONE_LEGS + t->phone;
}

void answered(struct scenario *t, const char *leg)
{
    struct engine_event ev = leg_event(t, ENGINE_ANSWERED, id_of(leg));

    leg_of(t, ev.leg)->up = true;
    tell(t, &ev);
}

void ringing(struct scenario *t, const char *leg)
{
    struct engine_event ev = leg_event(t, ENGINE_RINGING, id_of(leg));

    leg_of(t, ev.leg)->ringing = true;
    tell(t, &ev);
}

void ringing_heard(struct scenario *t, const char *leg)
{
    struct engine_event ev = leg_event(t, ENGINE_RINGING, id_of(leg));

    leg_of(t, ev.leg)->ringing = leg_of(t, ev.leg)->early = true;
    ev.ringing.early = true;
    tell(t, &ev);
}

void bridged(struct scenario *t)
{
    struct engine_event ev = leg_event(t, ENGINE_BRIDGED, phone_id(t));

    leg_of(t, ev.leg)->bridged = true;
    ev.peer = leg_of(t, ev.leg)->peer;
    tell(t, &ev);
}

void digits(struct scenario *t, const char *text, char end)
{
    struct engine_event ev = leg_event(t, ENGINE_DIGITS, phone_id(t));

    leg_of(t, ev.leg)->collecting = false;
    ev.digits.digits = text;
    ev.digits.end = end == '.'   ? ENGINE_DIGITS_TIMEOUT
                    : end == 'm' ? ENGINE_DIGITS_MAX
                                 : ENGINE_DIGITS_TERMINATOR;
    ev.digits.terminator = end == '.' || end == 'm' ? 0 : end;
    tell(t, &ev);
}

void keys(struct scenario *t, const char *sequence)
{
    struct engine_event ev = leg_event(t, ENGINE_KEYS, phone_id(t));

    ev.keys = sequence;
    tell(t, &ev);
}

void played(struct scenario *t)
{
    struct engine_event ev = leg_event(t, ENGINE_PLAYED, phone_id(t));

    ev.played.tag = leg_of(t, ev.leg)->tag;
    ev.played.completed = true;
    tell(t, &ev);
}

void info_from(struct scenario *t, const char *leg, const char *type,
               const char *body, size_t len)
{
    struct engine_event ev = leg_event(t, ENGINE_INFO, id_of(leg));

    ev.info.type = type;
    ev.info.body = body;
    ev.info.len = len;
    tell(t, &ev);
}

void info(struct scenario *t, const char *json)
{
    info_from(t, name_of(leg_of(t, phone_id(t))->peer), "application/json",
              json, strlen(json));
}

void audio_was(struct scenario *t, const struct engine_quality *q)
{
    t->quality = *q;
}

static void tell_gone(struct scenario *t, const char *leg, enum engine_end end,
                      unsigned status, unsigned cause, const char *reason)
{
    struct engine_event ev = leg_event(t, ENGINE_GONE, id_of(leg));
    struct leg *l = leg_of(t, ev.leg);

    assert_true(l->there);
    l->there = false;
    ev.gone.end = end;
    ev.gone.status = status;
    ev.gone.cause = cause;
    ev.gone.reason = reason;
    ev.gone.call = "c0ffee";
    ev.gone.side = *leg == 'p' ? ENGINE_EXTERNAL : ENGINE_INTERNAL;
    ev.gone.quality = t->quality;
    tell(t, &ev);
}

void gone(struct scenario *t, const char *leg, enum engine_end end)
{
    tell_gone(t, leg, end, 0, 0, "");
}

void refused(struct scenario *t, const char *leg, unsigned status)
{
    tell_gone(t, leg, ENGINE_END_REFUSED, status, 0, "");
}

void bye(struct scenario *t, const char *leg, unsigned cause,
         const char *reason)
{
    tell_gone(t, leg, ENGINE_END_HANGUP, 0, cause, reason);
}

void settle(struct scenario *t)
{
    for (unsigned i = 1; i <= t->n_jigasis; i++) {
        if (t->jigasis[i - 1].there && t->jigasis[i - 1].ending)
            gone(t, name_of(i), ENGINE_END_LOCAL);
    }
    for (unsigned i = 1; i <= t->n_phones; i++) {
        if (t->phones[i - 1].there && t->phones[i - 1].ending)
            gone(t, name_of(PHONE_LEGS + i), ENGINE_END_LOCAL);
    }
    for (unsigned i = 1; i <= t->n_callees; i++) {
        if (t->callees[i - 1].there && t->callees[i - 1].ending)
            gone(t, name_of(CALLEE_LEGS + i), ENGINE_END_LOCAL);
    }
}

void advance(struct scenario *t, uint64_t ms)
{
    t->now += ms;
    timers_run(t->timers, t->now);
}

const char *this_phone(struct scenario *t)
{
    return name_of(phone_id(t));
}

void use_phone(struct scenario *t, unsigned number)
{
    t->phone = number;
}

void use_callee(struct scenario *t, unsigned number)
{
    t->phone = CALLEE_LEGS - PHONE_LEGS + number;
}

/* ---- expectations ---- */

static void tell_story(struct scenario *t)
{
    size_t from = t->n_seen > 12 ? t->n_seen - 12 : 0;

    for (size_t i = from; i < t->n_lines; i++)
        print_message("%s %s\n", i < t->n_seen ? "    " : "  ->", t->lines[i]);
}

void expect(struct scenario *t, const char *line)
{
    if (t->n_seen == t->n_lines) {
        tell_story(t);
        fail_msg("no command came; expected: %s", line);
    } else if (strcmp(t->lines[t->n_seen], line)) {
        tell_story(t);
        fail_msg("expected: %s", line);
    }
    t->n_seen++;
}

void expect_none(struct scenario *t)
{
    if (t->n_seen < t->n_lines) {
        tell_story(t);
        fail_msg("expected no more commands");
    }
}

void pass_over(struct scenario *t)
{
    t->n_seen = t->n_lines;
}

size_t seen(struct scenario *t, const char *begin)
{
    size_t n = 0;

    for (size_t i = t->n_seen; i < t->n_lines; i++)
        n += !strncmp(t->lines[i], begin, strlen(begin));
    return n;
}

size_t logged(struct scenario *t, const char *text)
{
    off_t size = lseek(t->log_fd, 0, SEEK_CUR);
    char *all = calloc(1, (size_t)size + 1), *p = all;
    size_t n = 0;

    assert_non_null(all);
    assert_int_equal(pread(t->log_fd, all, (size_t)size, 0), size);
    for (; (p = strstr(p, text)); p++)
        n++;
    free(all);
    return n;
}

void expect_log(struct scenario *t, const char *text)
{
    if (!logged(t, text))
        fail_msg("the log has no \"%s\"", text);
}

const char *note_of(struct scenario *t)
{
    return leg_of(t, phone_id(t))->note;
}
