/* Calls in any order of events that an engine may report, restarts included:
 * no command on a leg that is gone or not answered (the scripted engine
 * checks), nothing forgotten, nothing left. */
#include "tests/call/scenario.h"

#include <stdio.h>
#include <string.h>

#include "call/call.h"
#include "tests/call/scripted.h"

enum { RUNS = 60, STEPS = 2500 };

static uint32_t seed;
static unsigned visited[CALL_STATES]; /* so we see that it goes somewhere */

static unsigned any(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

static const char *const messages[] = {
    "{\"i\":0,\"t\":3}",
    "{\"i\":1,\"t\":5}",
    "{\"i\":2,\"t\":6}",
    "{\"i\":3,\"t\":7}",
    "{\"t\":8,\"d\":true}",
    "{\"t\":8,\"d\":false}",
    "{\"t\":9}",
    "{\"t\":10}",
    "{\"t\":11}",
    "{\"t\":12}",
    "{\"t\":12,\"d\":true}",
    "{\"t\":12,\"d\":false}",
    "{\"t\":13}",
    "{\"t\":14,\"d\":\"x\"}",
    "{\"t\":15,\"d\":true}",
    "{\"t\":15,\"d\":false}",
    "{\"type\":\"muteRequest\",\"id\":\"a\",\"data\":{\"audio\":true}}",
    "{\"type\":\"muteRequest\",\"id\":\"a\",\"data\":{\"audio\":false}}",
    "{\"type\":\"muteResponse\",\"id\":\"c1-1\",\"status\":\"FAILED\","
    "\"data\":{\"audio\":true}}",
    "{\"type\":\"muteResponse\",\"id\":\"c2-2\",\"status\":\"OK\","
    "\"data\":{\"audio\":false}}",
    "{",
};

static void new_call(struct scenario *t)
{
    static const char *const to[] = {"1000",          "1000", "room",
                                     "a.example.org", "a b",  "healthcheck",
                                     "+49301234",     "user"};
    static const enum engine_source from[] = {
        ENGINE_FROM_USER, ENGINE_FROM_TRUNK, ENGINE_FROM_ANYONE,
        ENGINE_FROM_JIGASI};
    const char *where = to[any(8)];
    struct engine_offer o = {
        .to = where, .to_len = strlen(where), .source = from[any(4)]};

    offer_from(t, &o, 0);
}

static void jigasi_event(struct scenario *t, const struct leg *phone)
{
    struct leg *leg = leg_of(t, phone->peer);
    char name[32];

    snprintf(name, sizeof(name), "%s", name_of(phone->peer));
    if (!leg->there || leg->ending)
        return;
    if (!leg->up && leg->source == ENGINE_FROM_JIGASI) { /* it dialled out */
        if (leg->answering && any(4))
            answered(t, name);
        else if (!any(8))
            gone(t, name, ENGINE_END_HANGUP);
        return;
    }
    if (leg->up && any(12)) {
        const char *json =
            messages[any(sizeof(messages) / sizeof(messages[0]))];

        info_from(t, name, "application/json", json, strlen(json));
    } else if (leg->up) {
        static const unsigned causes[] = {0, 408, 500};

        bye(t, name, causes[any(3)],
            any(2) ? "No invite from conference focus" : "");
    } else if (any(3) == 0) {
        ringing(t, name);
    } else if (any(3)) {
        answered(t, name);
    } else {
        static const unsigned statuses[] = {486, 486, 480, 488, 503};

        refused(t, name, statuses[any(5)]);
    }
}

static void phone_event(struct scenario *t, struct leg *phone)
{
    static const char ends[] = "#*.m";
    static const char *const sequences[] = {"*6", "*9", "*1", "*0", "#"};
    const char *name = this_phone(t);

    if (!phone->up) {
        if (phone->answering && any(2))
            answered(t, name);
        else if (!any(20))
            gone(t, name, ENGINE_END_HANGUP);
    } else if (phone->collecting && any(2)) {
        digits(t, any(4) ? "12" : "", ends[any(4)]);
    } else if (phone->bridging && !phone->bridged && phone->peer &&
               leg_of(t, phone->peer)->there) {
        bridged(t);
    } else if (phone->bound && any(2)) {
        keys(t, sequences[any(5)]);
    } else if (any(3) == 0) {
        played(t);
    } else if (!any(40)) {
        gone(t, name, (enum engine_end)any(ENGINE_END_ENGINE + 1));
    } else if (phone->peer) {
        jigasi_event(t, phone);
    }
}

/* Whom Jigasi dialled, and Jigasi's own leg beside it. */
static void outbound_event(struct scenario *t, engine_leg callee)
{
    static const unsigned statuses[] = {486, 404, 302, 407, 999};
    struct leg *leg = leg_of(t, callee);
    char name[32];

    if (!leg->there || leg->ending)
        return;
    snprintf(name, sizeof(name), "%s", name_of(callee));
    if (!any(6))
        jigasi_event(t, leg);
    else if (leg->up)
        phone_event(t, leg);
    else if (any(2))
        ringing(t, name);
    else if (any(3))
        answered(t, name);
    else
        refused(t, name, statuses[any(5)]);
}

static void directory_event(struct scenario *t)
{
    struct directory_answer a = {(enum directory_status)any(3),
                                 any(2) ? "r@muc.acme.meet.jitsi" : "",
                                 any(2) ? "room" : "",
                                 any(2) ? "ey.J" : "",
                                 any(4) ? "" : "7",
                                 any(2)};

    for (size_t i = 0; i < QUERIES_MAX; i++) {
        if (t->queries[i].h) {
            lookup_answer(t, &a);
            return;
        }
    }
}

static void outside_event(struct scenario *t)
{
    switch (any(9)) {
    case 8:
        phone_registered(t, "p1", any(3), any(9));
        break;
    case 0:
        contact_set(t, 0, any(2) ? "j1" : "j2", any(3), any(9));
        break;
    case 1:
        contact_gone(t, any(2) ? "j1" : "j2");
        break;
    case 2:
        if (!any(10))
            node_down(t, 0);
        break;
    case 3:
        if (!any(40))
            killed_and_restarted(t);
        break;
    default:
        contact_new(t, any(2) ? "j1" : "j2");
        break;
    }
}

/* At most so many lines are kept. */
static void forget_lines(struct scenario *t)
{
    t->n_lines = t->n_seen = t->n_told = 0;
}

static void step(struct scenario *t)
{
    unsigned what = any(20);

    if (what == 0 && t->n_phones + 2 < LEGS_MAX &&
        calls_count(calls_of(t)) < 12) {
        new_call(t);
    } else if (what < 3) {
        advance(t, 1 + any(any(10) ? 3000 : 90000));
    } else if (what == 3) {
        settle(t);
    } else if (what == 4) {
        outside_event(t);
    } else if (what == 5) {
        directory_event(t);
    } else if (t->n_phones) {
        struct leg *leg = &t->phones[any(t->n_phones)];

        use_phone(t, 1 + (unsigned)(leg - t->phones));
        if (leg->peer > CALLEE_LEGS) {
            use_callee(t, (unsigned)(leg->peer - CALLEE_LEGS));
            outbound_event(t, leg->peer);
        } else if (leg->there && !leg->ending) {
            phone_event(t, leg);
        }
    }
    if (t->n_lines > LINES_MAX / 2 || t->n_told > LINES_MAX / 2)
        forget_lines(t);
}

static void look(struct scenario *t)
{
    for (struct call *c = calls_of(t)->first; c; c = c->next)
        visited[c->state]++;
    if (t->n_started - t->n_ended != calls_count(calls_of(t)))
        fail_msg("%zu started, %zu ended, %zu there", t->n_started, t->n_ended,
                 calls_count(calls_of(t)));
}

static void end_all(struct scenario *t)
{
    calls_end(calls_of(t));
    settle(t);
    assert_int_equal(calls_count(calls_of(t)), 0);
    assert_int_equal(t->n_started, t->n_ended);
    for (unsigned i = 0; i < t->n_phones; i++)
        assert_false(t->phones[i].there);
    for (unsigned i = 0; i < t->n_callees; i++)
        assert_false(t->callees[i].there);
    for (unsigned i = 0; i < t->n_jigasis; i++)
        assert_false(t->jigasis[i].there);
    contact_new(t, "j1");
    assert_int_equal(contacts_find(calls_of(t)->contacts, 0, "j1")->calls, 0);
}

static void any_order_of_events(void **state)
{
    for (uint32_t run = 1; run <= RUNS; run++) {
        struct scenario *t;
        void *s = NULL;

        seed = run * 2654435761u;
        assert_int_equal(scenario_setup(&s), 0);
        t = s;
        t->cfg.jigasi_extended = run % 2;
        t->cfg.answer = run % 3 ? CONFIG_ANSWER_EARLY : CONFIG_ANSWER_ON_JOIN;
        t->cfg.max_call_duration_min = run % 5 ? 0 : 3;
        t->cfg.dialout_allow = "+";
        for (int i = 0; i < STEPS && t->n_jigasis + 20 < LEGS_MAX; i++) {
            step(t);
            look(t);
        }
        end_all(t);
        scenario_teardown(&s);
    }
    for (int i = CALL_NEW + 1; i < CALL_STATES; i++) {
        if (visited[i] < 1000)
            fail_msg("state %s: only %u times", call_state_rows[i].name,
                     visited[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
