/**
 * Settings. One table (config/table.c) holds every variable with its type,
 * range, default and help text; it drives reading, checking, --help, the
 * sample environment file and the manual.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"

enum config_engine { CONFIG_ENGINE_EMBEDDED, CONFIG_ENGINE_FREESWITCH };
enum config_answer { CONFIG_ANSWER_EARLY, CONFIG_ANSWER_ON_JOIN };
enum config_prompt_mix { CONFIG_PROMPT_REPLACE, CONFIG_PROMPT_DUCK };
/** Whether phones' audio is encrypted. */
enum config_srtp {
    CONFIG_SRTP_OFF,
    CONFIG_SRTP_OPTIONAL,
    CONFIG_SRTP_MANDATORY,
};

enum config_trunk { CONFIG_TRUNK_IVR, CONFIG_TRUNK_NUMBER };
enum config_transport { CONFIG_UDP, CONFIG_TCP, CONFIG_TLS };
enum config_caller_name {
    CONFIG_NAME_FULL,
    CONFIG_NAME_MASKED,
    CONFIG_NAME_NUMBER,
    CONFIG_NAME_NONE,
};

/** All settings, valid after config_load() returned 0. Texts are never
 *  NULL; an unset one is "". Durations are in the unit of their name. */
struct config {
    /* program */
    enum config_engine engine; /* JIGATE_ENGINE: auto resolved */
    enum log_level log_level;  /* LOG_LEVEL */
    char *state_dir;           /* JIGATE_STATE_DIR */
    char *sounds_dir;          /* JIGATE_SOUNDS_DIR: holds en/, … */
    char *language;            /* JIGATE_LANGUAGE, "en" */
    char *rest_address;        /* JIGATE_REST_ADDRESS, 127.0.0.1 */
    unsigned rest_port;        /* REST_PORT, 8080 */

    /* who may call */
    char *registration_user;     /* FREESWITCH_REGISTRATION_USERNAME */
    char *registration_password; /* FREESWITCH_REGISTRATION_PASSWORD */
    char *trusted_networks;      /* JIGATE_TRUSTED_NETWORKS, CIDR list */
    bool anonymous_calls;        /* JIGATE_ANONYMOUS_CALLS */
    unsigned max_calls;          /* JIGATE_MAX_CALLS, 0 = ports decide */
    unsigned opus_complexity;    /* JIGATE_OPUS_COMPLEXITY, 0 to 10 */
    unsigned media_threads;      /* JIGATE_MEDIA_THREADS, 0 = one a core */

    /* external side */
    enum config_srtp srtp;      /* FREESWITCH_SRTP */
    unsigned tls_port;          /* FREESWITCH_TLS_PORT, 0 = no TLS */
    char *tls_dir;              /* FREESWITCH_TLS_DIR */
    char *external_ip;          /* FREESWITCH_EXTERNAL_IP, resolved */
    char *external_ext_ip;      /* FREESWITCH_EXTERNAL_EXT_IP, resolved */
    unsigned external_sip_port; /* FREESWITCH_EXTERNAL_SIP_PORT */
    char *local_network_acl;    /* FREESWITCH_LOCAL_NETWORK_ACL */
    unsigned rtp_start_port;    /* FREESWITCH_RTP_START_PORT */
    unsigned rtp_end_port;      /* FREESWITCH_RTP_END_PORT */

    /* internal side: Jigasi */
    char *jigasi_uri;                 /* JIGASI_SIP_URI */
    char *jigasi_user;                /* its user part */
    char *sip_domain;                 /* its host part: domain of all users */
    char *jigasi_server;              /* JIGASI_SIP_SERVER */
    char *jigasi_password;            /* JIGASI_SIP_PASSWORD */
    char *internal_ip;                /* FREESWITCH_INTERNAL_IP, resolved */
    unsigned internal_sip_port;       /* JIGASI_SIP_PORT, resolved */
    unsigned internal_rtp_start_port; /* JIGATE_INTERNAL_RTP_START_PORT */
    unsigned internal_rtp_end_port;   /* JIGATE_INTERNAL_RTP_END_PORT */
    bool jigasi_srtp;                 /* JIGASI_ENABLE_SDES_SRTP */
    char *jigasi_codecs;              /* JIGATE_JIGASI_CODECS */
    bool jigasi_extended;             /* JIGASI_EXTENDED dialect */

    /* FreeSWITCH engine */
    char *freeswitch_server;     /* FREESWITCH_SERVER */
    unsigned esl_port;           /* FREESWITCH_ESL_PORT */
    char *esl_password;          /* FREESWITCH_ESL_PASSWORD */
    char *freeswitch_sounds_dir; /* JIGATE_FREESWITCH_SOUNDS_DIR */

    /* trunk */
    char *trunk_server;                    /* SIPGW_SIP_SERVER */
    unsigned trunk_port;                   /* SIPGW_SIP_PORT, 0: by DNS */
    char *trunk_domain;                    /* SIPGW_SIP_DOMAIN */
    char *trunk_user;                      /* SIPGW_SIP_USERNAME */
    char *trunk_password;                  /* SIPGW_SIP_PASSWORD */
    enum config_transport trunk_transport; /* SIPGW_SIP_TRANSPORT */
    char *trunk_ca_file;                   /* SIPGW_SIP_CA_FILE */
    enum config_trunk trunk_destination;   /* JIGATE_TRUNK_DESTINATION */
    char *dialout_allow;                   /* JIGATE_DIALOUT_ALLOW */
    char *dialout_caller_id;               /* JIGATE_DIALOUT_CALLER_ID */
    unsigned dialout_max_calls; /* JIGATE_DIALOUT_MAX_CALLS, 0 = none */

    /* meetings */
    char *ivr_number;           /* FREESWITCH_IVR_DESTINATION */
    char *meeting_lookup;       /* JIGATE_MEETING_LOOKUP */
    char *meeting_lookup_token; /* JIGATE_MEETING_LOOKUP_TOKEN */
    char *xmpp_domain;          /* XMPP_DOMAIN */
    char *xmpp_muc_domain;      /* XMPP_MUC_DOMAIN */
    char *header_room;          /* JIGATE_HEADER_ROOM … */
    char *header_domain_base;
    char *header_password;
    char *header_token;
    char *header_tenant;
    char *header_visitor;

    /* the call */
    enum config_answer answer;           /* JIGATE_ANSWER */
    enum config_prompt_mix prompt_mix;   /* JIGATE_PROMPT_MIX */
    enum config_caller_name caller_name; /* JIGATE_CALLER_NAME */
    char *keys;                          /* JIGATE_KEYS */
    unsigned retry_interval_s;           /* JIGATE_RETRY_INTERVAL, 30 */
    unsigned max_wait_min;               /* JIGATE_MAX_WAIT, 60 */
    unsigned media_timeout_s;            /* JIGATE_MEDIA_TIMEOUT, 60 */
    unsigned max_call_duration_min; /* JIGATE_MAX_CALL_DURATION, 0 = none */
    unsigned drain_timeout_s;       /* JIGATE_DRAIN_TIMEOUT */
};

/**
 * Read all settings: environment file first (may be NULL), then the
 * environment, which wins; then NAME_FILE and $CREDENTIALS_DIRECTORY for
 * secrets. All faults are told, one line each, with the variable's name;
 * values of secrets are never told.
 *
 * @param cfg      Filled in; free with config_reset(), on failure too.
 * @param file     Path of an environment file, or NULL.
 * @param env      NULL-terminated "NAME=value" list.
 * @param report   Where faults and warnings are told.
 * @return 0, or EINVAL when there was at least one fault.
 */
int config_load(struct config *cfg, const char *file, char *const *env,
                FILE *report);
void config_reset(struct config *cfg);

/** Calls that a range of audio ports [first, last] carries: RTP takes the
 *  even ones, those above are RTCP's. */
unsigned config_calls_of(unsigned first, unsigned last);

/** Whether this user could keep state in the folder, which need not be there
 *  yet: the folder above it is then asked. Nothing is made or written.
 *  @return 0, or an errno value that says why not. */
int config_state_dir_try(const char *dir);

/** Print the settings table for --help. */
void config_help(FILE *out);

/** Print a commented sample environment file (jigate.env). */
void config_sample(FILE *out);

#endif
