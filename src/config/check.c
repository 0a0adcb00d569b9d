#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/address.h"
#include "config/setting.h"

/* Names of two settings for a fault text. */
#define NAME(member) setting_at(offsetof(struct config, member))->name

struct range {
    const char *first_name, *last_name;
    unsigned first, last;
};

struct sip_port {
    const char *name;
    const char *ip;
    unsigned port;
};

static void check_passwords(const struct config *cfg, struct faults *f)
{
    const struct {
        const char *name, *password, *user;
    } row[] = {
        {NAME(registration_password), cfg->registration_password,
         cfg->registration_user},
        {NAME(jigasi_password), cfg->jigasi_password, cfg->jigasi_user},
        {NAME(esl_password), cfg->esl_password, ""},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        const char *weak = *row[i].password
                               ? secret_weakness(row[i].password, row[i].user)
                               : NULL;

        if (weak)
            fault(f,
                  "%s: expected a password that nobody guesses, but %s; "
                  "take what \"openssl rand -hex 16\" prints",
                  row[i].name, weak);
    }
    if (*cfg->jigasi_password &&
        strcmp(cfg->jigasi_password, cfg->registration_password) == 0)
        fault_warn(f,
                   "%s and %s are the same: whoever has a phone's password "
                   "could register as Jigasi",
                   NAME(jigasi_password), NAME(registration_password));
}

static void check_users(const struct config *cfg, struct faults *f)
{
    if (strcmp(cfg->registration_user, cfg->jigasi_user) == 0)
        fault(f,
              "%s: expected another user than that of %s, got \"%s\" for "
              "both",
              NAME(registration_user), NAME(jigasi_uri), cfg->jigasi_user);
}

/* Header names are compared without regard to case (RFC 3261 section
 * 7.3.1). */
static void check_headers(const struct config *cfg, struct faults *f)
{
    const struct {
        const char *name, *header;
    } row[] = {
        {NAME(header_room), cfg->header_room},
        {NAME(header_domain_base), cfg->header_domain_base},
        {NAME(header_password), cfg->header_password},
        {NAME(header_token), cfg->header_token},
        {NAME(header_tenant), cfg->header_tenant},
        {NAME(header_visitor), cfg->header_visitor},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
        for (size_t k = 0; k < i; k++)
            if (strcasecmp(row[i].header, row[k].header) == 0)
                fault(f,
                      "%s: expected another header than that of %s, got "
                      "\"%s\" for both",
                      row[i].name, row[k].name, row[i].header);
}

static void check_range(const struct range *r, struct faults *f)
{
    if (r->last <= r->first)
        fault(f, "%s: expected a port above %s, got %u after %u", r->last_name,
              r->first_name, r->last, r->first);
    else if (r->last - r->first < 3)
        fault(f, "%s: expected 4 ports at least, got %u to %u", r->last_name,
              r->first, r->last);
}

static void check_ports(const struct config *cfg, struct faults *f)
{
    const struct range ranges[] = {
        {NAME(rtp_start_port), NAME(rtp_end_port), cfg->rtp_start_port,
         cfg->rtp_end_port},
        {NAME(internal_rtp_start_port), NAME(internal_rtp_end_port),
         cfg->internal_rtp_start_port, cfg->internal_rtp_end_port},
    };
    const struct sip_port ports[] = {
        {NAME(external_sip_port), cfg->external_ip, cfg->external_sip_port},
        {NAME(internal_sip_port), cfg->internal_ip, cfg->internal_sip_port},
    };

    check_range(&ranges[0], f);
    check_range(&ranges[1], f);
    if (ranges[0].first <= ranges[1].last && ranges[1].first <= ranges[0].last)
        fault(f,
              "%s: the audio ports of Jigasi, %u to %u, overlap those of "
              "phones, %u to %u; keep them apart",
              ranges[1].first_name, ranges[1].first, ranges[1].last,
              ranges[0].first, ranges[0].last);
    for (size_t i = 0; i < 4; i++) {
        const struct sip_port *p = &ports[i / 2];
        const struct range *r = &ranges[i % 2];

        if (p->port >= r->first && p->port <= r->last)
            fault(f,
                  "%s: %u lies among the audio ports %s to %s, %u to %u; "
                  "choose one outside",
                  p->name, p->port, r->first_name, r->last_name, r->first,
                  r->last);
    }
    if (ports[0].port == ports[1].port &&
        strcmp(ports[0].ip, ports[1].ip) == 0)
        fault(f,
              "%s: expected another port than %s, for both sides share "
              "the address %s; got %u for both",
              ports[1].name, ports[0].name, ports[0].ip, ports[0].port);
    for (size_t i = 0; i < 2; i++)
        if (ports[i].port == cfg->rest_port &&
            (strcmp(ports[i].ip, cfg->rest_address) == 0 ||
             address_is_any_ip(cfg->rest_address)))
            fault(f,
                  "%s: expected another port than %s (SIP over TCP), got "
                  "%u for both",
                  NAME(rest_port), ports[i].name, cfg->rest_port);
}

unsigned config_calls_of(unsigned first, unsigned last)
{
    first += first % 2;
    return last >= first ? (last - first) / 2 + 1 : 0;
}

static void check_room(const struct config *cfg, struct faults *f)
{
    unsigned phones = config_calls_of(cfg->rtp_start_port, cfg->rtp_end_port);
    unsigned jigasi = config_calls_of(cfg->internal_rtp_start_port,
                                      cfg->internal_rtp_end_port);
    bool short_of_phones = phones < jigasi;

    if (cfg->max_calls > (short_of_phones ? phones : jigasi))
        fault_warn(f,
                   "%s: %u calls want %u audio ports a side; %s to %s hold "
                   "%u calls",
                   NAME(max_calls), cfg->max_calls, 2 * cfg->max_calls,
                   short_of_phones ? NAME(rtp_start_port)
                                   : NAME(internal_rtp_start_port),
                   short_of_phones ? NAME(rtp_end_port)
                                   : NAME(internal_rtp_end_port),
                   short_of_phones ? phones : jigasi);
}

static void check_families(const struct config *cfg, struct faults *f)
{
    bool v6 = strchr(cfg->external_ip, ':');

    if (address_is_ip(cfg->external_ip) &&
        address_is_ip(cfg->external_ext_ip) &&
        v6 != (strchr(cfg->external_ext_ip, ':') != NULL))
        fault(f,
              "%s: expected an address of the family of %s (%s), got "
              "\"%s\"",
              NAME(external_ext_ip), NAME(external_ip), cfg->external_ip,
              cfg->external_ext_ip);
}

static void check_acl(const struct config *cfg, struct faults *f)
{
    const struct setting *s =
        setting_at(offsetof(struct config, local_network_acl));

    if (!kind_networks.valid(cfg->local_network_acl))
        fault(f, "%s: expected %s, got \"%s\"", s->name, s->kind->expected,
              cfg->local_network_acl);
}

static void check_folders(const struct config *cfg, struct faults *f)
{
    char path[2048];

    snprintf(path, sizeof(path), "%s/%s", cfg->sounds_dir, cfg->language);
    if (access(path, R_OK | X_OK))
        fault(f,
              "%s: expected the folder with the prompts of "
              "JIGATE_LANGUAGE, got none at %s",
              NAME(sounds_dir), path);
}

static void check_ca(const struct config *cfg, struct faults *f)
{
    if (*cfg->trunk_ca_file && access(cfg->trunk_ca_file, R_OK))
        fault(f, "%s: expected a file that can be read, got \"%s\": %s",
              NAME(trunk_ca_file), cfg->trunk_ca_file, strerror(errno));
}

static void check_risks(const struct config *cfg, struct faults *f)
{
    if (cfg->anonymous_calls)
        fault_warn(f,
                   "%s: everyone who reaches %s port %u can call into your "
                   "meetings",
                   NAME(anonymous_calls), cfg->external_ip,
                   cfg->external_sip_port);
    if (*cfg->dialout_allow && !*cfg->trunk_password)
        fault_warn(f, "%s: there is no trunk to dial through; %s makes one",
                   NAME(dialout_allow), NAME(trunk_password));
    if (strncmp(cfg->meeting_lookup, "http://", 7) == 0 &&
        *cfg->meeting_lookup_token)
        fault_warn(f, "%s: the token goes over http:// in clear text",
                   NAME(meeting_lookup_token));
}

void config_cross_check(const struct config *cfg, struct faults *f)
{
    check_passwords(cfg, f);
    check_users(cfg, f);
    check_headers(cfg, f);
    if (cfg->engine == CONFIG_ENGINE_EMBEDDED) {
        check_ports(cfg, f);
        check_room(cfg, f);
        check_families(cfg, f);
        check_acl(cfg, f);
        check_folders(cfg, f);
        check_ca(cfg, f);
        check_risks(cfg, f);
    }
}
