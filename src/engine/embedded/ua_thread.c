#include "engine/embedded/ua_thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "engine/embedded/report.h"
#include "engine/embedded/trunk.h"
#include "engine/embedded/ua.h"

enum {
    NONCE_LIFE_MS = 300000,
    STEP_MAX_MS = 1000, /* the loop turns at least this often */
};

struct ua_thread {
    pthread_t thread;
    sem_t ready;
    int err;
    struct ua ua;
};

static uint64_t clock_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t ua_now(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

uint64_t ua_wall(void)
{
    return clock_ms(CLOCK_REALTIME);
}

void ua_timer(struct ua *ua, struct timer *t, uint64_t delay, timer_h *h,
              void *arg)
{
    if (timer_start(ua->timers, t, delay, h, arg))
        log_line(ua->log, LOG_ERROR, NULL,
                 "out of memory: a SIP timer was not started");
}

void ua_tell(struct ua *ua, const struct engine_event *ev)
{
    if (report_event(ua->out, ev))
        log_line(ua->log, LOG_ERROR, NULL,
                 "out of memory: a report of the SIP thread was lost");
}

uint64_t ua_random(void)
{
    uint64_t r = 0;

    /* Blocks only before the kernel's pool is first seeded. */
    while (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
        ;
    return r;
}

static void hangup_h(void *record, void *arg)
{
    ua_leg_hangup(record, 0, "");
}

static void free_leg_h(void *record, void *arg)
{
    ua_leg_free(record);
}

static void stop_h(void *arg)
{
    struct ua *ua = arg;

    log_line(ua->log, LOG_WARN, NULL, "SIP stops with %zu goodbyes unanswered",
             leg_table_count(ua->legs));
    ua->done = true;
}

static void stop(struct ua *ua)
{
    ua->stopping = true;
    ua_timer(ua, &ua->stop_timer, UA_STOP_MS, stop_h, ua);
    leg_table_each(ua->legs, hangup_h, NULL);
    trunk_stop(ua->trunk);
}

static void obey(struct ua *ua, struct command *c)
{
    struct ua_leg *leg = leg_table_find(ua->legs, c->leg);

    if (c->type == COMMAND_STOP) {
        stop(ua);
        return;
    }
    if (c->type == COMMAND_DIAL) {
        ua_uac_dial(ua, c);
        return;
    }
    if (c->type == COMMAND_TRUNK_LINK) {
        trunk_link_changed(ua->trunk);
        return;
    }
    if (!leg || leg->state == UA_ENDING)
        return;
    switch (c->type) {
    case COMMAND_RING:
        ua_uas_ring(leg);
        break;
    case COMMAND_PROGRESS:
        ua_uas_progress(leg);
        break;
    case COMMAND_ANSWER:
        ua_uas_answer(leg);
        break;
    case COMMAND_REJECT:
        ua_uas_reject(leg, c->status, c->text, c->retry_after_s);
        break;
    case COMMAND_INFO:
        ua_info_send(leg, c->content_type, c->body, c->len);
        break;
    case COMMAND_HANGUP:
        ua_leg_hangup(leg, c->cause, c->text);
        break;
    case COMMAND_SILENT:
        ua_probe_silent(leg);
        break;
    case COMMAND_ALIVE:
        ua_probe_alive(leg);
        break;
    case COMMAND_DIAL:
    case COMMAND_TRUNK_LINK:
    case COMMAND_STOP:
        break;
    }
}

static int mail_h(struct ua *ua, su_wait_t *w, struct ua *arg)
{
    struct mail *m = mailbox_take(ua->in);

    while (m) {
        struct command *c = (struct command *)m;

        m = m->next;
        obey(ua, c);
        command_free(c);
    }
    return 0;
}

/* What sofia-sip has to say, by its own levels (SOFIA_DEBUG). */
static void sofia_h(void *stream, const char *fmt, va_list ap)
{
    char text[LOG_LINE_MAX];

    vsnprintf(text, sizeof(text), fmt, ap);
    text[strcspn(text, "\r\n")] = '\0';
    if (*text)
        log_line(stream, LOG_DEBUG, NULL, "sofia: %s", text);
}

/* Options in force of all networks of a setting; a fault was told by the
 * check of the settings already, so it only costs the list. */
static int networks(struct ua *ua, struct netlist **nlp, const char *text,
                    const char *name)
{
    struct slice fault;
    int err = netlist_parse(nlp, text, &fault);

    if (err)
        log_line(ua->log, LOG_ERROR, NULL, "%s: cannot read \"%.*s\": %s",
                 name, (int)fault.len, fault.p, strerror(err));
    return err;
}

static int open_parts(struct ua *ua)
{
    const struct config *cfg = ua->cfg;
    const struct digest_user users[] = {
        {cfg->registration_user, cfg->registration_password, ENGINE_EXTERNAL},
        {cfg->jigasi_user, cfg->jigasi_password, ENGINE_INTERNAL},
    };
    uint64_t key[2] = {ua_random(), ua_random()};
    int err = timers_alloc(&ua->timers, ua_now());

    su_home_init(ua->home);
    ua->supported = sip_supported_make(ua->home, UA_SUPPORTED);
    if (!ua->supported)
        err = ENOMEM;

    memcpy(ua->tag_key, key, sizeof(ua->tag_key));
    ua->session_id = ua_random();
    codec_policy_parse(&ua->codecs, cfg->jigasi_codecs);
    if (!err) {
        timers_set_clock(ua->timers, ua_now);
        err = leg_table_alloc(&ua->legs);
    }
    if (!err)
        err = networks(ua, &ua->trusted, cfg->trusted_networks,
                       "JIGATE_TRUSTED_NETWORKS");
    if (!err)
        err = networks(ua, &ua->local, cfg->local_network_acl,
                       "FREESWITCH_LOCAL_NETWORK_ACL");
    if (!err)
        err = digest_alloc(&ua->digest, cfg->sip_domain, users, 2,
                           NONCE_LIFE_MS);
    for (size_t i = 0; i < 2 && !err; i++)
        err = sip_guard_alloc(&ua->sides[i].guard, &sip_guard_defaults);
    if (!err)
        err = ua_register_start(ua);
    if (!err)
        ua_tcp_start(ua);
    return err;
}

static int open_sides(struct ua *ua)
{
    static const enum sdp_srtp srtp[] = {
        [CONFIG_SRTP_OFF] = SDP_SRTP_OFF,
        [CONFIG_SRTP_OPTIONAL] = SDP_SRTP_OPTIONAL,
        [CONFIG_SRTP_MANDATORY] = SDP_SRTP_MANDATORY,
    };
    const struct config *cfg = ua->cfg;
    int err;

    ua->sides[ENGINE_EXTERNAL].ip = cfg->external_ip;
    ua->sides[ENGINE_EXTERNAL].advertised =
        *cfg->external_ext_ip ? cfg->external_ext_ip : cfg->external_ip;
    ua->sides[ENGINE_EXTERNAL].port = cfg->external_sip_port;
    ua->sides[ENGINE_EXTERNAL].srtp = srtp[cfg->srtp];
    ua->sides[ENGINE_INTERNAL].srtp =
        cfg->jigasi_srtp ? SDP_SRTP_MANDATORY : SDP_SRTP_OFF;
    ua->sides[ENGINE_INTERNAL].ip = cfg->internal_ip;
    ua->sides[ENGINE_INTERNAL].advertised = cfg->internal_ip;
    ua->sides[ENGINE_INTERNAL].port = cfg->internal_sip_port;
    ua->sides[UA_TLS] = ua->sides[ENGINE_EXTERNAL];
    ua->sides[UA_TLS].port = cfg->tls_port;
    ua->sides[UA_TRUNK] = ua->sides[ENGINE_EXTERNAL];
    ua->sides[UA_TRUNK].port = 0; /* of the connection, once there is one */
    for (int i = 0; i < UA_SIDES; i++) {
        ua->sides[i].ua = ua;
        ua->sides[i].which =
            i == ENGINE_INTERNAL ? ENGINE_INTERNAL : ENGINE_EXTERNAL;
    }
    err = ua_side_open(&ua->sides[ENGINE_EXTERNAL]);
    if (!err)
        err = ua_side_open(&ua->sides[ENGINE_INTERNAL]);
    if (!err && cfg->tls_port)
        err = ua_side_open(&ua->sides[UA_TLS]);
    if (!err && *cfg->trunk_password && cfg->trunk_transport == CONFIG_TLS)
        err = ua_side_open(&ua->sides[UA_TRUNK]);
    return err;
}

static void tell_up(struct ua *ua)
{
    struct engine_event ev = {.type = ENGINE_UP};

    ua_tell(ua, &ev);
    ev.type = ENGINE_PROFILE;
    for (int i = ENGINE_EXTERNAL; i <= ENGINE_INTERNAL; i++) {
        ev.profile.side = (enum engine_side)i;
        ev.profile.running = true;
        ua_tell(ua, &ev);
    }
    ua_register_tell_all(ua);
    if (trunk_start(&ua->trunk, ua))
        log_line(ua->log, LOG_ERROR, NULL,
                 "out of memory: nothing is registered at the trunk");
}

static void run(struct ua *ua)
{
    while (!ua->done) {
        uint64_t wait = timers_wait(ua->timers);

        if (wait > STEP_MAX_MS)
            wait = STEP_MAX_MS;
        su_root_step(ua->root, (su_duration_t)wait);
        timers_run(ua->timers, ua_now());
        if (ua->stopping && !leg_table_count(ua->legs) &&
            !trunk_busy(ua->trunk))
            ua->done = true;
    }
}

static void close_parts(struct ua *ua)
{
    ua_register_stop(ua);
    trunk_free(ua->trunk);
    ua_tcp_stop(ua);
    if (ua->legs)
        leg_table_each(ua->legs, free_leg_h, NULL);
    for (size_t i = 0; i < UA_SIDES; i++)
        ua_side_close(&ua->sides[i]);
    sip_guard_free(ua->sides[ENGINE_EXTERNAL].guard); /* TLS has it too */
    sip_guard_free(ua->sides[ENGINE_INTERNAL].guard);
    digest_free(ua->digest);
    registrar_free(ua->registrar);
    netlist_free(ua->trusted);
    netlist_free(ua->local);
    leg_table_free(ua->legs);
    timers_free(ua->timers);
    su_home_deinit(ua->home);
}

static void *thread_main(void *arg)
{
    struct ua_thread *t = arg;
    struct ua *ua = &t->ua;
    su_wait_t wait[1] = {SU_WAIT_INIT};
    int index = -1;

    su_init();
    su_log_redirect(su_log_default, sofia_h, t->ua.log);
    ua->root = su_root_create(ua);
    if (!ua->root) {
        t->err = ENOMEM;
    } else {
        su_root_threading(ua->root, 0);
        t->err = open_parts(ua);
        if (!t->err)
            t->err = open_sides(ua);
    }
    if (!t->err) {
        if (su_wait_create(wait, mailbox_fd(ua->in), SU_WAIT_IN) == 0)
            index = su_root_register(ua->root, wait, mail_h, ua, 0);
        if (index < 0)
            t->err = errno ? errno : ENOMEM;
    }
    if (!t->err)
        tell_up(ua);
    ua->done = t->err != 0;
    sem_post(&t->ready);
    run(ua);
    close_parts(ua);
    if (index >= 0)
        su_root_deregister(ua->root, index);
    if (ua->root)
        su_root_destroy(ua->root);
    su_deinit();
    return NULL;
}

int ua_thread_start(struct ua_thread **tp, const struct ua_thread_config *tc)
{
    struct ua_thread *t = calloc(1, sizeof(*t));
    sigset_t all, before;
    int err;

    if (!t)
        return ENOMEM;
    t->ua.cfg = tc->cfg;
    t->ua.log = tc->log;
    t->ua.media = tc->media;
    t->ua.in = tc->in;
    t->ua.out = tc->out;
    sem_init(&t->ready, 0, 0);
    /* Signals are the main thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&t->thread, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err) {
        sem_destroy(&t->ready);
        free(t);
        return err;
    }
    while (sem_wait(&t->ready) && errno == EINTR)
        ;
    err = t->err;
    if (err) {
        pthread_join(t->thread, NULL);
        sem_destroy(&t->ready);
        free(t);
        return err;
    }
    *tp = t;
    return 0;
}

void ua_thread_stop(struct ua_thread *t)
{
    struct command *c;
    const struct command stop_command = {.type = COMMAND_STOP};

    if (!t)
        return;
    while (command_alloc(&c, &stop_command))
        ;
    mailbox_post(t->ua.in, &c->mail);
    pthread_join(t->thread, NULL);
    sem_destroy(&t->ready);
    free(t);
}
