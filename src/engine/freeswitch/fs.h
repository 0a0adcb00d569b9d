/**
 * Private to engine/freeswitch: its records, and what its files ask of each
 * other.
 */
#ifndef ENGINE_FREESWITCH_FS_H
#define ENGINE_FREESWITCH_FS_H

#include <event2/event.h>

#include "base/log.h"
#include "base/timer.h"
#include "config/config.h"
#include "engine/collector.h"
#include "engine/engine.h"
#include "engine/freeswitch/esl_client.h"
#include "engine/sdp/codec_policy.h"

enum {
    FS_NODES_MAX = 16,
    FS_CONTACTS_MAX = 16384, /* of one node */
    FS_URI_MAX = 512,
    FS_PROMPT_MAX = 40,
    FS_PHRASE_MAX = 128,
    FS_PATH_MAX = 400,
    FS_QUEUE_MAX = 64, /* commands that wait at one leg */
    FS_JOB_MS = 10000,
    FS_DIAL_MS = 7200 * 1000,
};

#define FS_SILENCE "silence_stream://-1" /* mod_tone_stream, without end */

struct freeswitch;
struct fs_leg;

/* ---- legs ---- */

/** How a queued command ended; serial as given to fs_leg_send(). */
typedef void fs_sent_h(struct fs_leg *leg, bool ok, uint32_t serial);

/** A command that waits for the one before it: bgapi runs each in a thread
 *  of its own, in no order. */
struct fs_queued {
    struct fs_queued *next;
    char *line;
    fs_sent_h *h;
    uint32_t serial;
    bool sent;
};

struct fs_playlist {
    struct fs_playlist *next;
    char prompts[ENGINE_PLAYLIST_MAX][FS_PROMPT_MAX];
    size_t n, at;
    int loop_from;
    uint32_t tag;
};

enum fs_play_state {
    FS_PLAY_IDLE,
    FS_PLAY_RUNS,  /* until MEDIA_BUG_STOP of path */
    FS_PLAY_STOPS, /* the same, but not the list's next then */
};

struct fs_player {
    enum fs_play_state state;
    struct fs_playlist *first; /* the one that plays */
    char path[FS_PATH_MAX];
    uint32_t serial; /* of path */
    uint64_t began;  /* in ms */
    bool held;       /* the meeting is not heard */
    struct timer watch;
};

/**
 * FreeSWITCH writes every key of a participant into the variable jigate_keys
 * of his channel, whether this program runs or not: "ROUND.KEYS". The
 * variable jigate_keys_done counts those that need not be read again after a
 * restart: a collection that has not ended begins anew with its keys. When
 * the log has grown long the next round begins with an empty one.
 */
struct fs_keylog {
    uint32_t round;
    size_t read;      /* keys of this round that were dealt with … */
    size_t done;      /* … and that no restart need read, as written */
    size_t emptied;   /* keys of the round before that were dealt with */
    uint64_t info_at; /* ms: when a key came by INFO */
    bool asked;       /* for the log, and no answer has come … */
    bool again;       /* … to be asked again then */
    bool behind;      /* those of before our start wait for a listener */
    struct timer settle;
};

/** Whether the far side is there; times in ms. */
struct fs_watch {
    struct timer timer;
    uint64_t packets; /* that had come at the last look */
    uint64_t heard;   /* when the last came */
    uint64_t asked;   /* when it was sent what it must answer, 0: was not */
};

struct fs_leg {
    struct fs_leg *next_by_number, *next_by_uuid;
    struct freeswitch *fs;
    struct fs_node *node;
    engine_leg number;
    engine_leg peer; /* that it was bridged with, or dialled for */
    char uuid[ESL_UUID_MAX];
    char call[ENGINE_CALL_ID_MAX];
    char call_id[256];      /* SIP Call-ID, "" while unknown */
    enum media_codec codec; /* that it speaks or prefers … */
    bool codec_known;       /* … if this says so */
    bool inbound;
    bool jigasi;   /* its far side is Jigasi, not a participant */
    bool dialling; /* its originate is under way */
    bool ringing;
    bool answered; /* and ready for commands: told */
    bool joined;   /* it is to be bridged with peer */
    bool bridged;
    bool killed; /* by us */
    bool muted;  /* its far side is not to be heard */
    bool wide;   /* hears more than 8 kHz */
    bool listed; /* by the synchronisation under way */
    bool alone;  /* dialled before our start for one that is gone */
    bool steady; /* silence is mixed into its audio: fs_codecs_steady() */
    unsigned kills;
    struct fs_watch watch;
    bool early; /* FreeSWITCH answered before it was asked to */
    struct timer kill, answer;
    struct fs_queued *queue;
    size_t n_queue;
    struct fs_player player;
    struct collector *keys;
    unsigned plays; /* of collections that have not ended, and the answer */
    struct fs_keylog keylog;
};

struct fs_legs {
    struct fs_leg **by_number, **by_uuid;
    size_t n, slots;
};

int fs_legs_init(struct fs_legs *ls);
void fs_legs_reset(struct fs_legs *ls);
struct fs_leg *fs_leg_find(const struct freeswitch *fs, engine_leg number);
struct fs_leg *fs_leg_find_uuid(const struct freeswitch *fs, const char *uuid);

/** Make a leg and put it into the table. @return NULL without memory. */
struct fs_leg *fs_leg_alloc(struct fs_node *node, const char *uuid,
                            bool inbound);

/** Take it out of the table and free it; its lists end untold. */
void fs_leg_free(struct fs_leg *leg);

typedef void fs_leg_h(struct fs_leg *leg, void *arg);

/** Call h for every leg of a node, NULL for all; it may free that leg. */
void fs_legs_each(struct freeswitch *fs, const struct fs_node *node,
                  fs_leg_h *h, void *arg);

/** A fresh random UUID (RFC 4122, version 4). */
void fs_uuid(char *buf, size_t size);

/**
 * Queue an API command at a leg: words up to a NULL. It runs when those
 * before it have run. One that holds what is no word is logged and dropped.
 */
void fs_leg_send(struct fs_leg *leg, fs_sent_h *h, uint32_t serial,
                 const char *first, ...) __attribute__((sentinel));

/** The connection was lost: what was under way is sent again … */
void fs_leg_unsend(struct fs_leg *leg);

/** … when it is there again. */
void fs_leg_resend(struct fs_leg *leg);

/** Let the channel execute an application, by sendmsg. */
void fs_leg_execute(struct fs_leg *leg, const char *app, const char *arg);

/** End the channel; again and again where it does not exist yet. */
void fs_leg_kill(struct fs_leg *leg, const char *cause);

/** End a channel that was told to end, with a status of its own, if that does
 *  not come to pass. */
void fs_leg_kill_soon(struct fs_leg *leg);

/** Set a channel variable; value is encoded where needed. */
void fs_leg_set(struct fs_leg *leg, const char *name, const char *value);

/** The leg is over: told, freed. */
void fs_leg_gone(struct fs_leg *leg, enum engine_end end, unsigned status,
                 unsigned cause, const char *reason);

/** It rings: told, once. */
void fs_leg_ringing(struct fs_leg *leg);

/** It was answered, ready for commands: told; what waited goes on. */
void fs_leg_answered(struct fs_leg *leg);

void fs_leg_bridged(struct fs_leg *leg, struct fs_leg *peer);

/* ---- prompts and keys ---- */

void fs_play(struct fs_leg *leg, const struct engine_play *p);
void fs_play_stop(struct fs_leg *leg);
void fs_play_ready(struct fs_leg *leg); /* answered, bridged, or left */
void fs_play_stopped(struct fs_leg *leg, const char *path);
void fs_play_resume(struct fs_leg *leg); /* after a lost connection */

/** A prompt of an earlier program plays: it ends in peace, or is stopped as
 *  one of ours. */
void fs_play_adopt(struct fs_leg *leg, const char *path);

/** Nothing plays any more: the meeting is heard again. */
void fs_play_release(struct fs_leg *leg);

/** Neither the leg nor the meeting is muted or lowered any more. */
void fs_audio_stop(struct fs_leg *leg);
void fs_play_free(struct fs_leg *leg);

int fs_keys_alloc(struct fs_leg *leg);
void fs_keys_free(struct fs_leg *leg);
void fs_keys_answered(struct fs_leg *leg);
void fs_keys_played(struct fs_leg *leg);
void fs_keys_collect(struct fs_leg *leg, const struct engine_collect *c);

/** A collection was given up: what was keyed counts no more. */
void fs_keys_collect_stop(struct fs_leg *leg);

void fs_keys_bind(struct fs_leg *leg, const char *const *sequences, size_t n,
                  uint32_t inter_ms);

/** A key came that is in no log. The leg may be gone afterwards. */
void fs_keys_key(struct fs_leg *leg, char key);

/** The same by INFO: FreeSWITCH may write it into the log as well. */
void fs_keys_info(struct fs_leg *leg, char key);

/* ---- the log of keys ---- */

/** Let FreeSWITCH write it; the channel must be there. */
void fs_keylog_start(struct fs_leg *leg);

/** It has grown: read what is new. */
void fs_keylog_grown(struct fs_leg *leg);

/** What the channel says about it, of a leg from before our start. */
void fs_keylog_adopt(struct fs_leg *leg, const struct esl_event *ev);

/** Deal with what is new in it. The leg may be gone afterwards. */
void fs_keylog_read(struct fs_leg *leg, const struct esl_event *ev);

/** The answer that was asked for will not come. */
void fs_keylog_unask(struct fs_leg *leg);

/** Nothing that was read up to here is needed again, but for the last ones
 *  that began a sequence. */
void fs_keylog_done(struct fs_leg *leg, size_t started);

/* ---- is anybody there ---- */

/** Watch an answered leg for silence: of Jigasi 10 s, of a participant
 *  JIGATE_MEDIA_TIMEOUT. One that also gives no answer is ended. */
void fs_watch_start(struct fs_leg *leg);

/** Whether a leg that ends now was silent and gave no answer. */
bool fs_watch_lost(const struct fs_leg *leg);

/** Go on after a lost connection, which takes answers with it. */
void fs_watch_resume(struct fs_leg *leg);

/* ---- dialling ---- */

engine_leg fs_dial(struct freeswitch *fs, const struct engine_dial *d);

/* ---- nodes ---- */

struct fs_contact {
    char uri[FS_URI_MAX]; /* its id, too */
    enum engine_side side;
    char user[64];
    bool reachable;
    bool told;
    bool seen;
    uint64_t order;
    uint64_t believe_until; /* an event told, the list may lag */
};

/** A channel that a synchronisation found. */
struct fs_found {
    struct fs_found *next;
    char uuid[ESL_UUID_MAX];
    char *dump;   /* header lines as of an event; NULL when it is gone */
    bool unknown; /* not answered: neither there nor gone */
    bool adopted; /* made a leg just now */
    char playing[FS_PATH_MAX]; /* a prompt, or FS_SILENCE; "" for nothing */
};

/** FreeSWITCH's gateway that registers at the trunk. */
struct fs_trunk {
    char state[16];  /* in FreeSWITCH's words, "" without one */
    unsigned status; /* of the last attempt that failed, 0: not known */
    char phrase[FS_PHRASE_MAX];
    char told[512]; /* "" for nothing yet */
};

struct fs_node {
    struct freeswitch *fs;
    unsigned index;
    struct esl_client *esl;
    bool up;          /* told */
    unsigned waiting; /* answers that a synchronisation waits for */
    bool again;       /* another one is due after it */
    bool fresh;       /* it is the first one of this connection */
    struct fs_found *found;
    struct timer timer; /* next audit, or the end of patience */
    uint32_t audit_ms;  /* between this one and the last */
    struct timer refresh_timer;
    struct fs_contact *contacts;
    size_t n_contacts, contacts_size;
    uint64_t n_orders;
    bool full_told;  /* that there is no room for more contacts */
    bool running[2]; /* profiles, by enum engine_side */
    bool running_told[2];
    struct fs_trunk trunk;
    uint64_t sequence;  /* of the last event */
    uint32_t uptime;    /* FreeSWITCH's clock in ms, modulo 2^32 … */
    uint64_t uptime_at; /* … when ours showed this; 0: not known */
};

int fs_node_alloc(struct fs_node **np, struct freeswitch *fs, unsigned index,
                  const char *host, unsigned port);
void fs_node_free(struct fs_node *node);
void fs_node_start(struct fs_node *node);

/** Send an API command; h as esl_client_send_job(). */
int fs_node_send(struct fs_node *node, const char *line, uint32_t timeout_ms,
                 esl_done_h *h, void *arg, uint64_t ref);

/** Read everything back from FreeSWITCH. fresh: nothing is known for sure
 *  since the connection was lost. */
void fs_sync(struct fs_node *node, bool fresh);
void fs_sync_forget(struct fs_node *node);

/** What a dump of a channel tells: whether a 180 or 183 came, whether it was
 *  answered, and with which leg it is bridged, NULL for none. */
bool fs_is_ringing(const struct esl_event *ev);
bool fs_is_answered(const struct esl_event *ev);
struct fs_leg *fs_bridged_to(struct freeswitch *fs,
                             const struct esl_event *ev);

/** Of the channels found those that are no legs yet become such, and are told
 *  of: calls of before our start, or whose events were lost. */
void fs_adopt(struct fs_node *node);

/** A prompt ended at a channel that is no leg yet. */
void fs_sync_played(struct fs_node *node, const char *uuid, const char *path);

/** FreeSWITCH's clock now: ms, modulo 2^32. @return false: not known. */
bool fs_node_clock(const struct fs_node *node, uint32_t *ms);

/** Ask for contacts, profiles and gateways soon. */
void fs_refresh(struct fs_node *node);

/** The answers to that, and telling what changed. */
void fs_contacts_read(struct fs_node *node, enum engine_side side,
                      struct slice xml);
void fs_status_read(struct fs_node *node, struct slice xml);
void fs_status_tell(struct fs_node *node);

/** A CUSTOM event of sofia: a registration came, went, or answers. */
void fs_contacts_event(struct fs_node *node, const struct esl_event *ev);

/** The gateway's state as sofia's status and its events of it say it; those
 *  have the answer to a REGISTER, too. */
void fs_trunk_read(struct fs_node *node, const char *state);
void fs_trunk_event(struct fs_node *node, const struct esl_event *ev);

/** Tell whether the trunk is registered, or why not, when that is new. */
void fs_trunk_tell(struct fs_node *node);

/* ---- events ---- */

/** An event from the event socket. */
void fs_event_h(const struct esl_event *ev, void *arg);

/** A call came in: what its channel says about it. */
struct fs_offer {
    struct engine_offer offer;
    char to[1024], to_host[256], name[256], number[256], address[64];
};

/** @return whether the channel is a call for us. */
bool fs_offer_read(struct fs_offer *o, const struct fs_leg *leg,
                   const struct esl_event *ev);

/**
 * A channel that came by no dialplan of ours is ended: for an INVITE with
 * Replaces (RFC 3891) FreeSWITCH makes one up, named "inline".
 * @return whether it is such a one.
 */
bool fs_offer_is_uninvited(struct fs_node *node, const char *uuid,
                           const struct esl_event *ev);

struct sdp_error_info;

/** @return why a call's offer of audio cannot be answered, NULL: it can. */
const struct sdp_error_info *fs_sdp_refused(const struct fs_leg *leg,
                                            const struct esl_event *ev);

/** Whether the far side holds: in its last description no audio of ours is
 *  wanted, or there is no address to send it to (RFC 3264 section 8.4). */
bool fs_sdp_holds(struct slice sdp);

/** Prepare a channel that came in: variables of ours. */
void fs_offer_prepare(struct fs_leg *leg);

/* ---- codecs (fs_codecs.c) ---- */

enum { FS_CODECS_MAX = 32 }; /* room for all four names */

/** Learn a leg's codec: what it agreed on, or else prefers. */
void fs_codecs_learn(struct fs_leg *leg, const struct esl_event *ev);

/**
 * What a leg that is dialled is offered, in FreeSWITCH's words: toward Jigasi
 * what the policy says, toward a participant all that we speak, the codec of
 * the leg it is dialled for before the others.
 *
 * @param jigasi       JIGATE_JIGASI_CODECS.
 * @param participant  Dialled for; NULL for nobody.
 */
void fs_codecs(char out[static FS_CODECS_MAX],
               const struct codec_policy *jigasi,
               const struct fs_leg *participant);

/**
 * Keep G.722 toward the participant of two legs in step. While a leg's audio
 * is mixed or muted, FreeSWITCH 1.10 sets up its codecs anew, within a
 * sentence, after each packet that is late at the leg it is bridged with
 * (SSF_WRITE_CODEC_RESET in its core). G.711 and Opus do not mind; a G.722
 * decoder that was not set up along with its encoder makes a bang of it. It
 * does not happen where that other leg's audio is worked on all the time:
 * silence is mixed into what Jigasi sends.
 *
 * To be called whenever the two were bridged; either may be Jigasi's.
 */
void fs_codecs_steady(struct fs_leg *leg, struct fs_leg *peer);

/** How a channel ended, as its CHANNEL_HANGUP says. */
void fs_hangup(struct fs_leg *leg, const struct esl_event *ev);

/* ---- the engine ---- */

/** An event that a command led to: told from the loop. */
struct fs_post {
    struct fs_post *next;
    struct engine_event ev;
};

struct freeswitch {
    struct engine engine; /* first */
    const struct config *cfg;
    struct codec_policy codecs; /* toward Jigasi */
    struct event_base *base;
    struct timers *timers;
    struct log *log;
    engine_event_h *h;
    void *arg;
    struct fs_node *nodes[FS_NODES_MAX];
    size_t n_nodes;
    struct fs_legs legs;
    engine_leg last_leg;
    struct event *post_event;
    struct fs_post *posts, **posts_tail;
    struct esl_command command; /* the one under construction */
};

extern const struct engine_ops fs_ops;

void fs_tell(struct freeswitch *fs, const struct engine_event *ev);

/** From the loop; texts of the event must be constants. */
void fs_tell_later(struct freeswitch *fs, const struct engine_event *ev);

/** Forget the events that wait, and free the engine. */
void fs_posts_free(struct freeswitch *fs);

#endif
