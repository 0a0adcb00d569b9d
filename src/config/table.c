#include "config/setting.h"

#include <stdint.h>
#include <string.h>

#ifndef JIGATE_DEFAULT_SOUNDS_DIR
#define JIGATE_DEFAULT_SOUNDS_DIR "/usr/share/jigate/sounds"
#endif

#define TEXT(member, bytes, what)                                             \
    .type = SETTING_TEXT, .offset = offsetof(struct config, member),          \
    .max = (bytes), .kind = (what)
#define NUMBER(member, least, most, of)                                       \
    .type = SETTING_NUMBER, .offset = offsetof(struct config, member),        \
    .min = (least), .max = (most), .unit = (of)
#define PORT(member)     NUMBER(member, 1, 65535, NULL)
#define RTP_PORT(member) NUMBER(member, 1024, 65535, NULL)
#define FLAG(member)                                                          \
    .type = SETTING_FLAG, .offset = offsetof(struct config, member)
#define CHOICE(member, list)                                                  \
    .type = SETTING_CHOICE, .offset = offsetof(struct config, member),        \
    .choices = (list)

#define ELSEWHERE .type = SETTING_ELSEWHERE, .offset = SIZE_MAX

enum { CONFIG_ENGINE_AUTO = CONFIG_ENGINE_FREESWITCH + 1 };

static const struct setting_choice engines[] = {
    {"auto", CONFIG_ENGINE_AUTO},
    {"embedded", CONFIG_ENGINE_EMBEDDED},
    {"freeswitch", CONFIG_ENGINE_FREESWITCH},
    {NULL, 0},
};

static const struct setting_choice levels[] = {
    {"error", LOG_ERROR}, {"warn", LOG_WARN}, {"info", LOG_INFO},
    {"debug", LOG_DEBUG}, {NULL, 0},
};

static const struct setting_choice answers[] = {
    {"early", CONFIG_ANSWER_EARLY},
    {"on-join", CONFIG_ANSWER_ON_JOIN},
    {NULL, 0},
};

static const struct setting_choice srtp[] = {
    {"off", CONFIG_SRTP_OFF},
    {"optional", CONFIG_SRTP_OPTIONAL},
    {"mandatory", CONFIG_SRTP_MANDATORY},
    {NULL, 0},
};

static const struct setting_choice prompt_mixes[] = {
    {"replace", CONFIG_PROMPT_REPLACE},
    {"duck", CONFIG_PROMPT_DUCK},
    {NULL, 0},
};

static const struct setting_choice trunk_destinations[] = {
    {"ivr", CONFIG_TRUNK_IVR},
    {"number", CONFIG_TRUNK_NUMBER},
    {NULL, 0},
};

static const struct setting_choice transports[] = {
    {"udp", CONFIG_UDP},
    {"tcp", CONFIG_TCP},
    {"tls", CONFIG_TLS},
    {NULL, 0},
};

static const struct setting_choice caller_names[] = {
    {"full", CONFIG_NAME_FULL},
    {"masked", CONFIG_NAME_MASKED},
    {"number", CONFIG_NAME_NUMBER},
    {"none", CONFIG_NAME_NONE},
    {NULL, 0},
};

const struct setting settings[] = {
    {"FREESWITCH_REGISTRATION_USERNAME", "FREESWITCH_REGISTRATION_USER",
     SECTION_PHONES, TEXT(registration_user, 64, &kind_user), .def = "user",
     .help = "The user that phones and PBXs register and call as."},
    {"FREESWITCH_REGISTRATION_PASSWORD", NULL, SECTION_PHONES,
     TEXT(registration_password, 128, NULL), .def = "",
     .flags = SETTING_SECRET | SETTING_OUR_PASSWORD | SETTING_NEED_EMBEDDED,
     .help = "That user's password."},
    {"JIGATE_TRUSTED_NETWORKS", NULL, SECTION_PHONES,
     TEXT(trusted_networks, 1024, &kind_networks), .def = "",
     .help = "Networks whose calls are taken without a password, such as a "
             "PBX's: 192.0.2.10, 10.1.0.0/16, 2001:db8::/32."},
    {"JIGATE_ANONYMOUS_CALLS", NULL, SECTION_PHONES, FLAG(anonymous_calls),
     .def = "false",
     .help = "Take calls from everyone who can reach the external SIP port. "
             "Expect scanners."},
    {"JIGATE_MAX_CALLS", NULL, SECTION_PHONES,
     NUMBER(max_calls, 0, 100000, "calls"), .def = "0",
     .help = "Calls at a time; one more is refused with 503. 0: as many as "
             "there are RTP ports."},

    {"JIGASI_SIP_PASSWORD", NULL, SECTION_JIGASI,
     TEXT(jigasi_password, 128, NULL), .def = "",
     .flags = SETTING_SECRET | SETTING_OUR_PASSWORD | SETTING_NEED_EMBEDDED,
     .help = "The password that Jigasi registers with; the same as in "
             "Jigasi's own settings."},
    {"JIGASI_SIP_URI", NULL, SECTION_JIGASI,
     TEXT(jigasi_uri, 255, &kind_sip_uri), .def = "jigasi@meet.jitsi",
     .help = "Jigasi's address of record. Its domain is that of all users."},
    {"JIGASI_SIP_SERVER", NULL, SECTION_JIGASI,
     TEXT(jigasi_server, 255, &kind_host), .def = "freeswitch.meet.jitsi",
     .help = "The host name that Jigasi registers at."},
    {"JIGASI_SIP_PORT", NULL, SECTION_JIGASI, PORT(internal_sip_port),
     .def = "", .def_told = "5060; 5070 where both sides share one address",
     .help = "SIP port of the internal side, UDP and TCP."},
    {"JIGASI_ENABLE_SDES_SRTP", NULL, SECTION_JIGASI, FLAG(jigasi_srtp),
     .def = "false",
     .help = "Encrypted audio toward Jigasi, always; as in Jigasi's own "
             "settings, where it is 0 or 1."},
    {"JIGATE_JIGASI_CODECS", NULL, SECTION_JIGASI,
     TEXT(jigasi_codecs, 64, &kind_codecs), .def = "caller,opus,pcmu,pcma",
     .help = "Codecs that Jigasi is offered, preferred first. caller: the "
             "caller's own before the others if it is one of them, so that "
             "audio need not be encoded anew. Jigasi as docker-jitsi-meet "
             "sets it up does not take g722."},
    {"JIGASI_EXTENDED", NULL, SECTION_JIGASI, FLAG(jigasi_extended),
     .def = "false",
     .help = "Jigasi speaks the extended dialect of INFO messages, which "
             "stock Jigasi lacks."},

    {"FREESWITCH_EXTERNAL_IP", NULL, SECTION_NETWORK,
     TEXT(external_ip, 128, &kind_address), .def = "",
     .def_told = "the address of the default route",
     .help = "Address of the external side: phones and trunk. An IP address, "
             "or interface:ipv4/eth0 or interface:ipv6/eth0 for that of an "
             "interface."},
    {"FREESWITCH_EXTERNAL_EXT_IP", NULL, SECTION_NETWORK,
     TEXT(external_ext_ip, 128, &kind_address), .def = "",
     .def_told = "FREESWITCH_EXTERNAL_IP",
     .help = "The address that phones are told, where NAT stands between."},
    {"FREESWITCH_EXTERNAL_SIP_PORT", NULL, SECTION_NETWORK,
     PORT(external_sip_port), .def = "5060",
     .help = "SIP port of the external side, UDP and TCP."},
    {"FREESWITCH_LOCAL_NETWORK_ACL", NULL, SECTION_NETWORK,
     TEXT(local_network_acl, 1024, &kind_acl), .def = "none",
     .help = "Networks that are told the real address instead of "
             "FREESWITCH_EXTERNAL_EXT_IP: none, rfc1918.auto, or a list as "
             "in JIGATE_TRUSTED_NETWORKS."},
    {"FREESWITCH_RTP_START_PORT", NULL, SECTION_NETWORK,
     RTP_PORT(rtp_start_port), .def = "20200",
     .help = "First UDP port for the audio of phones; a call takes two."},
    {"FREESWITCH_RTP_END_PORT", NULL, SECTION_NETWORK, RTP_PORT(rtp_end_port),
     .def = "20250", .help = "Last UDP port for the audio of phones."},
    {"FREESWITCH_TLS_PORT", NULL, SECTION_NETWORK,
     NUMBER(tls_port, 0, 65535, NULL), .def = "0",
     .help = "External SIP port over TLS, usually 5061. 0: no TLS."},
    {"FREESWITCH_TLS_DIR", NULL, SECTION_NETWORK,
     TEXT(tls_dir, 255, &kind_path), .def = "/etc/jigate/tls",
     .help = "Folder of agent.pem: private key, certificate and its chain. A "
             "renewed one is read without a restart."},
    {"FREESWITCH_SRTP", NULL, SECTION_NETWORK, CHOICE(srtp, srtp),
     .def = "optional",
     .help = "Encrypted audio (SRTP, keys by SDES) of phones and trunk. "
             "optional: where they ask for it. The keys are in SIP: use TLS."},
    {"FREESWITCH_INTERNAL_IP", NULL, SECTION_NETWORK,
     TEXT(internal_ip, 128, &kind_address), .def = "", .def_told = "127.0.0.1",
     .help = "Address of the internal side, where Jigasi registers. Written "
             "like FREESWITCH_EXTERNAL_IP."},
    {"JIGATE_INTERNAL_RTP_START_PORT", NULL, SECTION_NETWORK,
     RTP_PORT(internal_rtp_start_port), .def = "24000",
     .flags = SETTING_ONLY_EMBEDDED,
     .help = "First UDP port for the audio of Jigasi; a call takes two."},
    {"JIGATE_INTERNAL_RTP_END_PORT", NULL, SECTION_NETWORK,
     RTP_PORT(internal_rtp_end_port), .def = "25999",
     .flags = SETTING_ONLY_EMBEDDED,
     .help = "Last UDP port for the audio of Jigasi."},

    {"FREESWITCH_IVR_DESTINATION", NULL, SECTION_MEETINGS,
     TEXT(ivr_number, 64, &kind_number_called), .def = "1000",
     .help = "The number that asks for a meeting id. Any other number is a "
             "room, or room.domain."},
    {"JIGATE_MEETING_LOOKUP", NULL, SECTION_MEETINGS,
     TEXT(meeting_lookup, 2048, &kind_lookup), .def = "direct",
     .help = "Where meeting ids are looked up. direct: the digits are the "
             "room. Or the URL of a conference mapper, with {id} for the "
             "digits and {caller} for the caller's number: "
             "https://mapper.example.org/conferenceMapper?id={id}"},
    {"JIGATE_MEETING_LOOKUP_TOKEN", NULL, SECTION_MEETINGS,
     TEXT(meeting_lookup_token, SECRET_MAX, &kind_bearer), .def = "",
     .flags = SETTING_SECRET,
     .help = "Bearer token for the conference mapper."},
    {"XMPP_DOMAIN", NULL, SECTION_MEETINGS, TEXT(xmpp_domain, 255, &kind_host),
     .def = "",
     .help = "Jitsi's XMPP domain, told to Jigasi with rooms of a tenant. "
             "docker-jitsi-meet's is meet.jitsi."},
    {"XMPP_MUC_DOMAIN", NULL, SECTION_MEETINGS,
     TEXT(xmpp_muc_domain, 255, &kind_host), .def = "",
     .help = "Jitsi's XMPP domain of rooms. When set, rooms are told as "
             "room@domain. docker-jitsi-meet's is muc.meet.jitsi."},

    {"JIGATE_ANSWER", NULL, SECTION_CALLS, CHOICE(answer, answers),
     .def = "early",
     .help = "When a direct call to a room is answered. early: once Jigasi "
             "rings. on-join: once Jigasi has joined; until then the caller "
             "hears ringing."},
    {"JIGATE_CALLER_NAME", NULL, SECTION_CALLS,
     CHOICE(caller_name, caller_names), .def = "full",
     .help = "How callers appear in the meeting. full: name and number as "
             "they came. masked: without the last digits. number: the number "
             "only. none: Phone."},
    {"JIGATE_KEYS", NULL, SECTION_CALLS, TEXT(keys, 256, &kind_keys),
     .def = "*6=mute,*9=hand,*1=help,*0=status",
     .help = "What keys do in a meeting: mute, hand, help, status."},
    {"JIGATE_RETRY_INTERVAL", NULL, SECTION_CALLS,
     NUMBER(retry_interval_s, 1, 600, "seconds"), .def = "30",
     .help = "How often a meeting that has not started is tried again."},
    {"JIGATE_MAX_WAIT", NULL, SECTION_CALLS,
     NUMBER(max_wait_min, 1, 1440, "minutes"), .def = "60",
     .help = "How long a caller may wait for a meeting to start."},
    {"JIGATE_MEDIA_TIMEOUT", NULL, SECTION_CALLS,
     NUMBER(media_timeout_s, 1, 3600, "seconds"), .def = "60",
     .help = "A phone that sends no audio, and does not answer, for that "
             "long is hung up. A call on hold is not."},
    {"JIGATE_MAX_CALL_DURATION", NULL, SECTION_CALLS,
     NUMBER(max_call_duration_min, 0, 10080, "minutes"), .def = "0",
     .help = "Longest call; a minute before its end the caller is warned. "
             "0: no limit."},
    {"JIGATE_PROMPT_MIX", NULL, SECTION_CALLS,
     CHOICE(prompt_mix, prompt_mixes), .def = "replace",
     .help = "What a prompt does to the meeting's audio while it plays. "
             "replace: takes its place. duck: is heard over it, lowered by "
             "about 15 dB."},
    {"JIGATE_LANGUAGE", NULL, SECTION_CALLS,
     TEXT(language, 16, &kind_language), .def = "en",
     .help = "Language of the prompts."},

    {"SIPGW_SIP_SERVER", NULL, SECTION_TRUNK,
     TEXT(trunk_server, 255, &kind_host), .def = "sipgw.meet.jitsi",
     .help = "The SIP gateway or provider to register at; its calls are "
             "taken, and meetings may dial out through it."},
    {"SIPGW_SIP_PORT", NULL, SECTION_TRUNK, PORT(trunk_port), .def = "",
     .def_told = "5060; 5061 over TLS",
     .help =
         "Its SIP port. Where it is not set, the embedded engine looks SRV "
         "records up first."},
    {"SIPGW_SIP_TRANSPORT", NULL, SECTION_TRUNK,
     CHOICE(trunk_transport, transports), .def = "udp",
     .help = "How it is spoken to. tls: its certificate must be for "
             "SIPGW_SIP_SERVER; not with FreeSWITCH."},
    {"SIPGW_SIP_CA_FILE", NULL, SECTION_TRUNK,
     TEXT(trunk_ca_file, 255, &kind_path), .def = "",
     .def_told = "those of the system", .flags = SETTING_ONLY_EMBEDDED,
     .help = "Certificates (PEM) of the CAs that are trusted to say who the "
             "trunk is, over TLS."},
    {"SIPGW_SIP_DOMAIN", NULL, SECTION_TRUNK,
     TEXT(trunk_domain, 255, &kind_host), .def = "meet.jitsi",
     .help = "Its SIP domain."},
    {"SIPGW_SIP_USERNAME", NULL, SECTION_TRUNK,
     TEXT(trunk_user, 64, &kind_user), .def = "jigate",
     .help = "The user to register as."},
    {"SIPGW_SIP_PASSWORD", NULL, SECTION_TRUNK,
     TEXT(trunk_password, 128, NULL), .def = "", .flags = SETTING_SECRET,
     .help = "That user's password. Without it nothing is registered at."},
    {"JIGATE_TRUNK_DESTINATION", NULL, SECTION_TRUNK,
     CHOICE(trunk_destination, trunk_destinations), .def = "ivr",
     .help = "Where calls from the trunk go. ivr: they are asked for a "
             "meeting id. number: the number that they called is a room, as "
             "with phones."},
    {"JIGATE_DIALOUT_ALLOW", NULL, SECTION_TRUNK,
     TEXT(dialout_allow, 1024, &kind_prefixes), .def = "",
     .help = "What telephone numbers begin with that meetings may dial "
             "through the trunk, at your cost: +49, 030. None without it."},
    {"JIGATE_DIALOUT_CALLER_ID", NULL, SECTION_TRUNK,
     TEXT(dialout_caller_id, 32, &kind_telephone), .def = "",
     .def_told = "SIPGW_SIP_USERNAME",
     .help = "The number that those who are dialled see as the caller's."},
    {"JIGATE_DIALOUT_MAX_CALLS", NULL, SECTION_TRUNK,
     NUMBER(dialout_max_calls, 0, 100000, "calls"), .def = "10",
     .help = "Calls at a time that meetings have dialled through the trunk; "
             "one more is refused with 486. 0: no limit but "
             "JIGATE_MAX_CALLS."},

    {"JIGATE_HEADER_ROOM", NULL, SECTION_HEADERS,
     TEXT(header_room, 64, &kind_header), .def = "X-Room-Name",
     .help = "Names the room."},
    {"JIGATE_HEADER_DOMAIN_BASE", NULL, SECTION_HEADERS,
     TEXT(header_domain_base, 64, &kind_header), .def = "X-Domain-Base",
     .help = "Names the domain."},
    {"JIGATE_HEADER_PASSWORD", NULL, SECTION_HEADERS,
     TEXT(header_password, 64, &kind_header),
     .def = "Jitsi-Conference-Room-Pass",
     .help = "Carries the room's password."},
    {"JIGATE_HEADER_TOKEN", NULL, SECTION_HEADERS,
     TEXT(header_token, 64, &kind_header), .def = "Jitsi-Auth-Token",
     .help = "Carries a token (JWT) that the conference mapper gave."},
    {"JIGATE_HEADER_TENANT", NULL, SECTION_HEADERS,
     TEXT(header_tenant, 64, &kind_header),
     .def = "Jitsi-Conference-Domain-Tenant", .help = "Names the tenant."},
    {"JIGATE_HEADER_VISITOR", NULL, SECTION_HEADERS,
     TEXT(header_visitor, 64, &kind_header), .def = "Jitsi-Visitor",
     .help = "Joins as a visitor."},

    {"JIGATE_ENGINE", NULL, SECTION_PROGRAM, CHOICE(engine, engines),
     .def = "auto",
     .help = "What does SIP and audio. auto: embedded, unless "
             "FREESWITCH_SERVER is set."},
    {"LOG_LEVEL", NULL, SECTION_PROGRAM, CHOICE(log_level, levels),
     .def = "info", .help = "How much is logged, to the standard error."},
    {"REST_PORT", NULL, SECTION_PROGRAM, PORT(rest_port), .def = "8080",
     .help = "TCP port of GET /stats, /health and /ready."},
    {"JIGATE_REST_ADDRESS", NULL, SECTION_PROGRAM,
     TEXT(rest_address, 128, &kind_rest_address), .def = "127.0.0.1",
     .help = "Address of that port; 0.0.0.0 for all. It asks nobody for a "
             "password."},
    {"JIGATE_STATE_DIR", NULL, SECTION_PROGRAM,
     TEXT(state_dir, 1024, &kind_path), .def = "/var/lib/jigate",
     .def_told = "$STATE_DIRECTORY of systemd, else /var/lib/jigate",
     .help = "Where registrations are kept over a restart."},
    {"JIGATE_SOUNDS_DIR", NULL, SECTION_PROGRAM,
     TEXT(sounds_dir, 1024, &kind_path), .def = JIGATE_DEFAULT_SOUNDS_DIR,
     .help = "Where the prompts lie, a folder for each language in it."},
    {"JIGATE_MEDIA_THREADS", NULL, SECTION_PROGRAM,
     NUMBER(media_threads, 0, 256, "threads"), .def = "0",
     .flags = SETTING_ONLY_EMBEDDED,
     .help = "Threads that carry audio. 0: one for each core."},
    {"JIGATE_OPUS_COMPLEXITY", NULL, SECTION_PROGRAM,
     NUMBER(opus_complexity, 0, 10, NULL), .def = "5",
     .flags = SETTING_ONLY_EMBEDDED,
     .help = "Effort for the sound of Opus where audio is encoded anew: 10 "
             "sounds best, 0 carries the most calls. Lowered while a thread "
             "is busy for more than 80 % of the time."},
    {"JIGATE_DRAIN_TIMEOUT", NULL, SECTION_PROGRAM,
     NUMBER(drain_timeout_s, 0, 86400, "seconds"), .def = "300",
     .help = "How long calls may go on after SIGTERM. A second signal ends "
             "them at once."},

    {"FREESWITCH_SERVER", NULL, SECTION_FREESWITCH,
     TEXT(freeswitch_server, 1024, &kind_nodes), .def = "",
     .def_told = "localhost", .flags = SETTING_ONLY_FREESWITCH,
     .help = "Host of FreeSWITCH's event socket, or HOST:PORT; several "
             "FreeSWITCH servers are separated by commas."},
    {"FREESWITCH_ESL_PORT", NULL, SECTION_FREESWITCH, PORT(esl_port),
     .def = "8021", .flags = SETTING_ONLY_FREESWITCH, .help = "Its port."},
    {"FREESWITCH_ESL_PASSWORD", NULL, SECTION_FREESWITCH,
     TEXT(esl_password, 128, NULL), .def = "",
     .flags = SETTING_SECRET | SETTING_OUR_PASSWORD | SETTING_NEED_FREESWITCH |
              SETTING_ONLY_FREESWITCH,
     .help = "Its password."},
    {"JIGATE_FREESWITCH_SOUNDS_DIR", NULL, SECTION_FREESWITCH,
     TEXT(freeswitch_sounds_dir, 255, &kind_path),
     .def = "/usr/share/freeswitch/sounds/jigate",
     .flags = SETTING_ONLY_FREESWITCH,
     .help = "Where the prompts lie as FreeSWITCH sees it: "
             "LANGUAGE/8000/NAME.wav and LANGUAGE/16000/NAME.wav below."},
    {"FREESWITCH_ESL_ADDRESS", NULL, SECTION_FREESWITCH, ELSEWHERE, .def = "",
     .def_told = "FREESWITCH_INTERNAL_IP",
     .help = "Where FreeSWITCH's event socket listens."},
    {"FREESWITCH_ESL_ALLOWED", NULL, SECTION_FREESWITCH, ELSEWHERE, .def = "",
     .def_told = "the network of FREESWITCH_ESL_ADDRESS",
     .help = "Networks that may connect to it."},
    {"FREESWITCH_PARK_TIMEOUT", NULL, SECTION_FREESWITCH, ELSEWHERE,
     .def = "45",
     .help = "Seconds until FreeSWITCH refuses a call that jigate does not "
             "take."},
    {"FREESWITCH_SIP_TRACE", NULL, SECTION_FREESWITCH, ELSEWHERE,
     .def = "false",
     .help = "FreeSWITCH logs every SIP message, digests of passwords "
             "included."},
    {.name = NULL},
};

static const char *const section_names[SECTION_COUNT] = {
    [SECTION_PHONES] = "Who may call",
    [SECTION_JIGASI] = "Jigasi",
    [SECTION_NETWORK] = "Addresses and ports",
    [SECTION_MEETINGS] = "Meetings",
    [SECTION_CALLS] = "What a caller experiences",
    [SECTION_TRUNK] = "Trunk",
    [SECTION_HEADERS] = "Names of the headers that tell Jigasi",
    [SECTION_PROGRAM] = "The program",
    [SECTION_FREESWITCH] = "FreeSWITCH engine",
};

const char *setting_section_name(enum setting_section s)
{
    return section_names[s];
}

size_t settings_count(void)
{
    return sizeof(settings) / sizeof(*settings) - 1;
}

const struct setting *setting_at(size_t offset)
{
    const struct setting *s = settings;

    while (s->name && s->offset != offset)
        s++;
    return s;
}

const struct setting *setting_find(struct slice name, enum setting_form *form)
{
    static const char file[] = "_FILE";
    struct slice stem = name;

    if (name.len > strlen(file))
        stem.len -= strlen(file);
    for (const struct setting *s = settings; s->name; s++) {
        if (slice_is(name, s->name)) {
            *form = FORM_NAME;
            return s;
        }
        if (s->alias && slice_is(name, s->alias)) {
            *form = FORM_ALIAS;
            return s;
        }
        if (s->flags & SETTING_SECRET && slice_is(stem, s->name) &&
            memcmp(name.p + stem.len, file, strlen(file)) == 0) {
            *form = FORM_FILE;
            return s;
        }
    }
    return NULL;
}
