/**
 * One call: a participant's leg, the jigasi leg dialled for it, and where
 * the two stand. Private to call/. calls.c finds the call that an event
 * belongs to, call.c holds what all parts use, and a part of the policy
 * each is in ivr.c, connect.c, outbound.c, meeting.c, lobby.c, mute.c, hand.c,
 * ending.c and recover.c.
 */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timer.h"
#include "call/caller.h"
#include "call/calls.h"
#include "call/contacts.h"
#include "call/dialout.h"
#include "call/guess.h"
#include "call/jigasi.h"
#include "call/keys.h"
#include "call/prompts.h"
#include "call/room.h"
#include "engine/engine.h"

/** Where a call stands; the table in states.c says what that means. */
enum call_state {
    CALL_NEW,         /* offered, nothing done yet */
    CALL_ASKING,      /* for the meeting id */
    CALL_LOOKUP,      /* of the id in the directory */
    CALL_PASSWORD,    /* asked for before dialling */
    CALL_DIALLING,    /* INVITE sent, no 180 yet */
    CALL_RINGING,     /* Jigasi rings */
    CALL_WAITING,     /* for the conference to start: 486, or alone */
    CALL_RETRYING,    /* no contact could be reached, later again */
    CALL_OUTBOUND,    /* dialled out of a meeting, not answered yet */
    CALL_JOINING,     /* Jigasi answered, audio is being connected */
    CALL_MEETING,     /* in the meeting */
    CALL_LOBBY,       /* in the lobby */
    CALL_NOT_LIVE,    /* a visitor before the meeting is live */
    CALL_ENDING,      /* the last prompt plays */
    CALL_GONE,        /* hung up, ENGINE_GONE not there yet */
    CALL_HEALTHCHECK, /* Jigasi listens to a tone */
    CALL_STATES,
};

/** How a call ended, for operators; names in ending.c. */
enum call_end {
    CALL_END_HANGUP,       /* the participant hung up */
    CALL_END_SILENT,       /* the participant's phone went silent */
    CALL_END_FAULT,        /* the participant's leg failed */
    CALL_END_ENGINE,       /* the engine lost it */
    CALL_END_COMPLETED,    /* the conference ended */
    CALL_END_NO_MEETING,   /* no meeting id after three rounds */
    CALL_END_NO_DIRECTORY, /* meeting ids could not be looked up */
    CALL_END_GUESSING,     /* too many wrong ids from this caller */
    CALL_END_NOT_STARTED,  /* waited for JIGATE_MAX_WAIT */
    CALL_END_NO_JIGASI,    /* none reachable */
    CALL_END_CODECS,       /* Jigasi refused our codecs: configuration */
    CALL_END_NOT_ADMITTED, /* refused in the lobby */
    CALL_END_PASSWORD,     /* three wrong passwords */
    CALL_END_JIGASI,       /* Jigasi failed twice */
    CALL_END_DURATION,     /* JIGATE_MAX_CALL_DURATION */
    CALL_END_SHUTDOWN,     /* the program ends */
    CALL_END_MEMORY,       /* no memory for a timer */
    CALL_END_CHECKED,      /* a health check is over */
    CALL_END_NOT_REACHED,  /* dialled out: refused, or nobody answered */
    CALL_END_CANCELLED,    /* dialled out: Jigasi gave up before an answer */
    CALL_ENDS,
};

/** Timers of a call; what they do stands in a table in call.c. */
enum call_timer {
    TIMER_STEP,    /* the state's own: see the table in states.c */
    TIMER_ANSWER,  /* answer early */
    TIMER_CONFIRM, /* "you are in the conference" */
    TIMER_MUTE,    /* no muteResponse came */
    TIMER_ACCESS,  /* the lobby password was not refused */
    TIMER_WAIT,    /* JIGATE_MAX_WAIT */
    TIMER_LIMIT,   /* JIGATE_MAX_CALL_DURATION, and its warning */
    TIMER_NOTE,    /* write the note again */
    TIMERS,
};

/** What we asked Jigasi last, and have no answer to. */
enum call_ask { ASK_NONE, ASK_MUTE, ASK_UNMUTE, ASK_HAND };

/* Times in ms, and bounds. */
enum {
    CALL_EARLY_ANSWER_MS = 1000,
    CALL_NO_RINGING_MS = 3000,
    CALL_WAIT_PROMPT_MS = 5000,
    CALL_CONFIRM_MS = 1000,
    CALL_FIRST_KEY_MS = 10000,
    CALL_INTER_KEY_MS = 4000,
    CALL_SEQUENCE_MS = 3000,
    CALL_MUTE_REPLY_MS = 1500,
    CALL_ACCESS_MS = 15000,
    CALL_ENDING_MS = 10000,
    CALL_TONE_MS = 10000,
    CALL_NOTE_MS = 60000,
    CALL_BACKOFF_MS = 20000, /* the longest before Jigasi is tried again */
    CALL_NODE_BACK_MS = 500, /* for its contacts to be known */
    CALL_WARNING_MS = 60000,
    CALL_OUTBOUND_MS = 180000, /* as a proxy waits, RFC 3261 section 16.6 */
    CALL_REAL_MEETING_MS = 120000, /* longer than Jigasi keeps one alone */
    CALL_ROUNDS = 3,               /* of asking for a meeting id */
    CALL_CLEARS = 20,              /* '*' in a round */
    CALL_TRIES = 3,                /* passwords in the lobby */
    CALL_REFUSE_RETRY_S = 10,      /* Retry-After of a 503 */
    CALL_DRAIN_RETRY_S = 60,       /* the same while draining */
    CALL_HEALTHCHECKS_MAX = 16,    /* at a time */
    CALL_NUMBER_SIZE = 64,
    CALL_TOKEN_MAX = 4096,
};

/** A timer that knows its call. */
struct call_clock {
    struct timer timer;
    struct call *call;
    uint64_t due; /* ms */
};

/** A leg in the table of legs; id 0: none. */
struct call_leg {
    engine_leg id;
    struct call *call;
    struct call_leg *next;
};

/** Where the call goes. */
struct call_target {
    char meeting_id[ENGINE_KEYS_MAX + 1]; /* keyed, "" for a dialled room */
    struct room room;                     /* dialled, or found by "direct" */
    struct room_headers headers;          /* room "": not known yet */
    char password[JIGASI_TEXT_MAX + 1];
    bool password_keyed; /* by the caller, not from the directory */
    char *token;         /* NULL when none */
};

/** What Jigasi told about the caller's place in the meeting; begins anew
 *  with each jigasi leg. */
struct call_session {
    bool moderated;
    bool allowed; /* to unmute, though moderated */
    bool visitor;
    bool hand;
    bool lobby;    /* is in the lobby */
    bool admitted; /* t 6 came */
    bool live;     /* t 15 true came */
    bool not_live; /* t 15 false came, and no true after it */
    enum call_ask ask;
    unsigned ask_id;
};

struct call {
    struct calls *cs;
    struct call *next;
    struct call **prev;
    struct call_leg leg;    /* the participant's */
    struct call_leg jigasi; /* the one dialled for it; outbound: the one that
                               the participant's was dialled for */
    struct contact *contact;
    char id[ENGINE_CALL_ID_MAX];
    unsigned node;
    enum engine_source source;
    char name[CALLER_NAME_SIZE];
    char number[CALL_NUMBER_SIZE];
    char guess_key[GUESS_KEY_SIZE]; /* for the limits on wrong ids */

    enum call_state state;
    enum call_end end;
    uint64_t since; /* when the call came in, ms */
    struct call_clock clocks[TIMERS];
    struct call_target target;
    struct call_session session;
    struct directory_query *query;
    bool looking; /* the directory has not answered yet */

    bool healthcheck; /* Jigasi's, no participant */
    bool outbound;    /* dialled out of a meeting, … */
    bool trunk;       /* … through the trunk */
    bool was_visitor; /* so a redial asks to be one again */
    bool answering;   /* 200 commanded */
    bool answered;
    bool jigasi_up;
    bool bridged;
    bool muted; /* at the gateway */
    bool collecting;
    bool waiting;      /* got 486 or was alone: may key the password */
    bool redial;       /* not the first time that Jigasi is called */
    bool wait_over;    /* TIMER_WAIT fired while in a meeting */
    bool password_new; /* keyed while waiting, not tried yet */
    bool warned;       /* one minute left */
    bool fault_logged; /* one line a call about odd INFO */
    unsigned faults;   /* INFO ignored */
    unsigned rounds;   /* of asking for the id */
    unsigned clears;   /* '*' in this round */
    unsigned asked;    /* times the password was asked for */
    unsigned lookups_failed;
    unsigned backoff; /* steps taken */
    unsigned rejoins; /* after Jigasi failed */
    unsigned tries;   /* lobby passwords sent */
    uint64_t bridged_at;
    uint32_t tried[CONTACT_TRIED_MAX];
    size_t n_tried;
    enum prompt ask_prompt;  /* said before the next question */
    enum prompt wait_prompt; /* what to say while waiting */
    enum prompt loop_prompt; /* repeats with music, PROMPT_NONE: nothing */
    enum prompt last_said;
    enum prompt end_prompts[2];
    uint32_t tag; /* of the last play command */
};

_Static_assert(sizeof(struct call) < 4096, "a call is small");

/** All calls. */
struct calls {
    struct calls_deps deps;
    struct keys keys;
    struct guess *guess;
    struct contacts *contacts; /* of Jigasi */
    struct contacts *phones;   /* of the phones' user */
    struct call *first;
    struct call_leg **legs; /* hash table, a power of two of slots */
    size_t n_slots;
    size_t n_legs;
    size_t n_calls; /* without health checks */
    size_t n_healthchecks;
    uint64_t nodes_away; /* a bit for each that is out of reach */
    bool draining;
};

/** What a state means: its name for operators, and who deals with what
 *  happens in it; NULL: nothing is done. */
struct call_state_row {
    const char *name;
    void (*answered)(struct call *c); /* the participant can hear now */
    void (*digits)(struct call *c, const char *digits,
                   enum engine_digits_end end, char terminator);
    void (*keys)(struct call *c, const char *keys);
    void (*played)(struct call *c);
    void (*step)(struct call *c); /* TIMER_STEP fired */
    void (*jigasi_gone)(struct call *c, const struct engine_event *ev);
};

extern const struct call_state_row call_state_rows[CALL_STATES];

/* ---- calls.c ---- */

/** Make a call for an offered leg; NULL when out of memory. */
struct call *calls_add(struct calls *cs, const struct engine_event *ev,
                       const struct engine_offer *offer);

/** Take the call out and free it. No command is sent. */
void calls_remove(struct call *c);

/** Enter a leg into the table. Returns 0 or ENOMEM. */
int calls_leg_add(struct calls *cs, struct call *c, struct call_leg *leg,
                  engine_leg id);
void calls_leg_remove(struct calls *cs, struct call_leg *leg);

/** Deal with a call that came in (answered: already so, by an engine that
 *  was restarted): refuse it or begin. */
void calls_offered(struct calls *cs, const struct engine_event *ev,
                   const struct engine_offer *offer, bool answered);

/** Whether the engine's node is out of reach, so that no contact is known. */
bool calls_node_away(const struct calls *cs, unsigned node);

/** Find the call of a leg, NULL when it has none (any more). */
struct call *calls_find(const struct calls *cs, engine_leg leg);

/** Tell the monitor. */
void calls_tell_event(struct calls *cs, const struct monitor_event *ev);

/** The same about a call. */
void calls_tell(struct calls *cs, enum monitor_event_type type,
                const char *call, unsigned node, const char *state);

/* ---- quality.c ---- */

/** A leg is gone: log how its audio was, and tell the monitor. */
void calls_quality(struct calls *cs, const struct engine_event *ev);

/* ---- call.c: what all parts use ---- */

/** Go to another state: the step timer starts (0: none), the monitor is
 *  told, the note is written; then, when the participant can hear (now or,
 * else, as soon as the answer is confirmed), the state's answered() runs. */
void call_enter(struct call *c, enum call_state state, uint64_t step_ms);

/** Start a timer anew. When there is no memory the call is hung up. */
void call_timer(struct call *c, enum call_timer which, uint64_t ms);
void call_timer_stop(struct call *c, enum call_timer which);
void call_timers_stop(struct call *c);

/** What is left of a timer in ms, 0 when it does not run. */
uint64_t call_timer_left(const struct call *c, enum call_timer which);

/** The time in ms. */
uint64_t call_now(const struct call *c);

/** Answer the participant, once. */
void call_answer(struct call *c);

/**
 * Play prompts in place of what plays, then a prompt alternating with music
 * for ever: call_play_loop(c, first, n, loop) where loop is PROMPT_MUSIC for
 * music alone, PROMPT_NONE for nothing. Nothing happens before the answer.
 */
void call_play_loop(struct call *c, const enum prompt *first, size_t n,
                    enum prompt loop);

/** Play a tone for ever, for a health check. */
void call_play_tone(struct call *c);

/** Stop what plays. */
void call_play_stop(struct call *c);

/** Say prompts to someone in a meeting: after those that wait, or in place
 *  of a loop, which goes on after them. */
void call_say(struct call *c, const enum prompt *prompts, size_t n);
void call_say_one(struct call *c, enum prompt p);

/** Say a prompt because of a message: not twice in a row. */
void call_notice(struct call *c, enum prompt p);

/** Collect digits ended by '#' (or '*', which clears). */
void call_collect(struct call *c, const enum prompt *prompts, size_t n,
                  uint32_t first_ms);
void call_collect_stop(struct call *c);

/** Send a message to Jigasi, if it is there. */
void call_send(struct call *c, const struct jigasi_message *m);

/** The contact that is called did not do its work: others are preferred for
 *  a while. */
void call_contact_failed(struct call *c);

/** Let go of the jigasi leg: CANCEL or BYE, and its contact is free. */
void call_jigasi_drop(struct call *c);

/** The same for a leg that is gone: no command. */
void call_jigasi_forget(struct call *c);

/** Bind the keys of a meeting, and '#' where the password may be keyed. */
void call_bind(struct call *c, bool with_pound);
void call_unbind(struct call *c);

/** Forget a look-up that has not been answered. */
void call_query_cancel(struct call *c);

/** Write the note. */
void call_note(struct call *c);

/** INFO that makes no sense: counted, one log line a call. */
void call_fault(struct call *c, const char *what);

/* ---- the parts ---- */

/* ivr.c: sections 3 and 9 of the call flows */
void ivr_begin(struct call *c);
void ivr_ask(struct call *c);
void ivr_digits(struct call *c, const char *digits, enum engine_digits_end end,
                char terminator);
void ivr_lookup(struct call *c);
void ivr_lookup_now(struct call *c);
void ivr_password_ask(struct call *c);
void ivr_password_digits(struct call *c, const char *digits,
                         enum engine_digits_end end, char terminator);

/* connect.c: section 4 */
void connect_begin(struct call *c);
void connect_dial(struct call *c);
void connect_redial(struct call *c);
void connect_ringing(struct call *c);
void connect_answered(struct call *c);
void connect_bridge(struct call *c);
void connect_refused(struct call *c, const struct engine_event *ev);
void connect_no_ringing(struct call *c);
void connect_node_back(struct call *c);
void connect_wait_prompt(struct call *c);
void connect_wait(struct call *c, enum prompt prompt);
void connect_wait_audio(struct call *c);
void connect_retry_audio(struct call *c);
void connect_digits(struct call *c, const char *digits,
                    enum engine_digits_end end, char terminator);
void connect_wait_over(struct call *c);

/* outbound.c: section 8 */

/** Whom an outbound call is for. */
struct outbound_route {
    const struct contact *contact; /* a phone; NULL: the number */
    char number[DIALOUT_NUMBER_SIZE];
};

enum outbound_verdict {
    OUTBOUND_FOUND,
    OUTBOUND_ELSEWHERE,      /* an address at another host */
    OUTBOUND_NOT_REGISTERED, /* the phones' user, without a phone */
    OUTBOUND_NO_NUMBER,      /* neither a user nor a telephone number */
    OUTBOUND_NOT_ALLOWED,    /* by JIGATE_DIALOUT_ALLOW */
    OUTBOUND_FULL,           /* JIGATE_DIALOUT_MAX_CALLS */
};

enum outbound_verdict outbound_find(struct outbound_route *r,
                                    const struct calls *cs, unsigned node,
                                    const struct engine_offer *o);
void outbound_begin(struct call *c, const struct outbound_route *r,
                    const struct engine_offer *o);
void outbound_ringing(struct call *c, bool early);
void outbound_answered(struct call *c, engine_leg leg);
void outbound_refused(struct call *c, const struct engine_event *ev);
void outbound_unanswered(struct call *c);
void outbound_cancelled(struct call *c, const struct engine_event *ev);
void outbound_left(struct call *c, bool ended);
void outbound_adopt(struct call *c, const struct engine_event *ev);
void outbound_lost(struct call *c);
void outbound_resume(struct call *c, const struct engine_event *ev,
                     uint64_t step_ms);

/* meeting.c: section 5 and, after Jigasi's BYE, 7 */
void meeting_bridged(struct call *c);
void meeting_confirm(struct call *c);
void meeting_info(struct call *c, const char *type, const char *body,
                  size_t len);
void meeting_keys(struct call *c, const char *keys);
void meeting_gone(struct call *c, const struct engine_event *ev);
void meeting_enter(struct call *c);
void meeting_rejoin(struct call *c);

/* lobby.c: section 6 */
void lobby_enter(struct call *c);
void lobby_ask(struct call *c);
void lobby_wait(struct call *c);
void lobby_allowed(struct call *c);
void lobby_left(struct call *c);
void lobby_keys(struct call *c, const char *keys);
void lobby_digits(struct call *c, const char *digits,
                  enum engine_digits_end end, char terminator);
void lobby_access_over(struct call *c);
void lobby_password_refused(struct call *c);

/* mute.c, hand.c: section 5 */
void mute_key(struct call *c);
void mute_tell(struct call *c);
void mute_no_reply(struct call *c);
void mute_requested(struct call *c, const struct jigasi_message *m);
void mute_responded(struct call *c, const struct jigasi_message *m);
void mute_denied(struct call *c);
void mute_silently(struct call *c, bool on);
void mute_ask(struct call *c, enum call_ask ask, bool mute);
void hand_key(struct call *c);
void hand_raise(struct call *c);
void hand_lowered(struct call *c);

/* ending.c: section 7 */
void ending_begin(struct call *c, enum call_end end, enum prompt first,
                  enum prompt second);
void ending_audio(struct call *c);
void ending_hangup(struct call *c);
void ending_now(struct call *c, enum call_end end);
const char *ending_name(enum call_end end);
void ending_gone(struct call *c, const struct engine_event *ev);
void ending_limit_start(struct call *c);
void ending_limit(struct call *c);
enum call_end ending_find(const char *name); /* completed, if unknown */

/* recover.c: section 10 */
void recover_note(const struct call *c, char *buf, size_t size);
void recover_begin(struct calls *cs, const struct engine_event *ev);

#endif
