"""What is one engine's own. Every scenario runs on both engines but these,
which look at something that the other does not do itself; there they are
deselected, and said to be."""

GUARD = ("embedded", "who is let in is FreeSWITCH's to say: it answers wrong "
         "credentials with 403 each time and logs them; fail2ban bans")

RENEWED = ("embedded", "FreeSWITCH reads its certificate when it starts")
HANDSHAKES = ("embedded", "how many handshakes wait is counted by Jigate's own "
              "TLS; in FreeSWITCH none keeps another out")
ENDLESS = ("embedded", "FreeSWITCH keeps a connection whose message does not "
           "end; see the manual's limits")
PINGED = ("embedded", "in FreeSWITCH's own OPTIONS stands its own address; "
          "nobody calls what stands there")
CHANGED = ("embedded", "what a NAT changed is in FreeSWITCH's log")
FIGURES = ("embedded", "FreeSWITCH counts lost packets, and what reports "
           "tell it, for itself and does not hand it on: the log has no "
           "figures of its calls' audio")
KEPT = ("embedded", "FreeSWITCH sends nothing to a phone that holds; it learns "
        "the new port after the hold")
AFTER = ("embedded", "FreeSWITCH asks by a re-INVITE and does not tell of the "
         "answer: both ends of it are in test_waiting.py")
BESIDE = ("embedded", "keys beside RTP/AVP are answered by RTP/SAVP in "
          "FreeSWITCH, which phones need not take: where SRTP is mandatory "
          "such an offer is refused there")
LENGTHS = ("embedded", "FreeSWITCH sends packets of 20 ms, or as long as "
           "those that it gets: see the manual's limits")
REGISTRAR = ("embedded", "FreeSWITCH registers in its own way, with MD5 and "
             "under a Contact of its own: see tests/freeswitch")
TRUNK_TLS = ("embedded", "FreeSWITCH's starter refuses "
             "SIPGW_SIP_TRANSPORT=tls")
LOOKED_UP = ("embedded", "FreeSWITCH looks its gateways up by itself")
EARLY = ("embedded", "to FreeSWITCH a 183 counts as ringing: the meeting hears "
         "the far end when it answers")

OWN = {
    "test_trunk_tls.py": TRUNK_TLS,
    "test_trunk_dns.py": LOOKED_UP,
    "test_dialout.py::test_what_is_said_before_the_answer_is_heard": EARLY,
    "test_dialout.py::test_an_announcement_and_then_a_refusal": EARLY,
    "test_dialout.py::test_an_early_description_that_is_none_is_ringing": EARLY,
    "test_trunk_kamailio.py::test_calls_both_ways[tls]": TRUNK_TLS,
    "test_trunk_kamailio.py::test_an_encrypted_call_over_tls": TRUNK_TLS,
    **{f"test_trunk.py::{name}": REGISTRAR for name in (
        "test_it_registers_stays_so_and_leaves",
        "test_digests",
        "test_the_registrar_may_want_longer_times",
        "test_a_name_without_an_address_is_told",
        "test_one_nonce_for_registrations_and_calls",
        "test_a_call_before_the_registration_is_challenged",
        "test_credentials_are_given_to_the_trunk_alone",
        "test_a_200_of_a_stranger_registers_nothing")},
    "test_codecs.py::test_packets_as_long_as_wished": LENGTHS,
    "test_tls.py::test_a_renewed_certificate_is_taken": RENEWED,
    "test_tls.py::test_idle_handshakes_end_soon": HANDSHAKES,
    "test_tls.py::test_a_message_without_an_end_is_cut": ENDLESS,
    "test_nat.py::test_a_ping_names_the_outside_address": PINGED,
    "test_nat.py::test_what_the_nat_changed_is_logged": CHANGED,
    "test_nat.py::test_a_call_on_hold_keeps_its_port": KEPT,
    "test_nat.py::test_after_a_hold_silence_counts": AFTER,
    "test_rtcp.py::test_reports_tell_what_was_sent_and_heard": FIGURES,
    "test_rtcp.py::test_loss_and_round_trip_are_logged_per_leg": FIGURES,
    "test_rtcp.py::test_hostile_reports_are_counted": FIGURES,
    "test_rtcp.py::test_baresips_reports_are_understood": FIGURES,
    "test_ipv6.py::test_reports_over_ipv6_are_logged": FIGURES,
    "test_srtp.py::test_a_phone_that_encrypts_where_it_can_has_to": BESIDE,
    "test_sip.py::test_wrong_password_is_challenged_three_times": GUARD,
    "test_sip.py::test_an_unknown_caller_gets_one_challenge_then_nothing":
        GUARD,
}


def is_for(engine, name):
    """Whether a scenario, "file::test[parameters]", runs on an engine; and
    why not. A row is of one scenario, of all with its name, or of a file."""
    for row in (name, name.split("[")[0], name.split("::")[0]):
        if row in OWN:
            own, reason = OWN[row]
            return own == engine, reason
    return True, ""
