/**
 * The waist of the house: what policy (call/) may ask of an engine, and what
 * an engine tells. An engine does SIP and audio; it knows nothing of rooms,
 * meeting ids, Jigasi's JSON or what a prompt means.
 *
 * - Every command is asynchronous and returns at once; what became of it
 *   comes as an event. A command on a leg that is gone does nothing.
 * - Commands are called, and events delivered, on the main thread only, and
 *   never one inside the other's call: an engine posts its events from the
 *   loop, not from within a command.
 * - Pointers in commands and events are valid during the call only; whoever
 *   needs them longer copies.
 * - Every leg that was offered, recovered or dialled ends in exactly one
 *   ENGINE_GONE; after it the handle names nothing, and is never used again.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A leg: one SIP dialog with its audio. 0 is none; never reused. */
typedef uint64_t engine_leg;

enum {
    ENGINE_CALL_ID_MAX = 16, /* bytes of a call id, NUL included */
    ENGINE_KEYS_MAX = 32,    /* digits in one collection */
    ENGINE_SEQUENCE_MAX = 8, /* keys in one bound sequence */
    ENGINE_INFO_MAX = 16384, /* bytes of an INFO body */
    ENGINE_NOTE_MAX = 1024,  /* bytes of a note, NUL included */
    ENGINE_PLAYLIST_MAX = 8, /* prompts in one play command */
};

/** The tag of what an engine plays for itself. */
#define ENGINE_TAG_NONE UINT32_MAX

/** By what right a call came in (section "Who may call" of the manual). */
enum engine_source {
    ENGINE_FROM_USER,    /* digest credentials of a phone user */
    ENGINE_FROM_TRUNK,   /* the trunk that we registered to */
    ENGINE_FROM_TRUSTED, /* an address in JIGATE_TRUSTED_NETWORKS */
    ENGINE_FROM_ANYONE,  /* JIGATE_ANONYMOUS_CALLS */
    ENGINE_FROM_JIGASI,  /* an authenticated Jigasi, internal side */
};

enum engine_side { ENGINE_EXTERNAL, ENGINE_INTERNAL };

/** How a leg ended. */
enum engine_end {
    ENGINE_END_HANGUP,    /* BYE from the far side, or CANCEL before answer */
    ENGINE_END_REFUSED,   /* final SIP response >= 300, see status */
    ENGINE_END_TIMEOUT,   /* no answer to our INVITE, BYE, … (408) */
    ENGINE_END_TRANSPORT, /* could not be sent: 503, connection refused … */
    ENGINE_END_SILENT,    /* no RTP, and no answer to OPTIONS either */
    ENGINE_END_LOCAL,     /* our own hangup or reject was carried out */
    ENGINE_END_ENGINE,    /* the engine lost it: restart, node gone */
};

/**
 * How the audio of a leg was, told at its end. Packets are RTP packets of
 * either kind (audio, keys), as RFC 3550 section 6.4 counts them. Members
 * that begin with far_ are what the far side told by RTCP.
 */
struct engine_quality {
    bool measured;          /* false: nothing is known, all else is 0 */
    uint32_t received;      /* packets that came from the far side … */
    uint32_t lost;          /* … and those of it that never did */
    uint32_t jitter_us;     /* mean deviation of their arrival */
    uint32_t sent;          /* packets to the far side … */
    uint32_t far_lost;      /* … and those of it that it missed */
    uint32_t far_jitter_us; /* as it measured last */
    uint32_t rtt_us;        /* mean round trip, 0: unknown */
    uint16_t mos;     /* estimate of what came from it, in 1/100: 100 to 450,
                         0: unknown */
    uint16_t far_mos; /* … and of what it got of ours; 0: unknown */
};

/* ---- commands ---- */

struct engine_header {
    const char *name;
    const char *value; /* UTF-8 without control characters */
};

/** Whom engine_dial() calls. */
enum engine_target {
    ENGINE_TO_CONTACT, /* who is registered here: contact */
    ENGINE_TO_TRUNK,   /* a telephone behind the trunk: number */
};

struct engine_dial {
    engine_leg for_leg; /* the leg to be bridged: its node and codecs */
    enum engine_target target;
    const char *contact;       /* engine_contact.id of whom to call */
    const char *number;        /* of the telephone: "+", digits, "*" only */
    const char *caller_number; /* in From, of these too; NULL or "": the
                                  trunk's user. For the trunk alone. */
    const char *caller_name;   /* display name in From, UTF-8, "" for none */
    const char *call;          /* call id, for log lines */
    const struct engine_header *headers;
    size_t n_headers;
};

struct engine_play {
    const char *const *prompts; /* names, see call/prompts.h */
    size_t n_prompts;           /* 1 to ENGINE_PLAYLIST_MAX */
    int loop_from; /* after the last go on at this index for ever; -1: end */
    bool replace;  /* stop and forget what plays or waits; else queue */
    uint32_t tag;  /* comes back in ENGINE_PLAYED; not ENGINE_TAG_NONE */
};

/**
 * Collect digits. The prompts are played first (replacing what plays); a
 * key stops them and counts. Keys go to the collection while it lasts, bound
 * sequences rest. Ends with ENGINE_DIGITS.
 */
struct engine_collect {
    const char *const *prompts;
    size_t n_prompts;        /* 0: leave what plays alone until a key comes */
    const char *terminators; /* e.g. "#*": ends the entry, not part of it */
    unsigned max;            /* 1 to ENGINE_KEYS_MAX digits */
    uint32_t first_ms; /* for the first key, after the prompts; 0: ever */
    uint32_t inter_ms; /* between keys */
};

struct engine;

/** What an engine implements; call through the functions below. */
struct engine_ops {
    int (*start)(struct engine *e);
    void (*stop)(struct engine *e);
    void (*ring)(struct engine *e, engine_leg leg);
    void (*progress)(struct engine *e, engine_leg leg); /* NULL: as ring */
    void (*answer)(struct engine *e, engine_leg leg);
    void (*reject)(struct engine *e, engine_leg leg, unsigned status,
                   const char *phrase, unsigned retry_after_s);
    void (*play)(struct engine *e, engine_leg leg,
                 const struct engine_play *p);
    void (*play_stop)(struct engine *e, engine_leg leg);
    void (*collect)(struct engine *e, engine_leg leg,
                    const struct engine_collect *c);
    void (*collect_stop)(struct engine *e, engine_leg leg);
    void (*bind)(struct engine *e, engine_leg leg,
                 const char *const *sequences, size_t n, uint32_t inter_ms);
    engine_leg (*dial)(struct engine *e, const struct engine_dial *d);
    void (*bridge)(struct engine *e, engine_leg a, engine_leg b);
    void (*mute)(struct engine *e, engine_leg leg, bool on);
    void (*info)(struct engine *e, engine_leg leg, const char *type,
                 const char *body, size_t len);
    void (*hangup)(struct engine *e, engine_leg leg, unsigned cause,
                   const char *text);
    void (*note)(struct engine *e, engine_leg leg, const char *text);
};

/** First member of every engine. */
struct engine {
    const struct engine_ops *ops;
};

/** Start work. ENGINE_UP, ENGINE_PROFILE and ENGINE_CONTACT follow.
 *  Returns 0 or an errno value (reason logged). */
int engine_start(struct engine *e);

/** End every leg with BYE or CANCEL, unregister, free the engine. */
void engine_stop(struct engine *e);

/** 180 Ringing toward an offered leg. The engine repeats it every 60 s. */
void engine_ring(struct engine *e, engine_leg leg);

/** 183 with SDP toward an offered leg (RFC 3960), so that it hears what it is
 *  bridged with before its answer; 180 where that cannot be. */
void engine_progress(struct engine *e, engine_leg leg);

/** 200 OK toward an offered leg; ENGINE_ANSWERED when the ACK came. */
void engine_answer(struct engine *e, engine_leg leg);

/**
 * Refuse an offered leg.
 *
 * @param phrase         Reason phrase of the status line, UTF-8 without
 *                       control characters; NULL or "": the status' own.
 * @param retry_after_s  Retry-After is added unless 0 (seconds).
 */
void engine_reject(struct engine *e, engine_leg leg, unsigned status,
                   const char *phrase, unsigned retry_after_s);

/** Play prompts to the far end of a leg: over silence, or in place of the
 *  bridged audio for as long as they last. ENGINE_PLAYED when the list has
 *  ended or was stopped. Commands before the answer wait for it. */
void engine_play(struct engine *e, engine_leg leg,
                 const struct engine_play *p);

/** Stop what plays and forget what waits. */
void engine_play_stop(struct engine *e, engine_leg leg);

/** Collect digits, replacing a collection under way (which reports none). */
void engine_collect(struct engine *e, engine_leg leg,
                    const struct engine_collect *c);
void engine_collect_stop(struct engine *e, engine_leg leg);

/** Report these key sequences by ENGINE_KEYS; n = 0 binds none. The longest
 *  match wins; a started sequence is given up inter_ms after its last key.
 *  Keys of a leg are never forwarded to the bridged leg, but those of a leg
 *  offered as ENGINE_FROM_JIGASI always are: who dialled out from a meeting
 *  keys what the telephone's far end asks for. */
void engine_bind(struct engine *e, engine_leg leg,
                 const char *const *sequences, size_t n, uint32_t inter_ms);

/** Call a contact or a number. Returns the new leg, 0 without memory;
 *  ENGINE_RINGING, ENGINE_ANSWERED or ENGINE_GONE follow, the last even where
 *  nothing could be sent. A redirection (3xx) is a refusal: never followed. */
engine_leg engine_dial(struct engine *e, const struct engine_dial *d);

/** Connect the audio of two legs, answered or with audio before that (see
 *  ENGINE_RINGING, engine_progress()); a leg bridged before leaves its peer.
 *  ENGINE_BRIDGED follows. The end of one leg does not end the other: that
 *  is policy's to do. */
void engine_bridge(struct engine *e, engine_leg a, engine_leg b);

/** Put encoded silence in place of what the leg's far end says. Keys are
 *  still heard. Holds for the leg's life, bridged or not. */
void engine_mute(struct engine *e, engine_leg leg, bool on);

/** In-dialog INFO. Refusals are logged by the engine. */
void engine_info(struct engine *e, engine_leg leg, const char *type,
                 const char *body, size_t len);

/** End a leg whatever its state: CANCEL (once a provisional response came),
 *  BYE, or 480 to an offered one. cause != 0 adds "Reason: SIP ;cause=…
 *  ;text=…" (RFC 3326). A 200 that still comes is ACKed and ended by BYE. */
void engine_hangup(struct engine *e, engine_leg leg, unsigned cause,
                   const char *text);

/** Keep a text with the leg, so that a restarted program finds it in
 *  ENGINE_RECOVERED: that of the leg that was offered; where that is gone,
 *  that of the leg that was dialled for it. Printable ASCII without blanks,
 *  less than ENGINE_NOTE_MAX. */
void engine_note(struct engine *e, engine_leg leg, const char *text);

/* ---- events ---- */

enum engine_event_type {
    ENGINE_UP,        /* node ready for calls; its contacts follow or came */
    ENGINE_DOWN,      /* node out of reach: calls go on, contacts are void */
    ENGINE_PROFILE,   /* a side started or stopped: profile */
    ENGINE_CONTACT,   /* a contact is new, changed or gone: contact */
    ENGINE_TRUNK,     /* trunk registration changed: trunk */
    ENGINE_OFFERED,   /* a call came in: offered */
    ENGINE_RECOVERED, /* a call from before our start, told after the
                         contacts of its node: recovered */
    ENGINE_RINGING,   /* first 180 to 189 to a dialled leg, and the first
                         by which it is heard before its answer: ringing */
    ENGINE_ANSWERED,  /* leg is up, audio runs */
    ENGINE_BRIDGED,   /* audio of leg and peer is connected: peer */
    ENGINE_KEYS,      /* a bound sequence was keyed: keys */
    ENGINE_DIGITS,    /* a collection ended: digits */
    ENGINE_PLAYED,    /* a play command ended: played */
    ENGINE_INFO,      /* INFO received, already answered 200: info */
    ENGINE_GONE,      /* the leg ended: gone */
};

/** Why a collection ended. */
enum engine_digits_end {
    ENGINE_DIGITS_TERMINATOR, /* see terminator */
    ENGINE_DIGITS_TIMEOUT,    /* nothing (more) was keyed in time */
    ENGINE_DIGITS_MAX,        /* max digits were keyed */
};

struct engine_offer {
    enum engine_source source;
    const char *call;        /* new call id, also on the engine's log lines */
    const char *to;          /* user part of the request URI, decoded … */
    size_t to_len;           /* … so it may hold any byte, NUL included; of
                                the trunk's calls that of To, for it calls
                                the Contact that we registered */
    const char *to_host;     /* host of the request URI, as it came */
    const char *caller_name; /* From display name, UTF-8, bounded */
    const char *caller_number; /* authenticated user name, else From user */
    const char *address;       /* source IP address, for abuse limits */
};

struct engine_contact {
    const char *id;   /* names the contact in engine_dial, per node */
    const char *user; /* whose contact, e.g. "jigasi" */
    const char *uri;  /* for log lines */
    bool gone;        /* expired, unregistered */
    bool reachable;   /* answers OPTIONS */
    uint64_t order;   /* grows with each new registration: newest wins ties */
};

struct engine_event {
    enum engine_event_type type;
    unsigned node;  /* 0, or the index of the FreeSWITCH node */
    engine_leg leg; /* 0 where the event concerns no leg */
    union {
        struct engine_offer offered;
        struct {
            struct engine_offer offer; /* as it was when it came in */
            const char *note;          /* NULL: never noted, treat as new */
            uint64_t note_age_ms;      /* since it was written */
            engine_leg peer;           /* leg dialled for it, 0 none */
            const char *peer_contact;  /* engine_contact.id of peer, or "" */
            bool answered;
            bool peer_ringing;
            bool peer_answered;
            bool bridged;
            bool alone; /* not offered, but dialled for a leg that is gone,
                           and noted; nothing of an offer is known */
        } recovered;
        struct {
            enum engine_side side;
            bool running;
        } profile;
        struct engine_contact contact;
        struct {
            bool registered;
            const char *detail;
        } trunk;
        struct {
            bool early; /* it is heard: bridge it */
        } ringing;
        engine_leg peer;
        const char *keys;
        struct {
            const char *digits;
            enum engine_digits_end end;
            char terminator; /* 0 when none */
        } digits;
        struct {
            uint32_t tag;
            bool completed; /* false: stopped or replaced */
        } played;
        struct {
            const char *type; /* Content-Type without parameters, lower case */
            const char *body; /* NUL after len for convenience */
            size_t len;       /* at most ENGINE_INFO_MAX */
        } info;
        struct {
            enum engine_end end;
            unsigned status;    /* SIP status of a refusal, else 0 */
            unsigned cause;     /* cause of a Reason header, else 0 */
            const char *reason; /* its text; of a refusal without one the
                                   phrase of its status line; "" when none */
            const char *call;   /* the call id of its offer or dial command */
            enum engine_side side;
            struct engine_quality quality;
        } gone;
    };
};

/** How an engine tells; given to it when it is made. */
typedef void engine_event_h(const struct engine_event *ev, void *arg);

#endif
