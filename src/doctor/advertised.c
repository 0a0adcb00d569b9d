/* The address that phones are told to send their audio to. */
#include <ifaddrs.h>
#include <string.h>

#include "base/address.h"
#include "doctor/address_kind.h"
#include "doctor/checkup.h"

#define EXT_IP "FREESWITCH_EXTERNAL_EXT_IP"

/* A phone that is registered from beyond every NAT, or NULL. */
static const char *phone_from_outside(const struct checkup *c)
{
    for (size_t i = 0; i < c->n_contacts; i++)
        if (!c->contacts[i].jigasi && c->contacts[i].expires_at > c->now &&
            address_kind(c->contacts[i].address) == ADDRESS_PUBLIC)
            return c->contacts[i].address;
    return NULL;
}

/* Name of the interface of this machine that has the address; false: none. */
static bool interface_of(const char *ip, char *name, size_t size)
{
    struct ifaddrs *list;
    bool is_there = false;

    if (getifaddrs(&list))
        return false;
    for (const struct ifaddrs *i = list; i && !is_there; i = i->ifa_next) {
        char text[ADDRESS_IP_SIZE];

        is_there =
            i->ifa_addr && strcmp(address_ip(i->ifa_addr, text), ip) == 0;
        if (is_there)
            snprintf(name, size, "%s", i->ifa_name);
    }
    freeifaddrs(list);
    return is_there;
}

/* Phones are told the address that we have. */
static void look_at_own(struct checkup *c, const char *ip,
                        enum address_kind kind)
{
    const char *phone = phone_from_outside(c);

    if (kind == ADDRESS_PUBLIC) {
        found(c, FOUND_OK,
              "phones are told %s, a public address of this "
              "machine",
              ip);
    } else if (kind == ADDRESS_LOOPBACK) {
        found(c, FOUND_WARNING,
              "phones are told %s: only those of this machine hear anybody",
              ip);
        advise(c, "Set FREESWITCH_EXTERNAL_IP to the address that phones "
                  "reach, or to interface:ipv4/ and the interface's name.");
    } else if (phone) {
        found(c, FOUND_FAULT,
              "a phone is registered from %s, but phones are told %s, %s: "
              "that one hears nobody",
              phone, ip, address_kind_text(kind));
        advise(c,
               "Set " EXT_IP " to the public address, and forward the SIP "
               "port and the audio ports from there to %s.",
               ip);
    } else {
        found(c, FOUND_WARNING,
              "phones are told %s, %s: those outside of this network, and a "
              "provider, hear nobody",
              ip, address_kind_text(kind));
        advise(c, "Set " EXT_IP " to the public address if calls come from "
                  "outside; with phones inside only, all is well.");
    }
}

/* Phones are told another address than ours. */
static void look_at_other(struct checkup *c, const char *ip, const char *own)
{
    enum address_kind kind = address_kind(ip), ours = address_kind(own);
    const char *phone = phone_from_outside(c);
    char name[32];

    if (c->cfg->engine == CONFIG_ENGINE_EMBEDDED &&
        interface_of(ip, name, sizeof(name))) {
        found(c, FOUND_FAULT,
              EXT_IP " is %s, the address of %s on this machine, but audio "
                     "is taken at %s alone",
              ip, name, own);
        advise(c, "Set FREESWITCH_EXTERNAL_IP to %s and leave " EXT_IP " out.",
               ip);
    } else if (address_is_inside(kind) && ours == ADDRESS_PUBLIC) {
        found(c, FOUND_FAULT,
              EXT_IP " is %s, %s, while this machine's own %s is public", ip,
              address_kind_text(kind), own);
        advise(c, "Leave " EXT_IP " out.");
    } else if (address_is_inside(kind)) {
        found(c, phone ? FOUND_FAULT : FOUND_WARNING,
              EXT_IP " is %s, %s: phones beyond it, such as one from %s, "
                     "hear nobody",
              ip, address_kind_text(kind), phone ? phone : "the internet");
        advise(c, "Set it to the address by which the world reaches this "
                  "gateway.");
    } else if (ours == ADDRESS_PUBLIC) {
        found(c, FOUND_WARNING,
              EXT_IP " is %s, while this machine has the public address %s "
                     "itself",
              ip, own);
        advise(c, "Leave " EXT_IP " out, unless a NAT between public "
                  "addresses is meant.");
    } else {
        found(c, FOUND_OK,
              "phones are told %s, a public address; it must be "
              "forwarded to %s",
              ip, ours == ADDRESS_NONE ? "FreeSWITCH" : own);
    }
}

void check_address(struct checkup *c)
{
    const char *ip = c->cfg->external_ext_ip, *own = c->cfg->external_ip;
    enum address_kind kind = address_kind(ip);

    if (!*ip) {
        found(c, FOUND_WARNING,
              EXT_IP " is not set: FreeSWITCH tells phones "
                     "its own address, in a container a private "
                     "one");
        advise(c, "Set it to the address by which phones reach FreeSWITCH.");
    } else if (kind == ADDRESS_NONE) {
        found(c, FOUND_OK, "phones are told the address of %s", ip);
    } else if (strcmp(ip, own) == 0) {
        look_at_own(c, ip, kind);
    } else if (kind == ADDRESS_LOOPBACK || kind == ADDRESS_LINK_LOCAL ||
               kind == ADDRESS_DOCUMENTATION || kind == ADDRESS_NO_HOST) {
        found(c, FOUND_FAULT, "phones are told %s, %s: nobody hears anybody",
              ip, address_kind_text(kind));
        advise(c, "Set " EXT_IP " to the address by which phones reach this "
                  "gateway, or leave it out where there is no NAT.");
    } else {
        look_at_other(c, ip, own);
    }
}
