/**
 * Private to the SIP thread: its state, its legs, and how its files call
 * each other. One thread owns all of this; it is reached by commands
 * (command.h) and tells by reports (report.h).
 *
 * Call flow of a leg through the files: ua_receive.c (front door) or a
 * command → ua_uas.c / ua_uac.c (until the call is up) → ua_dialog.c,
 * ua_info.c, ua_timer.c, ua_probe.c (while it is up) → ua_leg.c (end).
 */
#ifndef ENGINE_EMBEDDED_UA_H
#define ENGINE_EMBEDDED_UA_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/timer.h"
#include "base/utf8.h"
#include "config/config.h"
#include "base/netlist.h"
#include "engine/embedded/command.h"
#include "engine/embedded/digest.h"
#include "engine/embedded/header.h"
#include "engine/embedded/leg_table.h"
#include "engine/embedded/media/media.h"
#include "engine/embedded/registrar.h"
#include "engine/embedded/sip_guard.h"
#include "engine/embedded/tls/tls_client.h"
#include "engine/embedded/tls/tls_front.h"
#include "engine/engine.h"
#include "engine/sdp/codec_policy.h"
#include "engine/sdp/sdp.h"

struct ua_side;
struct ua_leg;
struct ua_request;
struct ua_ping;
struct ua_sdp;
struct ua_invite;
struct trunk;

#define SU_ROOT_MAGIC_T      struct ua
#define SU_WAKEUP_ARG_T      struct ua
#define NTA_AGENT_MAGIC_T    struct ua_side
#define NTA_LEG_MAGIC_T      struct ua_leg
#define NTA_INCOMING_MAGIC_T struct ua_leg
#define NTA_OUTGOING_MAGIC_T void

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport_tag.h>

enum {
    UA_MESSAGE_MAX = 65536,    /* bytes of a message */
    UA_TCP_PAUSE_MS = 10000,   /* within a message on a connection */
    UA_CONTACT_MAX = 128,      /* our Contact */
    UA_ROUTE_MAX = 96,         /* "sip:[address]:port;transport=tcp" */
    UA_SESSION_MIN_S = 90,     /* Min-SE (RFC 4028 section 5) */
    UA_STOP_MS = 2000,         /* for goodbyes at the end */
    UA_OPTIONS_WAIT_MS = 5000, /* for an answer to OPTIONS */
    UA_JIGASI_SILENCE_MS = 10000,
};

/** Methods we take. */
#define UA_ALLOW                                                              \
    "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, REGISTER, UPDATE, PRACK"
#define UA_SUPPORTED "timer, 100rel"
#define UA_AGENT     "jigate"
#define UA_MIN_SE    "90"
/** Seconds, with 503: no RTP port, or about to stop. */
#define UA_RETRY_AFTER "5"

/** Sides as SIP has them: the engine's two, phones that come by TLS, and a
 *  trunk that we reach by TLS. */
enum { UA_TLS = ENGINE_INTERNAL + 1, UA_TRUNK, UA_SIDES };

/** A side: one address, UDP and TCP; UA_TLS and UA_TRUNK: TLS. */
struct ua_side {
    struct ua *ua;
    enum engine_side which;
    /* What is between the world and agent: */
    struct tls_front *front;   /* UA_TLS, … */
    struct tls_client *client; /* … UA_TRUNK, … */
    msg_mclass_t messages;     /* … who its messages come from, … */
    char outer_host[ADDRESS_TEXT_SIZE]; /* … and what Via says then */
    char outer_port[8];
    nta_agent_t *agent;
    struct sip_guard *guard;
    const char *ip;         /* bound */
    const char *advertised; /* outside of the local networks */
    unsigned port;
    unsigned inner_port; /* UA_TLS: of agent, on 127.0.0.1 */
    enum sdp_srtp srtp;  /* audio of its legs */
};

struct ua {
    const struct config *cfg;
    struct log *log;
    struct media *media;
    struct mailbox *in;  /* struct command */
    struct mailbox *out; /* struct report */
    su_root_t *root;
    su_home_t home[1];
    sip_supported_t *supported; /* option tags: UA_SUPPORTED */
    struct timers *timers;
    struct ua_side sides[UA_SIDES];
    struct digest *digest;
    struct registrar *registrar;
    struct netlist *trusted;
    struct netlist *local;      /* where the advertised address is not told */
    struct codec_policy codecs; /* JIGATE_JIGASI_CODECS */
    struct leg_table *legs;
    struct ua_ping *pings;
    struct trunk *trunk; /* NULL: none */
    struct timer registrar_timer;
    struct timer store_timer;
    uint64_t stored_at;
    struct timer stop_timer;
    struct timer tcp_timer;
    DIR *descriptors;             /* of the process: /proc/self/fd */
    size_t tcp_connections;       /* at the last look */
    size_t tcp_crowd;             /* more are many */
    struct ua_tcp_seen *tcp_seen; /* by descriptor */
    size_t n_tcp_seen;
    uint64_t session_id; /* random part of o= lines */
    uint8_t tag_key[16]; /* of the To tags of stateless responses */
    bool stopping;
    bool done;
};

enum ua_state {
    UA_OFFERED,   /* INVITE received, no final response yet */
    UA_ANSWERING, /* 200 sent, waiting for the ACK */
    UA_CALLING,   /* INVITE sent, no final response yet */
    UA_UP,
    UA_ENDING, /* told as gone; goodbyes are on their way */
};

/** One dialog with its audio. */
struct ua_leg {
    struct ua *ua;
    struct ua_side *side;
    engine_leg number;
    char call[ENGINE_CALL_ID_MAX];
    enum ua_state state;
    bool told;           /* the main thread knows of it */
    struct report *last; /* that it is gone; NULL: was sent */
    bool fixed;          /* route stays: we called, or a proxy is between */
    bool offerless;      /* our 200 carried the offer */
    bool ringing;        /* ENGINE_RINGING was told, … */
    bool early;          /* … also that its audio is there */
    bool proceeding;     /* a provisional response to our INVITE came */
    bool cancel;         /* CANCEL is to be sent as soon as one came */
    bool can_update;     /* the far side allows UPDATE */
    bool reinviting;     /* a re-INVITE of ours is under way */
    bool leaving;        /* BYE sent … */
    uint8_t byes;        /* … and could not be, so often */
    bool trunk; /* the far side is the trunk, which may challenge us */
    nta_leg_t *dialog;
    nta_incoming_t *invite_in;   /* INVITE or re-INVITE without its ACK */
    nta_outgoing_t *invite_out;  /* ours without its final response … */
    struct ua_invite *invite;    /* … and what it is made of */
    uint32_t invite_cseq;        /* of the INVITE that awaits its ACK */
    struct ua_request *requests; /* ours without a final response */
    char route[UA_ROUTE_MAX];    /* where to send, "" as the dialog says */
    char contact[UA_CONTACT_MAX];
    struct sdp_local local;
    struct ua_sdp *sdp;         /* offers and answers so far */
    struct media_session audio; /* agreed; remote without family: not yet */
    char reason[HEADER_TEXT_MAX + 32]; /* Reason of a BYE to be sent */
    /* session timer, RFC 4028; 0: none */
    uint32_t session_s;
    bool session_ours;        /* we refresh */
    uint8_t session_failures; /* refreshes refused in a row */
    struct timer session_timer;
    /* silence */
    struct timer probe_timer;
    bool probing;   /* by OPTIONS … */
    uint8_t probes; /* … which could not be sent, so often */
    bool silent;    /* it answers OPTIONS; logged */
};

/** Now on the thread's clock (ms, monotonic), and on the wall's. */
uint64_t ua_now(void);
uint64_t ua_wall(void);

/** timer_start(); a failure is logged. */
void ua_timer(struct ua *ua, struct timer *t, uint64_t delay, timer_h *h,
              void *arg);

/** Tell the main thread. */
void ua_tell(struct ua *ua, const struct engine_event *ev);

/** A URL as text, as nta takes it. */
static inline const url_string_t *ua_url(const char *text)
{
    return (const url_string_t *)(const void *)text;
}

/** 64 random bits. */
uint64_t ua_random(void);

/* ---- ua_side.c ---- */

/** Bind a side's sockets; 0 or an errno value (logged). */
int ua_side_open(struct ua_side *side);
void ua_side_close(struct ua_side *side);

/** The address that a peer is told: advertised, or the bound one inside the
 *  local networks. */
const char *ua_side_address(const struct ua_side *side,
                            const struct sockaddr *peer);

/** Our Contact toward a peer. */
void ua_side_contact(const struct ua_side *side, const struct sockaddr *peer,
                     bool tcp, char out[UA_CONTACT_MAX]);

/** URI of a place to send to. */
void ua_side_route(const struct ua_side *side, const struct sockaddr *to,
                   bool tcp, char out[UA_ROUTE_MAX]);

/** Whether the side is UA_TLS or UA_TRUNK. Then requests always go on the
 *  connection that there is, whatever the far side says of its address. */
bool ua_side_is_tls(const struct ua_side *side);

/** Whether it is UA_TRUNK: nobody is there but the trunk. */
bool ua_side_is_trunk(const struct ua_side *side);

/** An agent at this one address; NULL when that cannot be. messages: how
 *  what comes is read, NULL for SIP as such. */
nta_agent_t *ua_side_agent(struct ua_side *side, const char *url,
                           const msg_mclass_t *messages);

/** An address as it stands in a URL: IPv6 in brackets. Returns out. */
const char *ua_side_bracketed(const char *ip, char *out, size_t size);

/** The side that a registered contact is reached by. */
struct ua_side *ua_side_of(struct ua *ua, const struct registrar_binding *b);

/** Where a message came from. */
const struct sockaddr *ua_source(msg_t *msg);
bool ua_is_tcp(const sip_t *sip);

/* ---- ua_tls.c ---- */

/** ua_side_open() of UA_TLS and UA_TRUNK. */
int ua_tls_open(struct ua_side *side);
void ua_tls_close(struct ua_side *side);

/** Whom the stack's peer on loopback stands for, and the other way round;
 *  false: there is no such connection. */
bool ua_tls_outer(const struct ua_side *side, const struct sockaddr *inner,
                  struct sockaddr_storage *outer);
bool ua_tls_inner(const struct ua_side *side, const struct sockaddr *outer,
                  struct sockaddr_storage *inner);

/** Whether the stack has taken the connection from this inner address. */
bool ua_tls_is_taken(const struct ua_side *side,
                     const struct sockaddr_in *inner);

/** UA_TRUNK has a new connection, from this port: Via and Contact say so. */
void ua_tls_port(struct ua_side *side, unsigned port);

/** Whether a message came by TLS, by a connection that is there still. Then
 *  its source is the outer one. */
bool ua_tls_is_ours(const struct ua_side *side, msg_t *msg);

/** Who sent this has a call or a registration now: where it came by TLS, its
 *  connection is not given up for a stranger's. */
void ua_tls_keep(const struct ua_side *side, msg_t *msg);

/* ---- ua_tcp.c: idle and dribbling connections are shut ---- */
void ua_tcp_start(struct ua *ua);
void ua_tcp_stop(struct ua *ua);

/* ---- ua_receive.c: requests that no dialog or transaction knows ---- */
int ua_receive(struct ua_side *side, nta_agent_t *agent, msg_t *msg,
               sip_t *sip);

/** Reply without keeping state; takes msg. */
void ua_reply(struct ua_side *side, msg_t *msg, sip_t *sip, int status,
              const char *phrase, tag_type_t tag, tag_value_t value, ...);

/** One line for fail2ban. */
void ua_log_rejected(struct ua_side *side, msg_t *msg, const sip_t *sip,
                     const char *reason, const char *user);

/* ---- ua_auth.c ---- */
enum ua_auth {
    UA_AUTH_OK,   /* user is set */
    UA_AUTH_NONE, /* no credentials for our realm */
    UA_AUTH_DONE, /* wrong ones: answered or dropped, msg is taken */
};

/** Check digest credentials. */
enum ua_auth ua_authenticate(struct ua_side *side, msg_t *msg, sip_t *sip,
                             const char **user);

/** Challenge, or drop; takes msg. */
void ua_challenge(struct ua_side *side, msg_t *msg, sip_t *sip);

/* ---- ua_register.c ---- */
int ua_register_start(struct ua *ua);
void ua_register_tell_all(struct ua *ua);
void ua_register_stop(struct ua *ua);
void ua_register(struct ua_side *side, msg_t *msg, sip_t *sip);

/* ---- ua_ping.c: OPTIONS to contacts ---- */
void ua_ping(struct ua *ua, const struct registrar_binding *b);
void ua_ping_stop(struct ua *ua);

/* ---- ua_leg.c ---- */

/** Make a leg in a state, find it, and let it go. */
int ua_leg_alloc(struct ua_leg **lp, struct ua_side *side, engine_leg number,
                 const char *call, enum ua_state state);
void ua_leg_free(struct ua_leg *leg);

/** Open the audio port and say where it is; 0, EAGAIN: none left, or
 *  another errno value. */
int ua_leg_open_media(struct ua_leg *leg, const struct sockaddr *peer);

/** Tell media what was agreed. */
void ua_leg_media(struct ua_leg *leg);

/** Watch for silence, by what was agreed. */
void ua_leg_watch(struct ua_leg *leg);

/** Tell ENGINE_GONE, close the audio. What is left of the leg says its
 *  goodbyes: the caller's to start. */
void ua_leg_gone(struct ua_leg *leg, enum engine_end end, unsigned status,
                 unsigned cause, const char *reason);

/** BYE, once; then the leg is freed. Must be gone already. */
void ua_leg_bye(struct ua_leg *leg);

/** The connection to the trunk broke, where the leg's far side was: what it
 *  was asked is not answered any more. A leg_table_h. */
void ua_leg_cut_h(void *record, void *arg);

/** We are registered at the trunk over another connection: where the leg's
 *  far side is there, it is told. A leg_table_h. */
void ua_leg_moved_h(void *record, void *arg);

/** End a leg by our own wish, whatever its state. */
void ua_leg_hangup(struct ua_leg *leg, unsigned cause, const char *text);

/** Cause and text of a Reason header; 0 and "" when there is none. */
void ua_leg_reason(const sip_t *sip, unsigned *cause, char *text, size_t size);

/* ---- ua_request.c: requests of ours in a dialog ---- */

/** Handler of the final response; the request is freed after it. It may free
 *  the leg. */
typedef void ua_response_h(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                           const sip_t *sip);

/** Send a request in the leg's dialog; h may be NULL. 0 or ENOMEM. */
int ua_leg_request(struct ua_leg *leg, ua_response_h *h, sip_method_t method,
                   const char *name, tag_type_t tag, tag_value_t value, ...);

/** Forget those that wait for a response. */
void ua_request_free_all(struct ua_leg *leg);

/** None will come to those of this leg: as if each were answered by a 503 of
 *  our own stack. The leg may be freed by it. */
void ua_request_lost_all(struct ua *ua, engine_leg number);

/** Whether, as its response tells, a request did not reach the trunk because
 *  the connection there is broken, which is opened anew. */
bool ua_request_unsent(const struct ua_leg *leg, int status, const sip_t *sip);

/** Where the leg's requests are to be sent; NULL: as the dialog says. */
const url_string_t *ua_leg_route(struct ua_leg *leg);

/* ---- ua_sdp.c: sdp.h for a leg; bodies are taken from the message ---- */
enum sdp_error ua_sdp_answer(struct ua_leg *leg, const sip_t *sip);
enum sdp_error ua_sdp_offer(struct ua_leg *leg);
enum sdp_error ua_sdp_accept(struct ua_leg *leg, const sip_t *sip);

/** Take an answer for as long as none is final: the one of the 200 counts,
 *  for a provisional one may be lost, or be of another that rings as well
 *  (RFC 3261 section 13.2.1). */
enum sdp_error ua_sdp_preview(struct ua_leg *leg, const sip_t *sip);
void ua_sdp_withdraw(struct ua_leg *leg);

/** What we said last, to be sent as body. Valid until the next of these. */
const char *ua_sdp_text(const struct ua_leg *leg);

/** Forget all of it, keys above all. */
void ua_sdp_free(struct ua_leg *leg);
bool ua_has_body(const sip_t *sip);

/* ---- ua_uas.c, ua_uac.c ---- */
void ua_uas_invite(struct ua_side *side, msg_t *msg, sip_t *sip,
                   enum engine_source source, const char *user);
void ua_uas_ring(struct ua_leg *leg);
void ua_uas_progress(struct ua_leg *leg);
void ua_uas_answer(struct ua_leg *leg);
void ua_uas_reject(struct ua_leg *leg, unsigned status, const char *phrase,
                   unsigned retry_after_s);
int ua_uas_ack_h(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip);

void ua_uac_dial(struct ua *ua, const struct command *c);
void ua_uac_invite_free(struct ua_invite *inv);

/** CANCEL, now or once a provisional response came (RFC 3261 section 9.1).
 *  The INVITE's final response is awaited all the same. */
void ua_uac_cancel(struct ua_leg *leg);
void ua_uac_ack(struct ua_leg *leg, uint32_t cseq);

/* ---- ua_dialog.c, ua_info.c: requests inside a dialog ---- */
int ua_dialog_request_h(struct ua_leg *leg, nta_leg_t *dialog,
                        nta_incoming_t *irq, const sip_t *sip);

/** A later offer may use any codec, the one agreed before others: the other
 *  leg may have been made to fit it. */
void ua_dialog_keep_codec(struct ua_leg *leg);

/** Take the far side's Contact and route after a target refresh. */
void ua_dialog_target(struct ua_leg *leg, msg_t *msg, const sip_t *sip);
int ua_info_received(struct ua_leg *leg, nta_incoming_t *irq,
                     const sip_t *sip);
void ua_info_send(struct ua_leg *leg, const char *type, const char *body,
                  size_t len);

/* ---- ua_timer.c: session timers, RFC 4028 ---- */

/** Whether the Session-Expires of an INVITE or UPDATE is to be answered by
 *  422 with Min-SE: UA_SESSION_MIN_S. */
bool ua_timer_too_brief(const sip_t *sip);

/** Take the Session-Expires of a request that gets a 2xx; one that is
 *  refused changes nothing (RFC 3261 section 14.2). */
void ua_timer_receive(struct ua_leg *leg, const sip_t *sip);

/** What our 2xx says about it: the value of Session-Expires, "" for none,
 *  and whether "Require: timer" goes with it. */
bool ua_timer_header(const struct ua_leg *leg, char *out, size_t size);

/** Refresh now, also where there is no timer: our Contact is another (RFC 3261
 *  section 12.2.1). */
void ua_timer_refresh(struct ua_leg *leg);

/** (Re)start, after a 2xx was sent. */
void ua_timer_run(struct ua_leg *leg);

/* ---- ua_probe.c: is a silent far side still there? ---- */
void ua_probe_silent(struct ua_leg *leg);
void ua_probe_alive(struct ua_leg *leg);

#endif
