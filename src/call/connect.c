#include <string.h>

#include "base/slice.h"
#include "call/call.h"

/* Seconds between rounds when no contact could be reached. */
static const unsigned backoff_s[] = {5, 10, CALL_BACKOFF_MS / 1000};

enum { BACKOFFS = sizeof(backoff_s) / sizeof(backoff_s[0]) };

/* ---- dialling ---- */

static size_t header_put(struct engine_header *list, size_t n,
                         const char *name, const char *value)
{
    if (!name[0] || !value || !value[0])
        return n;
    list[n].name = name;
    list[n].value = value;
    return n + 1;
}

static engine_leg dial(struct call *c, const struct contact *ct)
{
    const struct config *cfg = c->cs->deps.cfg;
    const struct call_target *t = &c->target;
    struct engine_header list[6];
    struct engine_dial d = {.for_leg = c->leg.id,
                            .contact = ct->id,
                            .caller_name = c->name,
                            .call = c->id,
                            .headers = list};
    size_t n = 0;

    n = header_put(list, n, cfg->header_room, t->headers.room);
    n = header_put(list, n, cfg->header_domain_base, t->headers.domain_base);
    n = header_put(list, n, cfg->header_tenant, t->headers.tenant);
    n = header_put(list, n, cfg->header_password, t->password);
    n = header_put(list, n, cfg->header_token, t->token);
    if (c->was_visitor)
        n = header_put(list, n, cfg->header_visitor, "true");
    d.n_headers = n;
    log_line(c->cs->deps.log, LOG_INFO, c->id, "dialling Jigasi at %s room=%s",
             ct->uri, t->headers.room);
    return engine_dial(c->cs->deps.engine, &d);
}

/* An engine's node that is out of reach is no fault of Jigasi's: the caller
 * waits until it is back, however long that is. */
void connect_node_back(struct call *c)
{
    if (c->state == CALL_RETRYING &&
        !timer_running(&c->clocks[TIMER_STEP].timer))
        call_timer(c, TIMER_STEP, CALL_NODE_BACK_MS);
}

static void no_contact(struct call *c)
{
    if (calls_node_away(c->cs, c->node)) {
        call_enter(c, CALL_RETRYING, 0);
        return;
    }
    log_line(c->cs->deps.log, LOG_ERROR, c->id,
             "no Jigasi left to try; check that one is registered and "
             "answers");
    if (!c->answering || c->backoff >= BACKOFFS) {
        ending_begin(c, CALL_END_NO_JIGASI, PROMPT_WENT_WRONG, PROMPT_GOODBYE);
        return;
    }
    call_enter(c, CALL_RETRYING, 1000u * backoff_s[c->backoff++]);
}

static struct contact *choose(struct call *c)
{
    if (c->n_tried == CONTACT_TRIED_MAX)
        return NULL;
    return contacts_choose(c->cs->contacts, c->node, c->tried, c->n_tried,
                           call_now(c));
}

/* Whether the contact is being called now. */
static bool dial_contact(struct call *c, struct contact *ct)
{
    engine_leg id = dial(c, ct);

    c->tried[c->n_tried++] = ct->serial;
    if (!id)
        return false;
    if (calls_leg_add(c->cs, c, &c->jigasi, id)) {
        engine_hangup(c->cs->deps.engine, id, 0, "");
        return false;
    }
    contact_hold(ct);
    c->contact = ct;
    return true;
}

/* Call the best contact that was not tried in this attempt. */
void connect_dial(struct call *c)
{
    struct contact *ct;

    if (c->state == CALL_GONE) /* no memory for a timer */
        return;
    if (!c->target.headers.room[0]) {
        ivr_lookup(c);
        return;
    }
    call_jigasi_drop(c);
    memset(&c->session, 0, sizeof(c->session));
    while ((ct = choose(c)) && !dial_contact(c, ct))
        ;
    if (ct)
        call_enter(c, CALL_DIALLING, CALL_NO_RINGING_MS);
    else
        no_contact(c);
}

void connect_begin(struct call *c)
{
    call_timer(c, TIMER_WAIT, 60000ull * c->cs->deps.cfg->max_wait_min);
    if (!c->answering && c->cs->deps.cfg->answer == CONFIG_ANSWER_EARLY)
        call_timer(c, TIMER_ANSWER, CALL_EARLY_ANSWER_MS);
    connect_dial(c);
}

void connect_redial(struct call *c)
{
    c->redial = true;
    c->n_tried = 0;
    connect_dial(c);
}

/* ---- what Jigasi answers ---- */

void connect_ringing(struct call *c)
{
    c->backoff = 0;
    call_enter(c, CALL_RINGING, c->redial ? 0 : CALL_WAIT_PROMPT_MS);
    if (c->answering)
        return;
    if (c->cs->deps.cfg->answer == CONFIG_ANSWER_EARLY)
        call_answer(c);
    else
        engine_ring(c->cs->deps.engine, c->leg.id);
}

void connect_wait_prompt(struct call *c)
{
    call_play_loop(c, NULL, 0, PROMPT_WAIT_JOIN);
}

void connect_answered(struct call *c)
{
    log_line(c->cs->deps.log, LOG_INFO, c->id, "Jigasi answered");
    c->backoff = 0;
    c->jigasi_up = true;
    call_answer(c);
    call_enter(c, CALL_JOINING, 0);
}

void connect_bridge(struct call *c)
{
    if (!c->jigasi_up)
        return;
    call_collect_stop(c);
    call_play_stop(c);
    engine_bridge(c->cs->deps.engine, c->leg.id, c->jigasi.id);
}

static void busy(struct call *c)
{
    if (c->password_new) /* so the password was of no use */
        guess_wrong(c->cs->guess, c->guess_key, call_now(c));
    connect_wait(c, PROMPT_NOT_STARTED);
}

static void codecs_refused(struct call *c)
{
    log_line(c->cs->deps.log, LOG_ERROR, c->id,
             "Jigasi accepts none of our codecs, or wants SRTP: a fault of "
             "configuration; see JIGASI_ENABLE_SDES_SRTP and the codecs "
             "there");
    ending_begin(c, CALL_END_CODECS, PROMPT_WENT_WRONG, PROMPT_NONE);
}

/* Any other refusal is one contact's trouble: the next may do. */
typedef void answer_h(struct call *c);

static const struct {
    unsigned status;
    answer_h *h;
} answers[] = {
    {486, busy},
    {488, codecs_refused},
};

static void next_contact(struct call *c)
{
    call_contact_failed(c);
    call_jigasi_drop(c);
    connect_dial(c);
}

static answer_h *answer_of(const struct engine_event *ev)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (ev->gone.end == ENGINE_END_REFUSED &&
            ev->gone.status == answers[i].status)
            return answers[i].h;
    }
    return NULL;
}

void connect_refused(struct call *c, const struct engine_event *ev)
{
    answer_h *h = answer_of(ev);

    log_line(c->cs->deps.log, h ? LOG_INFO : LOG_WARN, c->id,
             "Jigasi at %s did not take the call: status=%u %s",
             c->contact ? c->contact->uri : "?", ev->gone.status,
             ev->gone.reason);
    if (!h)
        call_contact_failed(c);
    call_jigasi_forget(c);
    (h ? h : connect_dial)(c);
}

void connect_no_ringing(struct call *c)
{
    log_line(c->cs->deps.log, LOG_WARN, c->id,
             "Jigasi at %s did not ring within 3 s",
             c->contact ? c->contact->uri : "?");
    next_contact(c);
}

/* ---- waiting ---- */

void connect_wait(struct call *c, enum prompt prompt)
{
    c->waiting = true;
    c->redial = true;
    c->password_new = false;
    c->wait_prompt = prompt;
    if (c->wait_over) {
        connect_wait_over(c);
        return;
    }
    call_answer(c);
    call_enter(c, CALL_WAITING, 1000ull * c->cs->deps.cfg->retry_interval_s);
}

static void collect_password(struct call *c)
{
    if (!c->collecting)
        call_collect(c, NULL, 0, 0);
}

void connect_wait_audio(struct call *c)
{
    const enum prompt prompts[] = {c->wait_prompt, PROMPT_PASSWORD_HINT};

    call_play_loop(c, prompts, c->wait_prompt == PROMPT_NOT_STARTED ? 2 : 1,
                   PROMPT_MUSIC);
    collect_password(c);
}

void connect_retry_audio(struct call *c)
{
    const enum prompt prompts[] = {PROMPT_WENT_WRONG};

    call_play_loop(c, prompts, 1, PROMPT_MUSIC);
    if (c->waiting)
        collect_password(c);
}

static void password_keyed(struct call *c, const char *digits)
{
    const enum prompt prompts[] = {PROMPT_JOIN};

    slice_copy(slice_of(digits), c->target.password,
               sizeof(c->target.password));
    c->target.password_keyed = true;
    c->password_new = true;
    log_line(c->cs->deps.log, LOG_INFO, c->id, "a password was keyed");
    call_play_loop(c, prompts, 1, PROMPT_MUSIC);
    collect_password(c);
    connect_redial(c);
}

/* Only pound ends a password here: who rests a finger on a key while
 * waiting has not given one. */
void connect_digits(struct call *c, const char *digits,
                    enum engine_digits_end end, char terminator)
{
    if (terminator == '*') {
        call_collect(c, NULL, 0, CALL_FIRST_KEY_MS);
        return;
    }
    if (digits[0] && end != ENGINE_DIGITS_TIMEOUT &&
        !guess_blocked(c->cs->guess, c->guess_key, call_now(c))) {
        password_keyed(c, digits);
    } else if (c->state == CALL_RETRYING) {
        connect_retry_audio(c);
    } else {
        connect_wait_audio(c);
    }
}

/* JIGATE_MAX_WAIT is over. In a meeting that only counts if it turns out to
 * have been one of a single caller. */
void connect_wait_over(struct call *c)
{
    if (c->jigasi_up) {
        c->wait_over = true;
        return;
    }
    log_line(c->cs->deps.log, LOG_INFO, c->id,
             "the conference did not start within JIGATE_MAX_WAIT=%u",
             c->cs->deps.cfg->max_wait_min);
    ending_begin(c, CALL_END_NOT_STARTED, PROMPT_GOODBYE, PROMPT_NONE);
}
