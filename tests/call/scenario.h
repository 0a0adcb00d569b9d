/**
 * Whole calls on a scripted engine with a fake clock. A test tells what the
 * engine reports (offer, digits, info, gone …) and expects, in their order,
 * the commands that policy gives, each as one line of text:
 *
 *   answer phone                       reject phone 503 retry=10
 *   play phone wait-join music loop=0  queue phone muted
 *   stop phone                         collect phone enter-id first=10000
 *   bind phone *6 *9                   dial jigasi1 at j1 "Alice" H=v …
 *   bridge phone jigasi1               mute phone on
 *   info jigasi1 {"t":11}              hangup jigasi1
 *   dial callee1 number +491 from "" ""
 *   lookup 1234 by 4711                cancel-lookup
 *
 * The first leg that comes in is "phone", the next "phone2"; legs dialled are
 * "jigasi1", "jigasi2" … or, where a meeting dials out, "callee1", "callee2".
 * Notes are kept, not listed.
 */
#ifndef TESTS_CALL_SCENARIO_H
#define TESTS_CALL_SCENARIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/calls.h"
#include "config/config.h"
#include "engine/engine.h"

struct scenario;

/** cmocka setup and teardown; the state is the scenario. */
int scenario_setup(void **state);
int scenario_teardown(void **state);

/** A row for cmocka's table of tests. */
#define SCENARIO(name)                                                        \
    cmocka_unit_test_setup_teardown(name, scenario_setup, scenario_teardown)

/** Settings of the test; change them before the first call. */
struct config *config_of(struct scenario *t);

/** The calls were made anew with the changed settings; 0 or EINVAL. */
int restart_calls(struct scenario *t);

struct calls *calls_of(struct scenario *t);

/* ---- what the engine reports ---- */

void contact_new(struct scenario *t, const char *id);
void contact_set(struct scenario *t, unsigned node, const char *id,
                 bool reachable, uint64_t order);
void contact_gone(struct scenario *t, const char *id);
/** A phone of the phones' user registers, or its contact changed. */
void phone_registered(struct scenario *t, const char *id, bool reachable,
                      uint64_t order);
void node_down(struct scenario *t, unsigned node);
void node_up(struct scenario *t, unsigned node);

/** A participant calls; the name of the leg is the next phone's. */
void offer(struct scenario *t, const char *to);
/** The same, told in full; a NULL member has the usual value. */
void offer_from(struct scenario *t, const struct engine_offer *o,
                unsigned node);

void answered(struct scenario *t, const char *leg);
void ringing(struct scenario *t, const char *leg);
/** The same, and it is heard. */
void ringing_heard(struct scenario *t, const char *leg);
void bridged(struct scenario *t);
/** Digits that the collection under way brings; end is '#', '*', '.' for a
 *  time-out, 'm' for the most digits. */
void digits(struct scenario *t, const char *text, char end);
void keys(struct scenario *t, const char *sequence);
/** The last play command of the participant has ended. */
void played(struct scenario *t);
void info(struct scenario *t, const char *json); /* from the jigasi leg */
void info_from(struct scenario *t, const char *leg, const char *type,
               const char *body, size_t len);
void gone(struct scenario *t, const char *leg, enum engine_end end);
void refused(struct scenario *t, const char *leg, unsigned status);
void bye(struct scenario *t, const char *leg, unsigned cause,
         const char *reason);
/** Jigasi rings, answers, and the audio is connected. */
void joins(struct scenario *t, const char *leg);
/** Legs that policy hung up or refused are gone. */
void settle(struct scenario *t);
void advance(struct scenario *t, uint64_t ms);

/** What the next look-ups answer, as soon as lookup_answer() is called. */
void lookup_answer(struct scenario *t, const struct directory_answer *a);
void lookup_room(struct scenario *t, const char *room);
void lookup_unknown(struct scenario *t);
void lookup_failed(struct scenario *t);

/** The participant that is meant, e.g. "phone2". */
const char *this_phone(struct scenario *t);

/** Choose which participant digits(), keys(), bridged() and info() mean. */
void use_phone(struct scenario *t, unsigned number);
void use_callee(struct scenario *t, unsigned number);

/* ---- what is expected ---- */

/** The next command is this one. */
void expect(struct scenario *t, const char *line);
/** No command was given since. */
void expect_none(struct scenario *t);
/** Commands so far are of no interest. */
void pass_over(struct scenario *t);
/** Of the commands not looked at yet, this many begin so. */
size_t seen(struct scenario *t, const char *begin);

/** The last thing the monitor was told: "started", "state NAME",
 *  "ended NAME", "refused NAME", "draining". */
void expect_monitor(struct scenario *t, const char *line);
/** How often the monitor was told this. */
size_t monitored(struct scenario *t, const char *line);
/** The legs that end from now on had this audio. */
void audio_was(struct scenario *t, const struct engine_quality *q);

/** The log has a line with this text. */
void expect_log(struct scenario *t, const char *text);
size_t logged(struct scenario *t, const char *text);

/** The last note of the participant's leg. */
const char *note_of(struct scenario *t);

/**
 * The program is killed and started again: policy's memory is gone, and the
 * engine tells what it has. Which legs there are, and in what state, is
 * what was told and commanded so far.
 */
void killed_and_restarted(struct scenario *t);

/** The same, and it was away for so long. */
void killed_for(struct scenario *t, uint64_t ms);

/** The phone's leg has no note: the program was killed before it wrote one. */
void forgotten(struct scenario *t);

/** A leg ended while nobody listened: no event. */
void vanished(struct scenario *t, const char *leg);

/** The engine tells of a leg from before the start, without a peer. */
void leg_recovered(struct scenario *t, const char *to, const char *note,
                   bool up);

/* ---- stretches of calls that many tests begin with; commands skipped ---- */

/** A direct call to `room`; Jigasi has not answered anything yet. */
void in_dialling(struct scenario *t);
/** The same, answered, for Jigasi rings. */
void in_ringing(struct scenario *t);
/** A direct call to `room`, in the meeting, "in-conference" said. */
void in_meeting(struct scenario *t);
/** The same, and the meeting is moderated. */
void in_moderated(struct scenario *t);
/** A direct call that hears "not-started" after a 486. */
void in_waiting(struct scenario *t);
/** A direct call in the lobby. */
void in_lobby(struct scenario *t);
/** The same, asked for the password that it wanted to key. */
void in_lobby_password(struct scenario *t);
/** In the lobby: a password is keyed, and Jigasi hangs up on it. */
void password_refused(struct scenario *t, const char *leg);
/** Jigasi, "phone", dialled +49301234, "callee1", who is in the meeting and
 *  meant from here on. */
void in_outbound(struct scenario *t);
/** A call to the IVR that was asked for the id. */
void in_ivr(struct scenario *t);
/** The same, which keyed 12, that is being looked up. */
void in_lookup(struct scenario *t);

#endif
