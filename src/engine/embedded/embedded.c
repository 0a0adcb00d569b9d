#include "engine/embedded/embedded.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/mailbox.h"
#include "engine/embedded/command.h"
#include "engine/embedded/embedded_leg.h"
#include "engine/embedded/leg_table.h"
#include "engine/embedded/media/media.h"
#include "engine/embedded/report.h"
#include "engine/embedded/ua_thread.h"

struct embedded {
    struct engine engine; /* first */
    const struct config *cfg;
    struct event_base *base;
    struct timers *timers;
    struct log *log;
    engine_event_h *h;
    void *arg;
    struct mailbox *reports;  /* to the main thread */
    struct mailbox *commands; /* to the SIP thread */
    struct event *event;
    struct media *media;
    struct ua_thread *sip;
    struct leg_table *legs; /* struct embedded_leg */
};

static struct embedded *of(struct engine *e)
{
    return (struct embedded *)e;
}

static void command(struct embedded *e, const struct command *from)
{
    struct command *c;

    if (command_alloc(&c, from))
        log_line(e->log, LOG_ERROR, NULL,
                 "out of memory: a command to the SIP thread was lost");
    else
        mailbox_post(e->commands, &c->mail);
}

/* An event of our own making is told from the loop like any other. */
static void post(struct embedded *e, const struct engine_event *ev)
{
    if (report_event(e->reports, ev))
        log_line(e->log, LOG_ERROR, NULL, "out of memory: an event was lost");
}

static void add_leg(struct embedded *e, engine_leg number)
{
    struct embedded_leg *leg;

    if (embedded_leg_alloc(&leg, number, e->media, e->timers, e->h, e->arg))
        leg = NULL;
    if (leg && leg_table_add(e->legs, number, leg)) {
        embedded_leg_free(leg);
        leg = NULL;
    }
    if (!leg)
        log_line(e->log, LOG_ERROR, NULL,
                 "out of memory: a leg is without keys");
}

static void tell(struct embedded *e, const struct engine_event *ev)
{
    struct embedded_leg *leg;

    if (ev->type == ENGINE_OFFERED)
        add_leg(e, ev->leg);
    leg = leg_table_find(e->legs, ev->leg);
    if (ev->type == ENGINE_OFFERED && leg &&
        ev->offered.source == ENGINE_FROM_JIGASI)
        embedded_leg_forward(leg);
    if (ev->type == ENGINE_ANSWERED && leg)
        embedded_leg_answered(leg);
    if (ev->type == ENGINE_GONE)
        embedded_leg_free(leg_table_remove(e->legs, ev->leg));
    e->h(ev, e->arg);
}

static void tell_media(struct embedded *e, const struct media_report *r)
{
    struct embedded_leg *leg = leg_table_find(e->legs, r->leg);

    if (!leg)
        return;
    if (r->type == MEDIA_KEY)
        embedded_leg_key(leg, r->key);
    else if (r->type == MEDIA_PLAYED)
        embedded_leg_played(leg, r->tag, r->completed);
}

static void reports_h(evutil_socket_t fd, short what, void *arg)
{
    struct embedded *e = arg;
    struct mail *m = mailbox_take(e->reports);

    while (m) {
        struct report *r = (struct report *)m;

        m = m->next;
        if (r->type == REPORT_EVENT)
            tell(e, &r->event);
        else
            tell_media(e, &r->media);
        report_free(r);
    }
}

/* On media threads. */
static void media_h(const struct media_report *r, void *arg)
{
    struct embedded *e = arg;
    const struct command c = {
        .type = r->type == MEDIA_SILENT ? COMMAND_SILENT : COMMAND_ALIVE,
        .leg = r->leg,
    };

    if (r->type == MEDIA_SILENT || r->type == MEDIA_ALIVE)
        command(e, &c);
    else if (report_media(e->reports, r))
        log_line(e->log, LOG_ERROR, NULL, "out of memory: a report was lost");
}

static int bind_to(struct media_ports *ports, const char *ip, struct log *log)
{
    int err = address_read(&ports->address, ip, 0);

    if (err)
        log_line(log, LOG_ERROR, NULL, "not an IP address to bind to: %s", ip);
    return err;
}

static int start_media(struct embedded *e)
{
    const struct config *cfg = e->cfg;
    struct media_config mc = {
        .workers = cfg->media_threads,
        .ports =
            {
                [ENGINE_EXTERNAL] = {.start = (uint16_t)cfg->rtp_start_port,
                                     .end = (uint16_t)cfg->rtp_end_port},
                [ENGINE_INTERNAL] =
                    {.start = (uint16_t)cfg->internal_rtp_start_port,
                     .end = (uint16_t)cfg->internal_rtp_end_port},
            },
        .opus_complexity = cfg->opus_complexity,
        .duck = cfg->prompt_mix == CONFIG_PROMPT_DUCK,
        .sounds_dir = cfg->sounds_dir,
        .language = cfg->language,
        .log = e->log,
        .h = media_h,
        .arg = e,
    };
    int err = bind_to(&mc.ports[ENGINE_EXTERNAL], cfg->external_ip, e->log);

    if (!err)
        err = bind_to(&mc.ports[ENGINE_INTERNAL], cfg->internal_ip, e->log);
    if (!err)
        err = media_alloc(&e->media, &mc);
    return err;
}

static int start(struct engine *engine)
{
    struct embedded *e = of(engine);
    struct ua_thread_config tc = {
        .cfg = e->cfg,
        .log = e->log,
        .in = e->commands,
        .out = e->reports,
    };
    int err = start_media(e);

    if (err)
        return err;
    tc.media = e->media;
    err = ua_thread_start(&e->sip, &tc);
    if (err)
        return err;
    e->event = event_new(e->base, mailbox_fd(e->reports), EV_READ | EV_PERSIST,
                         reports_h, e);
    if (!e->event || event_add(e->event, NULL))
        return ENOMEM;
    return 0;
}

static void free_leg_h(void *record, void *arg)
{
    embedded_leg_free(record);
}

static void empty(struct mailbox *mb, void (*free_mail)(struct mail *m))
{
    struct mail *m = mb ? mailbox_take(mb) : NULL;

    while (m) {
        struct mail *next = m->next;

        free_mail(m);
        m = next;
    }
    mailbox_free(mb);
}

static void free_report(struct mail *m)
{
    report_free((struct report *)m);
}

static void free_command(struct mail *m)
{
    command_free((struct command *)m);
}

static void stop(struct engine *engine)
{
    struct embedded *e = of(engine);

    ua_thread_stop(e->sip);
    media_free(e->media);
    if (e->event)
        event_free(e->event);
    if (e->legs)
        leg_table_each(e->legs, free_leg_h, NULL);
    leg_table_free(e->legs);
    empty(e->reports, free_report);
    empty(e->commands, free_command);
    free(e);
}

static void ring(struct engine *e, engine_leg leg)
{
    command(of(e), &(struct command){.type = COMMAND_RING, .leg = leg});
}

static void progress(struct engine *e, engine_leg leg)
{
    command(of(e), &(struct command){.type = COMMAND_PROGRESS, .leg = leg});
}

static void answer(struct engine *e, engine_leg leg)
{
    command(of(e), &(struct command){.type = COMMAND_ANSWER, .leg = leg});
}

static void reject(struct engine *e, engine_leg leg, unsigned status,
                   const char *phrase, unsigned retry_after_s)
{
    command(of(e), &(struct command){
                       .type = COMMAND_REJECT,
                       .leg = leg,
                       .status = status,
                       .text = (char *)phrase,
                       .retry_after_s = retry_after_s,
                   });
}

static void play(struct engine *e, engine_leg leg, const struct engine_play *p)
{
    media_play(of(e)->media, leg, p);
}

static void play_stop(struct engine *e, engine_leg leg)
{
    media_play_stop(of(e)->media, leg);
}

static void collect(struct engine *e, engine_leg leg,
                    const struct engine_collect *c)
{
    struct embedded_leg *l = leg_table_find(of(e)->legs, leg);
    int err = l ? embedded_leg_collect(l, c) : 0;

    if (err)
        log_line(of(e)->log, LOG_ERROR, NULL, "digits not collected: %s",
                 strerror(err));
}

static void collect_stop(struct engine *e, engine_leg leg)
{
    struct embedded_leg *l = leg_table_find(of(e)->legs, leg);

    if (l)
        embedded_leg_collect_stop(l);
}

static void bind_keys(struct engine *e, engine_leg leg,
                      const char *const *sequences, size_t n,
                      uint32_t inter_ms)
{
    struct embedded_leg *l = leg_table_find(of(e)->legs, leg);
    int err = l ? embedded_leg_bind(l, sequences, n, inter_ms) : 0;

    if (err)
        log_line(of(e)->log, LOG_ERROR, NULL, "key sequences not bound: %s",
                 strerror(err));
}

static engine_leg dial(struct engine *engine, const struct engine_dial *d)
{
    struct embedded *e = of(engine);
    engine_leg leg = media_leg(e->media, d->for_leg);

    add_leg(e, leg);
    command(e, &(struct command){
                   .type = COMMAND_DIAL,
                   .leg = leg,
                   .peer = d->for_leg,
                   .target = d->target,
                   .contact = (char *)d->contact,
                   .number = (char *)d->number,
                   .caller_number = (char *)d->caller_number,
                   .name = (char *)d->caller_name,
                   .call = (char *)d->call,
                   .headers = (struct engine_header *)d->headers,
                   .n_headers = d->n_headers,
               });
    return leg;
}

static void bridge(struct engine *engine, engine_leg a, engine_leg b)
{
    struct embedded *e = of(engine);
    struct embedded_leg *one = leg_table_find(e->legs, a);
    struct embedded_leg *other = leg_table_find(e->legs, b);

    if (!one || !other)
        return;
    embedded_leg_bridged(one, b);
    embedded_leg_bridged(other, a);
    media_bridge(e->media, a, b);
    post(e, &(struct engine_event){
                .type = ENGINE_BRIDGED,
                .leg = a,
                .peer = b,
            });
}

static void mute(struct engine *e, engine_leg leg, bool on)
{
    media_mute(of(e)->media, leg, on);
}

static void info(struct engine *e, engine_leg leg, const char *type,
                 const char *body, size_t len)
{
    command(of(e), &(struct command){
                       .type = COMMAND_INFO,
                       .leg = leg,
                       .content_type = (char *)type,
                       .body = (char *)body,
                       .len = len,
                   });
}

static void hangup(struct engine *e, engine_leg leg, unsigned cause,
                   const char *text)
{
    command(of(e), &(struct command){
                       .type = COMMAND_HANGUP,
                       .leg = leg,
                       .cause = cause,
                       .text = (char *)text,
                   });
}

static void note(struct engine *e, engine_leg leg, const char *text)
{
    /* Calls do not outlive this engine's process, so neither do notes. */
}

static const struct engine_ops ops = {
    .start = start,
    .stop = stop,
    .ring = ring,
    .progress = progress,
    .answer = answer,
    .reject = reject,
    .play = play,
    .play_stop = play_stop,
    .collect = collect,
    .collect_stop = collect_stop,
    .bind = bind_keys,
    .dial = dial,
    .bridge = bridge,
    .mute = mute,
    .info = info,
    .hangup = hangup,
    .note = note,
};

int embedded_alloc(struct engine **ep, const struct config *cfg,
                   struct event_base *base, struct timers *timers,
                   struct log *log, engine_event_h *h, void *arg)
{
    struct embedded *e = calloc(1, sizeof(*e));
    int err;

    if (!e)
        return ENOMEM;
    e->engine.ops = &ops;
    e->cfg = cfg;
    e->base = base;
    e->timers = timers;
    e->log = log;
    e->h = h;
    e->arg = arg;
    err = mailbox_alloc(&e->reports);
    if (!err)
        err = mailbox_alloc(&e->commands);
    if (!err)
        err = leg_table_alloc(&e->legs);
    if (err) {
        stop(&e->engine);
        return err;
    }
    *ep = &e->engine;
    return 0;
}
