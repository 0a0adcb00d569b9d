#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "config/setting.h"

static bool is_set(const struct values *vs, size_t offset)
{
    return vs->v[setting_at(offset) - settings][FORM_NAME].text;
}

static int derive_engine(struct config *cfg, const struct values *vs)
{
    bool server = is_set(vs, offsetof(struct config, freeswitch_server));

    if (cfg->engine > CONFIG_ENGINE_FREESWITCH)
        cfg->engine =
            server ? CONFIG_ENGINE_FREESWITCH : CONFIG_ENGINE_EMBEDDED;
    return server ? 0 : config_set(&cfg->freeswitch_server, "localhost");
}

/* The URI has one @ with text on both sides: its kind has been checked. */
static int derive_jigasi(struct config *cfg)
{
    char *at;
    int err = config_set(&cfg->jigasi_user, cfg->jigasi_uri);

    if (err)
        return err;
    at = strchr(cfg->jigasi_user, '@');
    *at = '\0';
    return config_set(&cfg->sip_domain, at + 1);
}

/* systemd gives a list separated by colons: the first is meant. */
static int derive_state(struct config *cfg, const struct values *vs)
{
    char *colon;
    int err;

    if (is_set(vs, offsetof(struct config, state_dir)) || !vs->state)
        return 0;
    err = config_set(&cfg->state_dir, vs->state);
    if (err)
        return err;
    colon = strchr(cfg->state_dir, ':');
    if (colon)
        *colon = '\0';
    return 0;
}

static int resolve(char **ip, size_t offset, struct faults *f)
{
    const char *name = setting_at(offset)->name;
    char have[700] = "", *found = NULL;
    int err;

    if (!interface_is_spec(*ip))
        return 0;
    err = interface_address(&found, *ip, have, sizeof(have));
    if (!err)
        err = config_set(ip, found);
    else if (err == ENODEV)
        fault(f,
              "%s: expected an interface of this machine, got \"%s\"; "
              "there are: %s",
              name, *ip, have);
    else if (err == EADDRNOTAVAIL)
        fault(f,
              "%s: the interface of \"%s\" has no such address; there are: "
              "%s",
              name, *ip, have);
    else if (err != ENOMEM)
        fault(f, "%s: interfaces cannot be listed: %s", name, strerror(err));
    free(found);
    return err == ENOMEM ? err : 0;
}

static void check_local(const char *ip, size_t offset, struct faults *f)
{
    int err = address_is_ip(ip) ? address_try(ip, 0, SOCK_DGRAM) : 0;

    if (err)
        fault(f, "%s: expected an address of this machine, got \"%s\": %s",
              setting_at(offset)->name, ip, strerror(err));
}

static int derive_external(struct config *cfg, struct faults *f)
{
    char *ip = NULL;
    int err = 0;

    if (*cfg->external_ip)
        return resolve(&cfg->external_ip, offsetof(struct config, external_ip),
                       f);
    err = interface_default_address(&ip);
    if (err == ENETUNREACH)
        fault_warn(f, "FREESWITCH_EXTERNAL_IP: not set, and there is no "
                      "default route to take an address from; phones reach "
                      "127.0.0.1 only");
    if (!err || err == ENETUNREACH)
        err = config_set(&cfg->external_ip, ip ? ip : "127.0.0.1");
    free(ip);
    return err;
}

static int derive_addresses(struct config *cfg, struct faults *f)
{
    int err = derive_external(cfg, f);

    if (!err && !*cfg->internal_ip)
        err = config_set(&cfg->internal_ip, "127.0.0.1");
    if (!err)
        err = resolve(&cfg->internal_ip, offsetof(struct config, internal_ip),
                      f);
    if (!err && *cfg->external_ext_ip)
        err = resolve(&cfg->external_ext_ip,
                      offsetof(struct config, external_ext_ip), f);
    else if (!err)
        err = config_set(&cfg->external_ext_ip, cfg->external_ip);
    if (err)
        return err;
    check_local(cfg->external_ip, offsetof(struct config, external_ip), f);
    check_local(cfg->internal_ip, offsetof(struct config, internal_ip), f);
    return 0;
}

static void derive_sip_port(struct config *cfg)
{
    bool shared = strcmp(cfg->external_ip, cfg->internal_ip) == 0;

    if (!cfg->internal_sip_port)
        cfg->internal_sip_port =
            shared && cfg->external_sip_port != 5070 ? 5070 : 5060;
}

static void check_mandatory(const struct config *cfg, const struct values *vs,
                            struct faults *f)
{
    unsigned need = cfg->engine == CONFIG_ENGINE_EMBEDDED
                        ? SETTING_NEED_EMBEDDED
                        : SETTING_NEED_FREESWITCH;

    for (const struct setting *s = settings; s->name; s++) {
        const struct value *v = vs->v[s - settings];

        if (s->flags & need && !v[FORM_NAME].text && !v[FORM_FILE].text)
            fault(f,
                  "%s: expected a password, got none; set it, or "
                  "%s_FILE to the path of a file that holds it",
                  s->name, s->name);
    }
}

int config_derive(struct config *cfg, const struct values *vs,
                  struct faults *f)
{
    int err = derive_engine(cfg, vs);

    if (!err)
        err = derive_jigasi(cfg);
    if (!err)
        err = derive_state(cfg, vs);
    if (!err)
        err = resolve(&cfg->rest_address,
                      offsetof(struct config, rest_address), f);
    if (!err && cfg->engine == CONFIG_ENGINE_EMBEDDED)
        err = derive_addresses(cfg, f);
    if (err)
        return err;
    derive_sip_port(cfg);
    check_mandatory(cfg, vs, f);
    return 0;
}
