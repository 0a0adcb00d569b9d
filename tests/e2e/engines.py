"""What is one engine's own. Every scenario runs on both engines but these,
which look at something that the other does not do itself; there they are
deselected, and said to be."""

GUARD = ("embedded", "who is let in is FreeSWITCH's to say: it answers wrong "
         "credentials with 403 each time and logs them; fail2ban bans")

FRONT = ("embedded", "its TLS is Jigate's own; FreeSWITCH's, which sends no "
         "chain, has its tests in tests/freeswitch")
AGREED_LATE = ("embedded", "FreeSWITCH looks at the offer when it answers: "
               "Jigasi has been called by then")
MANDATORY = ("embedded", "with FREESWITCH_SRTP=mandatory FreeSWITCH hands on "
             "no audio of the phone yet: see the manual's limits")
LENGTHS = ("embedded", "FreeSWITCH sends packets of 20 ms, or as long as "
           "those that it gets: see the manual's limits")

OWN = {
    "test_codecs.py::test_packets_as_long_as_wished": LENGTHS,
    "test_tls.py::test_a_call_over_tls": FRONT,
    "test_tls.py::test_a_phone_that_expects_another_name_goes_away": FRONT,
    "test_tls.py::test_the_chain_is_sent_and_a_renewed_certificate_taken":
        FRONT,
    "test_tls.py::test_old_tls_and_no_tls_are_refused": FRONT,
    "test_tls.py::test_idle_handshakes_do_not_keep_others_out": FRONT,
    "test_srtp.py::test_where_srtp_is_off_it_is_refused": AGREED_LATE,
    "test_srtp.py::test_where_srtp_is_mandatory_plain_audio_is_refused":
        MANDATORY,
    "test_sip.py::test_wrong_password_is_challenged_three_times": GUARD,
    "test_sip.py::test_an_unknown_caller_gets_one_challenge_then_nothing":
        GUARD,
}


def is_for(engine, name):
    """Whether a scenario, "file::test", runs on an engine; and why not."""
    own, reason = OWN.get(name.split("[")[0], (engine, ""))
    return own == engine, reason
